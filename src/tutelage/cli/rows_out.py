"""Commands that give out rows: data, predict, trace."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from tutelage.cli.arguments import Arms, AsJson, RunArgument
from tutelage.cli.console import finish, note, say, show, tabulate
from tutelage.exceptions import UserError

if TYPE_CHECKING:
    from tutelage.records import Prediction
    from tutelage.study.tracing import Answered, Passage, Trace


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (data, predict, trace):
        app.command(rich_help_panel="What a run brought")(command)


# --- data -----------------------------------------------------------------------------------------


def data(
    run: RunArgument,
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FILE",
            help="A .jsonl, .csv or .parquet file, or a folder: a data set with a card, which the "
            "package datasets loads.",
        ),
    ],
    arm: Arms = [],  # noqa: B006 - typer reads the default once
    everything: Annotated[
        bool, typer.Option("--all", help="Dropped rows too, with the reason.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write out bought rows with rationale, origin and verdict, also while a run is unfinished."""
    from tutelage.study.archive import find_run
    from tutelage.study.dataset_folders import write_dataset
    from tutelage.study.graduates import task_of
    from tutelage.study.run_purchases import advice, nothing_yet, shortfalls
    from tutelage.study.saved_rows import saved_rows, write_rows

    past = find_run(run)
    ended, missing = past.ended, shortfalls(past, arm)
    judged = list(saved_rows(past, arm))
    if not (judged or ended):
        raise nothing_yet(past, arm)
    rows = [row for row in judged if everything or row.kept]
    if to.suffix:
        count = write_rows(to, rows, task_of(past))
    else:
        count = write_dataset(to, rows, past, task_of(past))
    if not as_json:
        say(f"Wrote {count:,} rows to {to}.")
        if not count:
            note("No row was kept." if judged else "Nothing was bought.", "yellow")
        for line in () if ended else advice(past, missing):
            note(line, "yellow")
    finish(
        {
            "run": str(past.folder),
            "file": str(to),
            "rows": count,
            "finished": ended,
            "missing": [asdict(one) for one in missing],
        },
        as_json=as_json,
    )


# --- predict --------------------------------------------------------------------------------------


