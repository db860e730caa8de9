"""What can be known of a recipe before it runs: faults, gold facts, what its test can show.

All faults are gathered before any is told. Nothing is sent unless asked for (`online`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutelage.evaluation.detectability import smallest_detectable, typical_discordance
from tutelage.exceptions import TutelageError, UserError
from tutelage.gold.opening import Gold, load_gold
from tutelage.plugins import find
from tutelage.recipe import LoadedRecipe, Recipe
from tutelage.recipe.fault_finding import build_options
from tutelage.recipe.named_teachers import asked_teachers
from tutelage.recipe.validation import student_of
from tutelage.records import Task
from tutelage.study.building import build_synthesizer, plugged, prepare
from tutelage.study.faculty import refuse_folds
from tutelage.study.results import cluster_of
from tutelage.study.teacher_checks import Known, look_at_teachers
from tutelage.study.vain_rationales import vain_comparisons, vain_purchases

LOOKED_AT = 2_000
"""Rows whose length is measured: enough for a share, and quick."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the test can show."""

    groups: int
    """Independent groups of test rows; the rows themselves where they are not grouped."""
    rows: int
    smallest: float
    """Smallest true difference that is found in 80 % of studies, as a share of the scale; no number
    of seeds beats it. In accuracy at 50 %, where a difference is hardest to see; in the overlap of
    texts (generation) where differences scatter by 15 points from row to row."""
    by: str = ""
    """Field or tag by which rows are grouped."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How many rows the student's length limit cuts."""

    limit: int | None = None
    """Most pieces; None for a student that reads all of a text."""
    rows: int = 0
    """Rows that were looked at."""
    share: float | None = None
    """None where it cannot be measured; `why` says why."""
    longest: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Checkup:
    """What `check` found."""

    recipe: Recipe
    source: str
    faults: tuple[TutelageError, ...] = ()
    warnings: tuple[str, ...] = ()
    task: Task | None = None
    gold: tuple[dict[str, Any], ...] = ()
    """Facts of each fold."""
    unlabelled: str = ""
    reach: Reach | None = None
    cut: Cut | None = None
    teachers: tuple[Known, ...] = ()
    """The teachers that the recipe asks, its own one first."""

    @property
    def ok(self) -> bool:
        return not self.faults

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "ok": self.ok,
            "recipe": self.source,
            "name": self.recipe.name,
            "faults": [{"what": f.what, "why": f.why, "do": f.do} for f in self.faults],
            "warnings": list(self.warnings),
            "labels": list(self.task.label_names) if self.task else [],
            "gold": list(self.gold),
            "reach": asdict(self.reach) if self.reach else None,
            "cut": asdict(self.cut) if self.cut else None,
            "teachers": [asdict(teacher) for teacher in self.teachers],
        }


async def check_study(
    loaded: LoadedRecipe, *, limit: int | None = None, online: Path | None = None
) -> Checkup:
    """Look at all that a run would need.

    Args:
        loaded: From `load_recipe`, which has found the faults of the recipe itself.
        limit: Rows of each role, as for a run.
        online: Ledger in which the endpoint is probed with eight small requests; not probed where
            absent.

    Returns:
        What was found. `faults` are what would stop a run.
    """
    recipe = loaded.recipe
    faults: list[TutelageError] = []
    warnings: list[str] = []
    golds = _tried(
        faults,
        lambda: load_gold(
            recipe.gold, recipe.task, folder=loaded.folder, seed=recipe.seeds.gold, limit=limit
        ),
    )
    if not golds:
        return Checkup(recipe, loaded.source, tuple(faults))
    task = golds[0].task
    warnings += dict.fromkeys(text for gold in golds for text in gold.facts["warnings"])
    faults += _part_faults(loaded, golds[0], limit)
    warnings += _missing_extras(recipe)
    warnings += _unchosen(recipe)
    warnings += vain_purchases(recipe)
    teachers = await look_at_teachers(
        loaded, golds[0], faults=faults, warnings=warnings, online=online
    )
    cut = measure_cut(recipe, task, golds[0], offline=online is None)
    warnings += _cut_warnings(cut)
    return Checkup(
        recipe,
        loaded.source,
        tuple(faults),
        tuple(warnings),
        task,
        tuple(dict(gold.facts) for gold in golds),
        _unlabelled(recipe),
        reach_of(recipe, task, golds),
        cut,
        teachers,
    )


def _tried(faults: list[TutelageError], work: Callable[[], Any], *, where: str = "") -> Any:
    """What `work` gives; None and a fault more, at the place `where`, where it fails."""
    try:
        return work()
    except TutelageError as e:
        faults.append(UserError(f"{where}: {e.what}", e.why, e.do) if where else e)
        return None


