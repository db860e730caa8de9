"""Commands about what runs found: report, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli.arguments import AsJson, RunArgument
from tutelage.cli.console import finish, note, say, show, tabulate
from tutelage.exceptions import UserError

if TYPE_CHECKING:
    from tutelage.report.facts import Report
    from tutelage.report.headline import Line, Pair
    from tutelage.study.archive import PastRun


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (report, compare):
        app.command(rich_help_panel="What a run brought")(command)


def report(run: RunArgument, as_json: AsJson = False) -> None:
    """Write a report anew, and print its verdict and table."""
    from tutelage.report.facts import report_of
    from tutelage.report.writing import write_report
    from tutelage.study.archive import find_run

    past = find_run(run)
    told = report_of(past.results)
    facts, page = write_report(past.folder)
    if not as_json:
        show_results(past.results)
        say()
        say(f"Report:  {page}")
    finish(
        {
            "run": str(past.folder),
            "report": str(page),
            "facts": str(facts),
            "verdict": told.verdict.sentence,
        },
        as_json=as_json,
    )


def show_results(results: Mapping[str, Any]) -> None:
    """The verdict and the headline table of a finished run, in the report's own words."""
    from tutelage.report.facts import report_of

    told = report_of(results)
    say(told.verdict.sentence, "bold")
    columns = ("", f"{told.metric} on {told.split}", "95 % interval", "seeds", "charged",
               f"against {told.reference}" if told.reference else "")  # fmt: skip
    rows = [_line(line, told.metric) for line in told.lines]
    show(tabulate(columns, rows, right=columns[1:5]))
    for finding in told.findings:
        if finding.status == "found":
            note(f"{finding.code}: {finding.sentence}", "yellow")


def _line(line: Line, metric: str) -> tuple[str, ...]:
    from tutelage.report import numbers

    main = line.main
    return (
        line.name + (f" ({main.grid})" if main.grid else ""),
        numbers.score(main.score, metric),
        numbers.interval(main.low, main.high, metric),
        str(len(line.student_seeds)),
        numbers.dollars(line.charged["nanousd"]) if line.charged["requests"] else "",
        _against(line.against, metric),
    )


def _against(pair: Pair | None, metric: str) -> str:
    from tutelage.report import numbers

    if pair is None:
        return ""
    return f"{numbers.difference(pair.difference, metric)}, {pair.sentence}"


# --- compare --------------------------------------------------------------------------------------


def compare(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Finished runs: folders or names.")
    ],
    as_json: AsJson = False,
) -> None:
    """Put finished runs side by side, if they can be compared."""
    from tutelage.report.facts import report_of
    from tutelage.study.archive import find_run

    if len(runs) < 2:
        raise UserError("One run cannot be compared.", do="Name two runs or more.")
    past = [find_run(run) for run in runs]
    reports = [report_of(one.results) for one in past]
    differences = _incomparable(past, reports)
    if not as_json:
        _show_side_by_side(past, reports)
        for difference in differences:
            note(difference, "yellow")
        if not differences:
            say("Scored on the same rows. Only differences inside a run are tested.", "dim")
    finish(
        {
            "runs": [_compared_facts(one, r) for one, r in zip(past, reports, strict=True)],
            "comparable": not differences,
            "differences": differences,
        },
        as_json=as_json,
    )


def _show_side_by_side(past: Sequence[PastRun], reports: Sequence[Report]) -> None:
    from tutelage.report import numbers

    rows = [
        (
            str(run.folder),
            line.name,
            numbers.score(line.main.score, told.metric),
            numbers.interval(line.main.low, line.main.high, told.metric),
            len(line.student_seeds),
            f"{line.rows:,} {told.split}",
            numbers.dollars(line.charged["nanousd"]) if line.charged["requests"] else "",
        )
        for run, told in zip(past, reports, strict=True)
        for line in told.lines
    ]
    metric = reports[0].metric
    columns = ("run", "arm or rival", metric, "95 % interval", "seeds", "rows", "charged")
    show(tabulate(columns, rows, right=columns[2:]))


def _incomparable(past: Sequence[PastRun], reports: Sequence[Report]) -> list[str]:
    """Why figures of these runs should not stand beside each other; empty where they may."""
    found = []
    first, told = past[0], reports[0]
    for run, other in zip(past[1:], reports[1:], strict=True):
        pair = f"{first.folder} and {run.folder}"
        if told.metric != other.metric:
            found.append(f"{pair} are scored by different metrics: {told.metric}, {other.metric}.")
        if told.split != other.split:
            found.append(f"{pair} are scored on different roles: {told.split}, {other.split}.")
        elif _scored(told) != _scored(other):
            found.append(f"{pair} are scored on different {told.split} rows.")
    return found


def _scored(told: Report) -> list[Any]:
    """Fingerprints of the rows that were scored."""
    return [fold["used"].get(told.split) for fold in told.gold]


def _compared_facts(run: PastRun, told: Report) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "name": told.name,
        "split": told.split,
        "metric": told.metric,
        "verdict": told.verdict.sentence,
        "lines": told.to_json()["lines"],
    }
