"""Commands that start a run, or go on with one: run, quickstart."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
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
from tutelage.cli.console import finish, note, say, tell
from tutelage.cli.outcomes import show_results
from tutelage.cli.quickstart_choices import Choice, farewell, runs
from tutelage.cli.sweeps import run_values
from tutelage.exceptions import BudgetReached, TrainingError

if TYPE_CHECKING:
    from tutelage.api import RunOutcome
    from tutelage.cli.progress_display import Display
    from tutelage.recipe import LoadedRecipe
    from tutelage.study.consent import Agree
    from tutelage.study.pilot import Pilot


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (run, quickstart):
        app.command(rich_help_panel="Run")(command)


Out = Annotated[
    Path | None,
    typer.Option("--out", file_okay=False, help="The run's folder; runs/NAME where absent."),
]


def run(
    recipe: RecipeArgument,
    out: Out = None,
    final: Annotated[
        bool,
        typer.Option(
            "--final", help="Open the sealed test at the end. Without it the run ends on dev."
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Go on although the teacher is no better than gold-only training."
        ),
    ] = False,
    assignments: Assignments = [],  # noqa: B006 - typer reads the default once
    limit: Limit = None,
    arm: Arms = [],  # noqa: B006
    ledger: LedgerPath = None,
    over: Over = "",
    as_json: AsJson = False,
) -> None:
    """Run a recipe, or go on with a run that was stopped."""
    from tutelage import api

    if over:
        run_values(
            recipe,
            over,
            out,
            assignments=assignments,
            asking=_asking,
            final=final,
            yes=yes,
            limit=limit,
            arms=arm,
            ledger=ledger,
            as_json=as_json,
        )
    loaded = api.load_recipe(recipe, assignments=assignments)
    outcome = carry_out(
        loaded, out, final=final, yes=yes, limit=limit, arms=arm, ledger=ledger, as_json=as_json
    )
    end(outcome, as_json=as_json)


def carry_out(
    loaded: LoadedRecipe, out: Path | None, *, as_json: bool, **choices: Any
) -> RunOutcome:
    """Run with a live display; say what is kept where a budget stops it."""
    from tutelage import api
    from tutelage.cli.progress_display import Display
    from tutelage.study.archive import default_folder

    folder = out or default_folder(loaded.recipe.name)
    teacher = loaded.recipe.teacher
    caps = teacher.budget.model_dump() if teacher else {}
    try:
        with Display(caps) as display:
            return api.run(
                loaded,
                folder,
                agree=None if as_json else _asking(display),
                listener=display,
                **choices,
            )
    except BudgetReached:
        note(f"The run is kept in {folder}.")
        raise


def _asking(display: Display) -> Agree:
    """Asks on a terminal whether to go on after a pilot; without one the answer is no."""

    def agree(pilot: Pilot) -> bool:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        display.pause()
        note(pilot.sentence, "yellow")
        answer = typer.confirm("Let it label all the same?", default=False, err=True)
        display.resume()
        return answer

    return agree


def end(outcome: RunOutcome, *, as_json: bool) -> None:
    """What a finished run found: its verdict, its table, and where everything is."""
    if not as_json:
        for pilot in outcome.pilots:
            say(pilot.sentence)
        show_results(outcome.results)
        say()
        say(f"Report:  {outcome.report}")
        say(f"Run:     {outcome.folder}")
        _advise(outcome)
    failed = [TrainingError(f["what"], f["why"], f["do"]) for f in outcome.results["failed"]]
    for error in failed:
        tell(error)
    finish(_facts(outcome), as_json=as_json, code=1 if failed else 0)


def _advise(outcome: RunOutcome) -> None:
    failed = sum(turn["failed"] for unit in outcome.results["units"] for turn in unit["turns"])
    if failed:
        note(f"{failed} orders had no reply; the same command asks them again.", "yellow")
    for stop in dict.fromkeys(
        turn["stopped"] for unit in outcome.results["units"] for turn in unit["turns"]
    ):
        if stop:
            note(stop, "yellow")


def _facts(outcome: RunOutcome) -> Mapping[str, Any]:
    results = outcome.results
    return {
        "run": str(outcome.folder),
        "report": str(outcome.report),
        "name": results["name"],
        "split": results["split"],
        "verdict": outcome.verdict,
        "standings": results["standings"],
        "comparisons": results["comparisons"],
        "failed": results["failed"],
        "paid_usd": results["clock"]["paid"]["usd"],
        "pilots": [pilot.to_facts() for pilot in outcome.pilots],
    }


# --- quickstart -----------------------------------------------------------------------------------


def quickstart(
    rationales: Annotated[
        bool,
        typer.Option("--rationales", help="Do a teacher's reasons help? (a made-up world)"),
    ] = False,
    null_world: Annotated[
        bool, typer.Option("--null-world", help="The same in a world where they gain nothing.")
    ] = False,
    world: Annotated[
        bool, typer.Option("--world", help="Made-up reviews, with 100 and with 400 labelled rows.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Fine-tune the whole encoder; much longer.")
    ] = False,
    short: Annotated[bool, typer.Option("--short", help="Fewer rows, for a quick test.")] = False,
    seeds: Annotated[int | None, typer.Option(min=1, help="Student seeds.")] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """See it work here and now: no key, no network, no GPU."""
    from tutelage import api

    choice = Choice(rationales, null_world, world, full, short, seeds)
    facts: dict[str, Any] = {}
    for title, assignments in runs(choice):
        loaded = api.load_recipe(choice.recipe, assignments=assignments)
        place = out / loaded.recipe.name if out and title else out
        outcome = carry_out(loaded, place, final=True, yes=True, as_json=as_json)
        if not as_json:
            if title:
                say(f"\n{title}\n")
            show_results(outcome.results)
            say()
            say(f"Report:  {outcome.report}")
        facts |= {title: _facts(outcome)} if title else _facts(outcome)
        last = outcome.results
    if not as_json:
        say()
        say(farewell(choice, last))
    finish(facts, as_json=as_json)
