"""Commands that look ahead: check, plan, preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli.arguments import (
    Arms,
    AsJson,
    Assignments,
    LedgerPath,
    Limit,
    Over,
    RecipeArgument,
)
from tutelage.cli.console import finish, note, say, show, tabulate, tell
from tutelage.cli.sweeps import plan_values

if TYPE_CHECKING:
    from tutelage.study.checking import Checkup
    from tutelage.study.pilot import Pilot
    from tutelage.study.plan_facts import ArmPlan, Plan
    from tutelage.study.previewing import Shown


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (check, plan, preview):
        app.command(rich_help_panel="Before it runs")(command)


# --- check ----------------------------------------------------------------------------------------


def check(
    recipe: RecipeArgument,
    assignments: Assignments = [],  # noqa: B006 - typer reads the default once
    limit: Limit = None,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Also try the endpoint with eight small requests; may cost a cent."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find what would stop a run, and what its test can show."""
    from tutelage import api

    loaded = api.load_recipe(recipe, assignments=assignments)
    report = api.check(loaded, limit=limit, online=online)
    for fault in report.faults:
        tell(fault)
    if not as_json:
        _show_report(report)
    if not report.ok:
        count = len(report.faults)
        note(f"{recipe}: {count} {'fault' if count == 1 else 'faults'} to mend.", "bold red")
    finish(report.to_facts(), as_json=as_json, code=0 if report.ok else 2)


def _show_report(report: Checkup) -> None:
    if report.task is not None:
        _show_gold(report)
        say()
        for line in _abilities(report):
            say(line)
    for warning in report.warnings:
        note(f"Warning: {warning}", "yellow")
    for online in (known.online for known in report.teachers if known.online is not None):
        say()
        say(f"{online.name} (served by {online.served_by or 'an unnamed model'}):")
        rows = [(f.name, "yes" if f.ok else "no", f.said) for f in online.findings]
        show(tabulate(("tried", "works", "seen"), rows))
    if report.ok:
        say()
        say(f"{report.source} is right.", "bold green")


def _show_gold(report: Checkup) -> None:
    assert report.task is not None
    labels = report.task.label_names
    shown = labels[:8]
    first = report.gold[0]
    folds = first["folds"]
    say(
        f"{report.recipe.name}: {report.task.kind} of {', '.join(report.task.fields)}"
        + (f", {len(labels)} labels" if labels else "")
        + (f", {folds} folds; the first one:" if folds > 1 else "")
    )
    rows = [
        (
            role,
            f"{first['rows'][role]:,}",
            *(f"{first['labels'][role][name]:,}" for name in shown),
            first["made"].get(role, ""),
        )
        for role in first["rows"]
        if first["rows"][role]
    ]
    columns = ("role", "rows", *shown, "made")
    show(tabulate(columns, rows, right=("rows", *shown)))
    if len(labels) > len(shown):
        say(f"and {len(labels) - len(shown)} labels more.", "dim")
    if report.unlabelled:
        say(f"Unlabelled text: {report.unlabelled}")


def _where(report: Checkup) -> str:
    if report.task is not None and report.task.kind == "generation":
        return "where they scatter by 15 points from row to row"
    return "at an accuracy of 50 %"


def _abilities(report: Checkup) -> list[str]:
    lines = []
    if (reach := report.reach) is not None:
        units = f"{reach.groups:,} independent groups (by {reach.by})" if reach.by else ""
        lines.append(
            f"With {units or f'{reach.rows:,} test rows'}, differences of "
            f"{100 * reach.smallest:.1f} points or more can be found (in 80 % of studies, "
            f"{_where(report)}); more seeds do not better that."
        )
    if (cut := report.cut) is not None and cut.limit is not None:
        if cut.share is None:
            lines.append(f"Rows beyond max_source {cut.limit}: not measured, {cut.why}.")
        else:
            lines.append(
                f"max_source {cut.limit} cuts {cut.share:.1%} of {cut.rows:,} train rows "
                f"(longest: {cut.longest} pieces)."
            )
    for known in report.teachers:
        called = known.called if known.called != "teacher" else "Teacher"
        lines.append(f"{called}: {known.name}, {_price(known.price, known.per_hour)}.")
    return lines


def _price(price: tuple[float, float] | None, per_hour: float) -> str:
    if per_hour:
        return f"${per_hour:g} an hour"
    if price is None:
        return "price unknown"
    if price == (0.0, 0.0):
        return "free of charge"
    return f"${price[0]:g} and ${price[1]:g} a million tokens in and out"


# --- plan -----------------------------------------------------------------------------------------


def plan(
    recipe: RecipeArgument,
    assignments: Assignments = [],  # noqa: B006
    limit: Limit = None,
    arm: Arms = [],  # noqa: B006
    ledger: LedgerPath = None,
    over: Over = "",
    as_json: AsJson = False,
) -> None:
    """Count what a run would buy, reuse and train, for how much."""
    from tutelage import api

    if over:
        plan_values(
            recipe,
            over,
            assignments=assignments,
            limit=limit,
            arms=arm,
            ledger=ledger,
            as_json=as_json,
        )
    loaded = api.load_recipe(recipe, assignments=assignments)
    found = api.plan(loaded, limit=limit, arms=arm, ledger=ledger)
    if not as_json:
        _show_plan(found)
    finish(found.to_facts(), as_json=as_json)


