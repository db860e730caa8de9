"""Commands about what runs found: report, compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli.arguments import AsJson, RunArgument
from tutelage.cli.console import finish, note, say, show, tabulate

if TYPE_CHECKING:
    from tutelage.report.headline import Line, Pair


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
    from tutelage.report import numbers
    from tutelage.report.facts import report_of

    told = report_of(results)
    say(told.verdict.sentence, "bold")
    metric = f"{numbers.metric_name(told.metric)} on {told.split}"
    against = f"against {told.reference}" if told.reference else ""
    columns = ("", metric, "95 % interval", "seeds", "charged", against)
    rows = [_line(line, told.metric) for line in told.lines]
    show(tabulate(columns, rows, right=columns[1:5]))
    for finding in told.findings:
        if finding.status == "found":
            note(f"{finding.code}: {finding.sentence}", "yellow")


def _line(line: Line, metric: str) -> tuple[str, ...]:
    from tutelage.report import numbers

    main = line.main
    return (
        line.name
        + (f" ({main.grid})" if main.grid else "")
        + (" (upper bound)" if line.upper_bound else ""),
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
    from tutelage.report.run_comparison import COLUMNS, compare_runs
    from tutelage.study.archive import find_run

    found = compare_runs([find_run(run).folder for run in runs])
    if not as_json:
        show(tabulate(COLUMNS, found.rows(), right=COLUMNS[2:7]))
        for warning in found.warnings:
            note(f"Warning: {warning}", "yellow")
        if found.comparable:
            say("Scored on the same rows. Only differences inside a run are tested.", "dim")
    finish(found.to_json(), as_json=as_json)
