"""Commands about what runs found: report, compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from tutelage.cli.arguments import AsJson, RunArgument
from tutelage.cli.console import finish, say, show, tabulate


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (report,):
        app.command()(command)


def report(run: RunArgument, as_json: AsJson = False) -> None:
    """Write a finished run's report anew, and print its table."""
    from tutelage.report.writing import write_report
    from tutelage.study.archive import find_run

    past = find_run(run)
    results = past.results
    _, page = write_report(past.folder)
    if not as_json:
        show_results(results)
        say()
        say(f"Report:  {page}")
    finish({"run": str(past.folder), "report": str(page)}, as_json=as_json)


def show_results(results: Mapping[str, Any]) -> None:
    """The verdict and the headline table of a finished run."""
    from tutelage.api import plain_names, verdict_of

    verdict = verdict_of(results)
    if verdict:
        say(verdict, "bold")
    metric = results["task"]["metric"]
    rows = [_line(standing) for standing in shown_standings(results)]
    columns = ("", f"{metric} on {results['split']}", "95 % interval", "seeds", "charged")
    show(tabulate(columns, rows, right=columns[1:]))
    comparisons = results["comparisons"]
    names = plain_names(results)
    for one in comparisons[1:]:
        pair = f"{names[one['a']]} against {names[one['b']]}"
        say(f"{pair}: {one['sentence']} ({100 * one['difference']:+.1f})")
    if comparisons:
        reach = 100 * comparisons[0]["smallest_detectable"]
        say(f"The smallest difference this test could have shown: {reach:.1f} points.", "dim")


def shown_standings(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One line for each arm and rival: the chosen grid point under the primary rule."""
    chosen = {(c["arm"], c["grid"], c["rule"]) for c in results["chosen"].values()}
    return [s for s in results["standings"] if (s["arm"], s["grid"], s["rule"]) in chosen]


def _line(standing: Mapping[str, Any]) -> tuple[str, ...]:
    from tutelage.store.caps import dollars

    span = standing["interval"]
    name = standing["arm"] + (f" ({standing['grid']})" if standing["grid"] else "")
    return (
        name,
        f"{100 * standing['mean']:.1f}",
        f"{100 * span['low']:.1f} to {100 * span['high']:.1f}" if span else "",
        str(len(standing["student_seeds"])),
        dollars(standing["charged"]["nanousd"]) if standing["charged"]["requests"] else "",
    )