def _show_plan(plan: Plan) -> None:
    from tutelage.store.caps import dollars

    folds = f", {plan.folds} folds" if plan.folds > 1 else ""
    say(f"{plan.name}: {plan.teacher or 'no teacher'}{folds}")
    parts: list[ArmPlan] = [*plan.arms, *plan.rivals]
    table: dict[str, list[str]] = {
        "arm": [part.arm for part in parts],
        "texts": [f"{part.texts:,}" if part.texts > part.orders else "" for part in parts],
        "requests": [f"{part.requests:,}" for part in parts],
        "found": [f"{part.reused:,}" for part in parts],
        "to buy": [f"{part.to_buy:,}" for part in parts],
        "later, at most": [f"{p.later_requests:,}" if p.later_requests else "" for p in parts],
        "most tokens": [f"{part.most.tokens:,}" for part in parts],
        "most money": [_money(part.most.nanousd, plan) for part in parts],
        "students": [f"{part.students:,}" if part.students else "" for part in parts],
    }
    shown = {name: cells for name, cells in table.items() if any(cells) or not parts}
    columns = tuple(shown)
    show(tabulate(columns, list(zip(*shown.values(), strict=True)), right=columns[1:]))
    worst, expected = plan.worst, plan.expected
    cap = f"; the cap is {dollars(round(plan.caps['usd'] * 1e9))}" if "usd" in plan.caps else ""
    say()
    say(
        f"To buy: {expected.requests:,} requests, about {expected.tokens:,} tokens "
        f"({_money(expected.nanousd, plan)}), at worst {worst.tokens:,} "
        f"({_money(worst.nanousd, plan)}){cap}."
    )
    say(f"To train: {plan.students:,} students.")
    say(_basis(plan), "dim")
    for remark in plan.notes:
        note(remark, "yellow")


def _money(nanousd: int, plan: Plan) -> str:
    from tutelage.store.caps import dollars

    return dollars(nanousd) if plan.priced else "?"


def _basis(plan: Plan) -> str:
    measured = sum(part.measured for part in plan.arms)
    thumb = "4 characters a token and replies of a third of their limit"
    if measured:
        return f"Expected use follows {measured:,} recorded replies, elsewhere {thumb}."
    return f"Expected use is a rule of thumb: {thumb}. The caps count the worst case."


# --- preview --------------------------------------------------------------------------------------


def preview(
    recipe: RecipeArgument,
    assignments: Assignments = [],  # noqa: B006
    arm: Arms = [],  # noqa: B006
    count: Annotated[int, typer.Option("-n", min=1, help="Orders to show of each arm.")] = 3,
    buy: Annotated[
        bool, typer.Option("--buy", help="Buy their replies too; a later run finds them.")
    ] = False,
    score: Annotated[
        int | None,
        typer.Option(
            "--score",
            min=1,
            metavar="ROWS",
            help="Let the teacher answer so many gold train rows, and show how good it is.",
        ),
    ] = None,
    limit: Limit = None,
    ledger: LedgerPath = None,
    as_json: AsJson = False,
) -> None:
    """Show real prompts, a few replies, how good the teacher is."""
    from tutelage import api

    loaded = api.load_recipe(recipe, assignments=assignments)
    found = api.preview(
        loaded, arms=arm, count=count, buy=buy, score=score, limit=limit, ledger=ledger
    )
    if not as_json:
        for shown in found.prompts:
            _show_prompt(shown)
        if not found.prompts:
            say("No arm buys anything: there are no prompts to show.")
        if found.score is not None:
            show_pilot(found.score)
    finish(found.to_facts(), as_json=as_json)


def _show_prompt(shown: Shown) -> None:
    row = f", row {shown.source}" if shown.source else ""
    label = f", label {shown.label}" if shown.label else ""
    say(f"--- {shown.arm}, order {shown.order}{row}{label}", "bold")
    for role, text in shown.messages:
        say(f"[{role}]", "dim")
        say(text)
    if shown.reply is not None:
        say("[reply]", "dim")
        say(shown.reply)
    if shown.parsed:
        say("[read]", "dim")
        say(shown.parsed)
    say()


def show_pilot(pilot: Pilot) -> None:
    """How good the teacher is: figures, confusion, and what it got wrong."""
    from tutelage.store.caps import dollars

    say(pilot.sentence, "bold")
    if pilot.unreadable:
        say(f"{pilot.unreadable} answers could not be read; they count as wrong.")
    if pilot.confusion is not None:
        show(_confusion_table(pilot.confusion))
    for wrong in pilot.disagreements[:5]:
        texts = " / ".join(wrong.fields.values())
        said = wrong.said if wrong.said is not None else f"unreadable: {wrong.reply[:60]!r}"
        say(f"{wrong.id}: gold {wrong.gold}, teacher {said}: {texts[:160]}")
    if len(pilot.disagreements) > 5:
        say(f"and {len(pilot.disagreements) - 5} more.", "dim")
    say(f"Asked {pilot.teacher} for {dollars(pilot.usage.nanousd)}.", "dim")


def _confusion_table(confusion: Mapping[str, Any]) -> Any:
    columns = ("gold \\ teacher", *confusion["columns"])
    rows = [
        (name, *line) for name, line in zip(confusion["rows"], confusion["counts"], strict=True)
    ]
    return tabulate(columns, rows, right=columns[1:])