def _part_faults(loaded: LoadedRecipe, gold: Gold, limit: int | None) -> list[TutelageError]:
    """What is wrong with parts that only building them shows: templates, objectives, arm rows."""
    recipe, task = loaded.recipe, gold.task
    faults: list[TutelageError] = [*vain_comparisons(recipe)]
    _tried(faults, lambda: refuse_folds(loaded, gold))
    for name, arm in recipe.arms.items():
        if (synthesis := arm.synthesis) is not None:
            _tried(
                faults,
                lambda s=synthesis: build_synthesizer(loaded, s, task),  # type: ignore[misc]
                where=f"arms.{name}.synthesis",
            )
        for check in arm.checks or recipe.checks:
            _tried(faults, lambda c=check: plugged("check", c).make(task=task))  # type: ignore[misc]
    if not faults and not _missing_extras(recipe):
        _tried(faults, lambda: prepare(loaded, limit=limit))
    told: dict[str, TutelageError] = {str(fault): fault for fault in faults}
    return list(told.values())


# --- what the test can show -----------------------------------------------------------------------


def reach_of(recipe: Recipe, task: Task, golds: Sequence[Gold]) -> Reach | None:
    """The smallest difference that the test can show; None where there is no test."""
    by = cluster_of(recipe, task)
    rows = sum(len(gold.test) for gold in golds)
    groups = sum(gold.test.count_groups(by) for gold in golds) if by else rows
    if not groups:
        return None
    spread = typical_discordance(task.kind)
    return Reach(groups, rows, smallest_detectable(groups, discordance=spread), by)


# --- lengths --------------------------------------------------------------------------------------


def measure_cut(recipe: Recipe, task: Task, gold: Gold, *, offline: bool = True) -> Cut:
    """How many train rows the student's length limit cuts, by the student's own pieces.

    Args:
        recipe: Names the student.
        task: What it reads.
        gold: The rows.
        offline: Fetch no tokenizer from the hub.
    """
    plugin = find("learner", recipe.student.kind)
    options = build_options(plugin, recipe.student.options)
    limit = getattr(options, "max_source", None)
    if limit is None or hasattr(options, "stride"):  # windows cut nothing
        return Cut()
    if getattr(options, "config", None) is not None:
        return Cut(limit, why="its tokenizer is trained on the rows that an arm brings")
    if not _is_installed("transformers"):
        return Cut(limit, why=f"the extra `{plugin.extra or 'train'}` is not installed")
    from tutelage.neural.targets import source_text
    from tutelage.neural.tokenization import count_tokens

    rows = gold.train[:LOOKED_AT]
    try:
        texts = [source_text(task, row) for row in rows]
        counted = count_tokens(texts, model=options.model, limit=limit, offline=offline)
    except UserError as e:
        if not offline:
            return Cut(limit, why=e.what)
        return Cut(limit, why=f"the tokenizer of {options.model} is not on this machine yet")
    return Cut(limit, len(rows), counted.share_cut, counted.longest)


def _cut_warnings(cut: Cut) -> Iterator[str]:
    if cut.share:
        yield (
            f"student.max_source {cut.limit} cuts {cut.share:.1%} of the train rows; the longest "
            f"has {cut.longest} pieces."
        )


def _unchosen(recipe: Recipe) -> Iterator[str]:
    """Says where many candidates are bought and nothing chooses among them."""
    for name, arm in recipe.arms.items():
        checks = recipe.checks if arm.checks is None else arm.checks
        if arm.synthesis is None or arm.synthesis.name != "supergen":
            continue
        if not any(check.name == "selection" for check in checks):
            yield (
                f"arms.{name}: supergen asks for more texts than it wants, and no check chooses "
                "among them: the first ones stay. Add `selection` as the last check."
            )


def _missing_extras(recipe: Recipe) -> list[str]:
    """Extras that students and teachers need where torch, which all of these bring, is missing."""
    kinds = {student_of(recipe, arm, {}).kind for arm in recipe.arms.values()} | {
        rival.student.kind for rival in recipe.rivals.values() if rival.student
    }
    if _is_installed("torch"):
        return []
    students = {find("learner", kind).extra for kind in kinds}
    teachers = {find("teacher", spec.kind).extra for spec in asked_teachers(recipe).values()}
    return [
        *(
            f"The student {_lacking(extra)} The student's part was not tried."
            for extra in sorted(students - {""})
        ),
        *(f"A teacher in this process {_lacking(extra)}" for extra in sorted(teachers - {""})),
    ]


def _lacking(extra: str) -> str:
    return f"needs the extra `{extra}`, which is not installed: pip install 'tutelage[{extra}]'."


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _unlabelled(recipe: Recipe) -> str:
    source = recipe.gold.unlabelled
    if source is None:
        return ""
    if source == "rest":
        return "the train rows that are left out, their labels hidden"
    return source.path or source.hub or f"world {source.world}"
