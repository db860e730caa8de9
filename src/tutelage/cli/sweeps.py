"""What `run` and `plan` do with --over: one recipe at several values of one of its keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tutelage.cli.console import finish, note, say, show, tabulate, tell

if TYPE_CHECKING:
    from tutelage.api import SweepOutcome
    from tutelage.cli.progress_display import Display
    from tutelage.recipe import LoadedRecipe
    from tutelage.study.consent import Agree
    from tutelage.study.sweeping import SweepPlan


def plan_values(
    recipe: str, over: str, *, assignments: list[str], as_json: bool, **choices: Any
) -> NoReturn:
    """Count what all values together would buy and train."""
    from tutelage import api

    found = api.plan_over(recipe, over, assignments=assignments, **choices)
    for value, error in found.failed.items():
        note(f"{found.key}={value}:", "bold")
        tell(error)
    if not as_json:
        _show_plan(found)
    finish(found.to_facts(), as_json=as_json, code=_worst(found.failed))


def _show_plan(found: SweepPlan) -> None:
    columns = (found.key, "to buy", "tokens", "money", "at worst", "students")
    rows = [
        (
            value,
            f"{sum(part.to_buy for part in (*plan.arms, *plan.rivals)):,}",
            f"{plan.expected.tokens:,}",
            _money(plan.expected.nanousd, plan.priced),
            _money(plan.worst.nanousd, plan.priced),
            f"{plan.students:,}",
        )
        for value, plan in found.plans.items()
    ]
    show(tabulate(columns, rows, right=columns[1:]))
    say()
    say(total(found))


def total(found: SweepPlan) -> str:
    """What all values take together, in a sentence."""
    return (
        f"In all {len(found.plans)} studies: {found.to_buy:,} requests to buy, about "
        f"{found.expected.tokens:,} tokens ({_money(found.expected.nanousd, found.priced)}), at "
        f"worst {_money(found.worst.nanousd, found.priced)}; {found.students:,} students to train. "
        "What one study buys, the next ones find."
    )


def _money(nanousd: int, priced: bool) -> str:
    from tutelage.store.caps import dollars

    return dollars(nanousd) if priced else "?"


def run_values(
    recipe: str,
    over: str,
    out: Path | None,
    *,
    assignments: list[str],
    asking: Callable[[Display], Agree],
    as_json: bool,
    **choices: Any,
) -> NoReturn:
    """Run every value, the total first; what fails is told at the end."""
    from tutelage import api
    from tutelage.cli.progress_display import Display

    planned = api.plan_over(
        recipe,
        over,
        assignments=assignments,
        **{key: choices[key] for key in ("limit", "arms", "ledger")},
    )
    note(total(planned))
    caps = next(iter(planned.plans.values())).caps if planned.plans else {}

    with Display(caps) as display:

        def begin(value: str, loaded: LoadedRecipe) -> None:
            display.pause()
            note(f"{planned.key}={value}", "bold")
            display.resume()

        outcome = api.sweep(
            recipe,
            over,
            out,
            assignments=assignments,
            begin=begin,
            agree=None if as_json else asking(display),
            listener=display,
            **choices,
        )
    _end(outcome, as_json=as_json)


def _end(outcome: SweepOutcome, *, as_json: bool) -> NoReturn:
    if not as_json:
        _show_scores(outcome)
    for value, error in outcome.failed.items():
        note(f"{outcome.key}={value}:", "bold")
        tell(error)
    if outcome.failed:
        note("The same command goes on with what is missing; the rest is kept.", "yellow")
    facts = {
        "over": outcome.key,
        "page": str(outcome.page) if outcome.page else None,
        "runs": {value: str(found.folder) for value, found in outcome.outcomes.items()},
        "standings": {v: found.results["standings"] for v, found in outcome.outcomes.items()},
        "verdicts": {value: found.verdict for value, found in outcome.outcomes.items()},
        "failed": {value: error.what for value, error in outcome.failed.items()},
    }
    finish(facts, as_json=as_json, code=_worst(outcome.failed))


def _show_scores(outcome: SweepOutcome) -> None:
    """Score of each arm and rival at each value, and where the page is."""
    from tutelage.report import numbers
    from tutelage.report.facts import report_of

    reports = {value: report_of(found.results) for value, found in outcome.outcomes.items()}
    names = dict.fromkeys(line.name for report in reports.values() for line in report.lines)
    scores = {
        value: {line.name: numbers.score(line.main.score, report.metric) for line in report.lines}
        for value, report in reports.items()
    }
    columns = (outcome.key, *reports)
    rows = [(name, *(scores[value].get(name, "") for value in reports)) for name in names]
    show(tabulate(columns, rows, right=columns[1:]))
    for value, found in outcome.outcomes.items():
        say(f"{value}: {found.verdict}")
    if outcome.page:
        say()
        say(f"Page:  {outcome.page}")


def _worst(failed: Mapping[str, Any]) -> int:
    """The exit code of the first failure; 0 where there is none."""
    return next((int(error.exit_code) for error in failed.values()), 0)
