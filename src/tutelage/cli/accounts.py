"""The command that looks into the books: ledger."""

from __future__ import annotations

import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli.arguments import AsJson
from tutelage.cli.console import finish, note, say, show, tabulate
from tutelage.exceptions import UserError

if TYPE_CHECKING:
    from tutelage.store.ledger import Ledger
    from tutelage.store.ledger_reading import Total


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel="While and after it runs")(ledger)


def ledger(
    path: Annotated[
        str,
        typer.Argument(
            metavar="[PATH]", help="Ledger file, or a run; runs/ledger.sqlite where absent."
        ),
    ] = "",
    run: Annotated[str, typer.Option(help="Only what this run paid, was charged or lost.")] = "",
    failures: Annotated[
        bool, typer.Option("--failures", help="Also why requests were given up.")
    ] = False,
    settle: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="ID USD",
            help="Say what the bill shows for a sending without an answer: its number, or `all`, "
            "and dollars.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was bought and paid; settle it by the bill."""
    from tutelage.store.ledger import Ledger

    file, study = _place(path, run)
    if settle is not None:
        with Ledger.open(file) as book:
            _settle(book, study, *settle)
    with Ledger.open(file, read_only=True) as book:
        facts = _facts(book, file, study)
        if not as_json:
            _show(book, file, study, failures=failures)
    finish(facts, as_json=as_json)


def _place(path: str, run: str) -> tuple[Path, str]:
    """The ledger's file and the study to look at; empty for all."""
    from tutelage.study.archive import RUNS, find_run

    if run:
        past = find_run(run)
        return (Path(path) if path else past.ledger), str(past.about["id"])
    if path and not Path(path).is_file():
        past = find_run(path)
        return past.ledger, str(past.about["id"])
    file = Path(path) if path else RUNS / "ledger.sqlite"
    if not file.is_file():
        raise UserError(
            f"There is no ledger {file}.",
            "Nothing was bought here yet.",
            "Name the ledger, or a run: tutelage ledger RUN.",
        )
    return file, ""


def _settle(book: Ledger, study: str, which: str, usd: str) -> None:
    try:
        nanousd = int(Decimal(usd.lstrip("$")) * 1_000_000_000)
    except InvalidOperation as e:
        raise UserError(f"{usd!r} is no amount of dollars.", do="Write for example 0.25.") from e
    open_ = [presumed.id for presumed in book.presumed(study=study)]
    if which == "all":
        ids = open_
    elif which.isdecimal():
        ids = [int(which)]
    else:
        raise UserError(f"{which!r} is no sending.", do="Give its number from this list, or `all`.")
    if not ids:
        raise UserError("There is nothing to settle: every sending has its answer.")
    book.settle_presumed(ids, nanousd=nanousd, note="tutelage ledger --settle")
    note(f"Settled {len(ids)} sendings for ${Decimal(nanousd) / 1_000_000_000}.")


def _facts(book: Ledger, file: Path, study: str) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "ledger": str(file),
        "run": study,
        "accounts": [asdict(total) for total in book.totals(study=study)],
        "presumed": [asdict(one) for one in book.presumed(study=study)],
        "failures": [asdict(one) for one in book.failures(study=study)],
        "openings": [asdict(one) for one in book.openings()],
    }


def _show(book: Ledger, file: Path, study: str, *, failures: bool) -> None:
    from tutelage.store.caps import dollars

    totals = book.totals(study=study)
    say(f"{file}" + (f", run {study}" if study else ""), "bold")
    columns = ("run", "account", "seed", "turn", "replies", "tokens", "paid", "charged", "presumed")
    show(tabulate(columns, map(_line, totals), right=columns[2:]))
    paid = sum(total.paid.nanousd for total in totals)
    presumed = sum(total.presumed.nanousd for total in totals)
    say(f"Paid {dollars(paid)}; presumed paid beside that {dollars(presumed)}.")
    if unpriced := sum(total.unpriced for total in totals):
        note(f"{unpriced:,} replies had no known price and count as $0.", "yellow")
    open_ = book.presumed(study=study)
    if open_:
        say()
        say("Sent without an answer, and presumed paid until settled:")
        rows = [(p.id, p.account.arm, dollars(p.nanousd), p.tokens, p.why) for p in open_[:20]]
        show(tabulate(("id", "account", "at most", "tokens", "why"), rows))
        say("Settle with --settle ID USD, or --settle all USD, by what the bill shows.", "dim")
    if failures:
        say()
        _show_failures(book, study)


def _line(total: Total) -> tuple[object, ...]:
    from tutelage.store.caps import dollars

    account = total.account
    return (
        account.study,
        account.arm,
        account.purchase,
        account.turn + 1,
        f"{total.replies:,}",
        f"{total.paid.tokens:,}",
        dollars(total.paid.nanousd),
        dollars(total.charged.nanousd),
        dollars(total.presumed.nanousd) if total.presumed.requests else "",
    )


def _show_failures(book: Ledger, study: str) -> None:
    found = book.failures(study=study)
    if not found:
        say("No request was given up.")
        return
    rows = [
        (f.count, f.reason, time.strftime("%Y-%m-%d %H:%M", time.localtime(f.at)), f.latest[:300])
        for f in found
    ]
    show(tabulate(("requests", "reason", "latest", "as it came"), rows))
