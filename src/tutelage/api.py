"""Tutelage from Python: the same verbs as on the command line, also inside a running event loop.

import tutelage

recipe = tutelage.load_recipe("recipe.yaml", assignments=["teacher.budget.usd=2"])
print(tutelage.plan(recipe).expected.usd)
outcome = tutelage.run(recipe, "runs/first")
student = tutelage.load(outcome.folder)
student.predict(["a new text"])
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutelage.exceptions import TutelageError, UserError
from tutelage.recipe import LoadedRecipe, Recipe, load_recipe
from tutelage.report.facts import report_of
from tutelage.store.status import Listener
from tutelage.study.archive import default_folder
from tutelage.study.bystanders import outside_loop
from tutelage.study.checking import Checkup, check_study
from tutelage.study.consent import Agree, seek_consent
from tutelage.study.graduates import Student, load_student
from tutelage.study.pilot import Pilot
from tutelage.study.plan_facts import Plan
from tutelage.study.planning import plan_study
from tutelage.study.previewing import Preview, preview_study
from tutelage.study.running import Choices, default_ledger, run_study
from tutelage.study.sweeping import SweepPlan, load_points, plan_sweep, read_axis

__all__ = [
    "Checkup",
    "Plan",
    "Preview",
    "Recipe",
    "RunOutcome",
    "Student",
    "SweepOutcome",
    "SweepPlan",
    "check",
    "load",
    "load_recipe",
    "plan",
    "plan_over",
    "preview",
    "run",
    "sweep",
]

Source = str | Path | Mapping[str, Any] | LoadedRecipe
"""A recipe's file, its shipped name, its content as a mapping, or what `load_recipe` gave."""


@dataclass(frozen=True)
class RunOutcome:
    """A finished run."""

    folder: Path
    results: dict[str, Any]
    """All facts of the report (`results.json`)."""
    report: Path
    """The report, one offline HTML file."""
    pilots: tuple[Pilot, ...] = ()

    @property
    def verdict(self) -> str:
        """The study's answer in words, as the report says it."""
        return report_of(self.results).verdict.sentence


def check(recipe: Source, *, limit: int | None = None, online: bool = False) -> Checkup:
    """Look for all that would stop a run, and say what its test can show.

    Args:
        recipe: What to check.
        limit: Rows of each role, as for `run`.
        online: Also try the endpoint with eight small requests, which may cost a little.

    Returns:
        Faults, warnings, gold facts, the smallest detectable difference.

    Raises:
        RecipeError: faults of the recipe's own text, all at once.

    >>> recipe = {
    ...     "task": {"kind": "classification"},
    ...     "gold": {"train": {"world": "composition", "rows": 120}},
    ...     "student": {"kind": "linear"},
    ...     "arms": {"gold_only": {}},
    ... }
    >>> found = check(recipe)
    >>> found.ok, found.reach.rows
    (True, 120)
    """
    loaded = as_loaded(recipe)
    ledger = default_ledger(default_folder(loaded.recipe.name)) if online else None
    return outside_loop(lambda: asyncio.run(check_study(loaded, limit=limit, online=ledger)))


def plan(
    recipe: Source,
    *,
    limit: int | None = None,
    arms: Sequence[str] = (),
    ledger: str | Path | None = None,
) -> Plan:
    """Count what a run would buy and train. Sends nothing and needs no key.

    Args:
        recipe: What to plan.
        limit: Rows of each role, as for `run`.
        arms: These arms only; all where empty.
        ledger: Where earlier replies are looked for; `runs/ledger.sqlite` where absent.

    >>> recipe = {
    ...     "task": {"kind": "classification"},
    ...     "gold": {"train": {"world": "composition", "rows": 100}, "cross_fit": "off"},
    ...     "teacher": {"kind": "scripted"},
    ...     "student": {"kind": "linear"},
    ...     "arms": {"gold_only": {}, "explain": {"synthesis": {"explain": {"rows": 20}}}},
    ... }
    >>> found = plan(recipe, ledger="no-such-ledger.sqlite")
    >>> [(arm.arm, arm.to_buy, arm.students) for arm in found.arms]
    [('gold_only', 0, 3), ('explain', 20, 3)]
    """
    loaded = as_loaded(recipe)
    place = Path(ledger) if ledger else default_ledger(default_folder(loaded.recipe.name))
    return outside_loop(
        lambda: asyncio.run(plan_study(loaded, ledger=place, limit=limit, arms=arms))
    )


def preview(
    recipe: Source,
    *,
    arms: Sequence[str] = (),
    count: int = 3,
    buy: bool = False,
    score: int | None = None,
    limit: int | None = None,
    ledger: str | Path | None = None,
) -> Preview:
    """Show real prompts; with `buy` also replies; with `score` how good the teacher is.

    Args:
        recipe: What to preview.
        arms: These arms only; all where empty.
        count: Orders to show of each arm.
        buy: Buy their replies; a later run with the same ledger finds them.
        score: Ask the teacher about so many gold train rows.
        limit: Rows of each role, as for `run`.
        ledger: Where replies are kept; `runs/ledger.sqlite` where absent.
    """
    loaded = as_loaded(recipe)
    place = Path(ledger) if ledger else default_ledger(default_folder(loaded.recipe.name))
    return outside_loop(
        lambda: asyncio.run(
            preview_study(
                loaded, arms=arms, count=count, buy=buy, score=score, ledger=place, limit=limit
            )
        )
    )