def predict(
    run: RunArgument,
    text: Annotated[
        list[str],
        typer.Option("--text", help="A text to answer; for a pair, give --text twice, in order."),
    ] = [],  # noqa: B006
    file: Annotated[
        Path | None, typer.Option("--file", help="Rows to answer: csv, jsonl, parquet, ...")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write the answers as JSON lines.")
    ] = None,
    arm: Annotated[str, typer.Option(help="Whose student; the primary arm's if absent.")] = "",
    seed: Annotated[int | None, typer.Option(help="Student seed; the first if absent.")] = None,
    rationale: Annotated[
        bool, typer.Option("--rationale", help="Also write a rationale, where it was taught.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a trained student answer texts or a file."""
    from tutelage import api
    from tutelage.study.answer_files import read_questions

    if bool(text) == (file is not None):
        raise UserError(
            "Give either --text or --file.", do='For example: tutelage predict RUN --text "..."'
        )
    student = api.load(run, arm, seed=seed)
    if file is not None:
        ids, rows = read_questions(file, student.task, run)
    else:
        rows = _pairs(text, student.task.fields)
        ids = [str(i) for i in range(1, len(rows) + 1)]
    answers = [
        {"id": id_, **_told(answer)}
        for id_, answer in zip(ids, student.answer(rows, rationale=rationale), strict=True)
    ]
    if to is not None:
        from tutelage.store.runs import write_whole

        write_whole(to, b"".join(orjson.dumps(answer) + b"\n" for answer in answers))
        note(f"Wrote {len(answers):,} answers to {to}.")
    elif not as_json:
        _show_answers(answers)
    facts = {"arm": student.arm, "seed": student.seed, "answers": answers}
    finish(facts, as_json=as_json)


def _pairs(texts: list[str], fields: tuple[str, ...]) -> list[Any]:
    """Texts dealt out to the fields of the task."""
    if len(texts) % len(fields):
        raise UserError(
            f"The task reads {' and '.join(fields)}, but --text was given {len(texts)} times.",
            do=f"Give --text {len(fields)} times for each row, in this order.",
        )
    step = len(fields)
    return [
        dict(zip(fields, texts[at : at + step], strict=True)) for at in range(0, len(texts), step)
    ]


def _told(answer: Prediction) -> dict[str, Any]:
    facts: dict[str, Any] = {"label": answer.label}
    if answer.labels is not None:
        facts = {"labels": list(answer.labels)}
    elif answer.spans is not None:
        facts = asdict(answer.spans[0]) if answer.spans else {"text": "", "start": -1, "end": -1}
        facts = {"answer": facts.pop("text"), **facts}
    elif answer.target is not None:
        facts = {"target": answer.target}
    if answer.scores is not None:
        facts["scores"] = {name: round(float(s), 6) for name, s in answer.scores.items()}
    if answer.rationale is not None:
        facts["rationale"] = answer.rationale
    return facts


def _show_answers(answers: list[dict[str, Any]]) -> None:
    rows = [
        (
            answer["id"],
            answer.get("label")
            or answer.get("answer")
            or answer.get("target")
            or ", ".join(answer.get("labels", ()))
            or "-",
            _surest(answer.get("scores") or {}),
            answer.get("rationale") or "",
        )
        for answer in answers
    ]
    known = {name for answer in answers for name in answer}
    what = next((name for name in ("answer", "target") if name in known), "label")
    show(tabulate(("row", what, "probability", "rationale"), rows))


def _surest(scores: dict[str, float]) -> str:
    top = sorted(scores.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {share:.2f}" for name, share in top)


# --- trace ----------------------------------------------------------------------------------------


def trace(
    run: RunArgument,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of a gold or bought row.")],
    as_json: AsJson = False,
) -> None:
    """Follow one row from gold to prompt, reply and prediction."""
    from tutelage.study.archive import find_run
    from tutelage.study.bystanders import outside_loop
    from tutelage.study.tracing import trace as follow

    past = find_run(run)
    found = outside_loop(lambda: follow(past, id_))
    if not as_json:
        _show_trace(found)
    finish(found.to_facts(), as_json=as_json)


def _show_trace(found: Trace) -> None:
    say(f"{found.id}: {found.role} row of {found.run}", "bold")
    if found.row is not None:
        for name, text in found.row.fields.items():
            say(f"  {name}: {text}")
        if found.role not in ("unlabelled", "made") and found.row.answer is not None:
            say(f"  answer: {_plain(found.row.answer)}")
    else:
        say("  Its text is sealed; its answers are shown.", "dim")
    for passage in found.passages:
        _show_passage(passage)
    for arm, targets in found.targets.items():
        say()
        say(f"Training target, {arm}", "bold")
        for target in targets:
            say(f"  {target}")
    say()
    say("Predictions", "bold")
    for answer in found.answers:
        _show_answer(answer)
    for remark in found.notes:
        note(remark, "yellow")


def _show_passage(passage: Passage) -> None:
    where = f"purchase seed {passage.purchase_seed}, turn {passage.turn + 1}"
    fold = f", fold {passage.fold}" if passage.fold else ""
    say()
    say(f"Order {passage.order} of {passage.arm} ({where}{fold})", "bold")
    for exchanged in passage.exchanged:
        if exchanged.hash:
            say(f"  request {exchanged.hash} to {exchanged.model or 'unknown'}", "dim")
        for role, text in exchanged.messages:
            say(f"  [{role}]", "dim")
            say(_indented(text))
        say("  [reply]", "dim")
        say(_indented(exchanged.reply if exchanged.reply is not None else "(none recorded)"))
        if exchanged.usage is not None:
            used = exchanged.usage
            say(f"  {used.prompt_tokens} + {used.completion_tokens} tokens, ${used.usd:.6f}", "dim")
    say(f"  verdict: {passage.decision} by {passage.check}. {passage.reason}".rstrip())
    if passage.result is not None and passage.decision != "dropped":
        row = passage.result
        what = "target" if row.target is not None else "label" if row.spans is None else "answer"
        say(f"  became: {what} {_plain(row.answer)}")
        if row.rationale:
            say(_indented(f"rationale: {row.rationale}"))


def _show_answer(answer: Answered) -> None:
    when = "when examined" if answer.examined else "asked now"
    sure = f" ({_surest(dict(answer.scores))})" if answer.scores else ""
    say(f"  {answer.arm}, seed {answer.seed}, {answer.rule}, {when}: {_plain(answer.said)}{sure}")
    if answer.rationale:
        say(_indented(f"rationale: {answer.rationale}"))


def _plain(answer: Any) -> str:
    if isinstance(answer, tuple | list):
        return ", ".join(answer) or "(none)"
    return "(unreadable)" if answer is None else str(answer)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