def run(
    recipe: Source,
    out: str | Path | None = None,
    *,
    final: bool = False,
    limit: int | None = None,
    arms: Sequence[str] = (),
    ledger: str | Path | None = None,
    yes: bool = False,
    agree: Agree | None = None,
    listener: Listener | None = None,
) -> RunOutcome:
    """Run a recipe, or go on with a run that was stopped.

    Args:
        recipe: What to run.
        out: The run's folder; `runs/NAME` where absent.
        final: Open the sealed test at the end. Without it the run ends on dev.
        limit: Rows of each role: a quick trial.
        arms: These arms only; all where empty.
        ledger: Where replies are kept; `ledger.sqlite` beside the run's folder where absent.
        yes: Go on although a pilot finds the teacher no better than a gold-only student.
        agree: Asked in that case instead, where given.
        listener: Told a few times a second what the run is doing.

    Raises:
        RecipeError: faults of the recipe, all at once.
        UserError: gold that does not fit, or a pilot that was not agreed to.
        BudgetReached: the study's cap; run again with a higher one to go on.
        TutelageError: anything else that can go wrong, told in three parts.
    """
    loaded = as_loaded(recipe)
    folder = Path(out) if out else default_folder(loaded.recipe.name)
    choices = Choices(final=final, limit=limit, arms=tuple(arms))
    place = Path(ledger) if ledger else None

    def work() -> RunOutcome:
        from tutelage.report.writing import write_report  # brings matplotlib

        pilots = asyncio.run(
            seek_consent(
                loaded,
                folder,
                choices=choices,
                agree=_agreement(yes, agree),
                ledger=place,
                listener=listener,
            )
        )
        outcome = run_study(loaded, folder, choices=choices, ledger=place, listener=listener)
        _, page = write_report(outcome.folder)
        return RunOutcome(outcome.folder, outcome.results, page, tuple(pilots))

    return outside_loop(work)


@dataclass(frozen=True)
class SweepOutcome:
    """Finished runs of one recipe over the values of one of its keys."""

    key: str
    outcomes: dict[str, RunOutcome]
    """By value."""
    failed: dict[str, TutelageError]
    """Values without a result, and why. Run again to go on with them."""
    page: Path | None
    """All values on one page, one offline HTML file; None where no run finished."""


def sweep(
    recipe: str | Path | Mapping[str, Any],
    over: str,
    out: str | Path | None = None,
    *,
    assignments: Sequence[str] = (),
    begin: Callable[[str, LoadedRecipe], None] | None = None,
    **choices: Any,
) -> SweepOutcome:
    """Run a recipe once for each of several values of one of its keys, or go on with what is there.

    Each value is a study of its own with its own folder and its own opening of the test; all of
    them share one ledger. A value that fails does not stop the others.

    Args:
        recipe: What to run.
        over: What is varied: `gold.fraction=0.02,0.05,0.2`.
        out: How the runs' folders begin; `runs/NAME` where absent.
        assignments: Further `key=value` texts, the same for all.
        begin: Told each value and its recipe before it runs.
        choices: As for `run`.

    Raises:
        RecipeError: a value that makes the recipe wrong, before anything is bought.
        UserError: `over` is not of the form `key=value,value`.
    """
    axis = read_axis(over)
    points = load_points(recipe, axis, assignments=assignments)
    first = next(iter(points.values()))
    base = Path(out) if out else default_folder(first.recipe.name)
    outcomes: dict[str, RunOutcome] = {}
    failed: dict[str, TutelageError] = {}
    for value, loaded in points.items():
        if begin is not None:
            begin(value, loaded)
        try:
            outcomes[value] = run(loaded, axis.folder(base, value), **choices)
        except TutelageError as error:
            failed[value] = error
    folders = {value: axis.folder(base, value) for value in axis.values}
    told = {value: error.what for value, error in failed.items()}
    from tutelage.report.sweep_page import write_sweep  # brings matplotlib

    written = write_sweep(axis.page(base), axis.key, folders, told)
    return SweepOutcome(axis.key, outcomes, failed, written[1] if written else None)


def plan_over(
    recipe: str | Path | Mapping[str, Any],
    over: str,
    *,
    assignments: Sequence[str] = (),
    limit: int | None = None,
    arms: Sequence[str] = (),
    ledger: str | Path | None = None,
) -> SweepPlan:
    """Count what `sweep` would buy and train: `plan` for each value, and their sums.

    Args:
        recipe: What to plan.
        over: As for `sweep`.
        assignments: As for `sweep`.
        limit: As for `plan`.
        arms: As for `plan`.
        ledger: As for `plan`.
    """
    axis = read_axis(over)
    points = load_points(recipe, axis, assignments=assignments)
    first = next(iter(points.values()))
    place = Path(ledger) if ledger else default_ledger(default_folder(first.recipe.name))
    return outside_loop(
        lambda: asyncio.run(plan_sweep(points, axis, ledger=place, limit=limit, arms=arms))
    )


def _agreement(yes: bool, agree: Agree | None) -> Agree:
    """Whether a run may go on after a pilot: always where the teacher is better."""
    return lambda pilot: pilot.better is not False or yes or (agree is not None and agree(pilot))


def load(
    run: str | Path,
    arm: str = "",
    *,
    seed: int | None = None,
    rule: str = "",
) -> Student:
    """A student of a finished run.

    Args:
        run: The run's folder, or its name below `runs`.
        arm: Whose student; that of the primary comparison's better arm where empty.
        seed: Student seed; the first where absent.
        rule: Checkpoint rule; the primary one where empty.

    Raises:
        UserError: no such run, arm, seed or rule, or the run is not finished.
    """
    return load_student(run, arm, seed=seed, rule=rule)


def as_loaded(recipe: Source) -> LoadedRecipe:
    """The recipe, read and checked."""
    if isinstance(recipe, LoadedRecipe):
        return recipe
    if isinstance(recipe, Recipe):
        raise UserError(
            "A Recipe object does not say where its relative paths start.",
            do="Give the file, a mapping, or what tutelage.load_recipe returns.",
        )
    return load_recipe(recipe)
