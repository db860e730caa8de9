"""From a recipe to parts: gold read, arms expanded over their grids, every part built."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tutelage.consulting import inquiries
from tutelage.contracts import Critic, Metric, Synthesizer, Teacher
from tutelage.curation.judging import NamedCheck
from tutelage.evaluation.influence import check_metric
from tutelage.evaluation.metrics import metrics_for
from tutelage.exceptions import UserError, package_missing
from tutelage.gold.opening import Gold, load_gold, load_rows
from tutelage.plugins import Kind, Plugin, catalogue, find
from tutelage.recipe import ArmSpec, PartSpec, Recipe, StudentSpec
from tutelage.recipe.fault_finding import build_options
from tutelage.recipe.inner_parts import listed
from tutelage.recipe.named_teachers import MAIN, asked_teachers, teacher_of, teachers_of
from tutelage.recipe.validation import LoadedRecipe, student_of
from tutelage.records import Example, Task
from tutelage.row_sets import given_rows
from tutelage.steps import Identity, Parts, Unit
from tutelage.study.vain_rationales import vain_comparisons


@dataclass(frozen=True)
class Prepared:
    """A recipe with its gold read and its parts built; nothing has been bought or trained."""

    loaded: LoadedRecipe
    golds: tuple[Gold, ...]
    """One for each fold; one alone where a test is given or carved."""
    arms: Mapping[str, tuple[Parts, ...]]
    """By arm (and by rival that is a student): one entry for each point of the grid."""

    @property
    def recipe(self) -> Recipe:
        return self.loaded.recipe

    @property
    def task(self) -> Task:
        return self.golds[0].task

    @cached_property
    def metrics(self) -> list[Metric]:
        """The task's own metrics and those that the recipe adds."""
        return metrics_for(self.task, self.recipe.metrics)

    def parts(self, unit: Unit) -> Parts:
        return next(p for p in self.arms[unit.arm] if p.grid == unit.grid)

    def units(self) -> list[Unit]:
        """Every student to be made, arm by arm."""
        return units_of(self.recipe, [gold.fold for gold in self.golds])


def units_of(recipe: Recipe, folds: Sequence[int]) -> list[Unit]:
    """Every student that a recipe makes, arm by arm, those of rivals last."""
    seeds = recipe.seeds
    points = {name: [*map(grid_label, grid_points(arm.grid))] for name, arm in recipe.arms.items()}
    points |= {name: [""] for name, rival in recipe.rivals.items() if rival.kind == "student"}
    buying = {name for name, arm in recipe.arms.items() if arm.synthesis}
    return [
        Unit(arm, grid, purchase, student, fold)
        for arm, grids in points.items()
        for grid in grids
        for purchase in (seeds.purchase if arm in buying else seeds.purchase[:1])
        for student in seeds.student
        for fold in folds
    ]


def prepare(loaded: LoadedRecipe, *, limit: int | None = None) -> Prepared:
    """Read gold and build every part.

    Args:
        limit: Use at most so many rows of each role: a quick trial.

    Raises:
        UserError: gold that does not fit the task, parts that do not fit each other, or a metric
            on which arms cannot be compared.
    """
    recipe = loaded.recipe
    golds = load_gold(
        recipe.gold, recipe.task, folder=loaded.folder, seed=recipe.seeds.gold, limit=limit
    )
    task = golds[0].task
    check_metric(task)
    for fault in vain_comparisons(recipe):
        raise fault
    arms = {
        name: tuple(_points(recipe, name, arm, task, golds[0], loaded))
        for name, arm in recipe.arms.items()
    }
    for name, rival in recipe.rivals.items():
        if rival.kind == "student" and rival.student is not None:
            plugin = find("learner", rival.student.kind)
            arms[name] = (_learning(Plugged(plugin, rival.student.options), name, task, ""),)
    return Prepared(loaded, golds, arms)


@dataclass(frozen=True)
class Plugged:
    """A part's plug-in with its options as the recipe gives them."""

    plugin: Plugin
    given: Mapping[str, Any]

    @property
    def options(self) -> Any:
        return build_options(self.plugin, self.given)

    @property
    def identity(self) -> Identity:
        """What steps are keyed by."""
        return {
            "name": self.plugin.name,
            "options": asdict(self.options),
            "version": self.plugin.version,
        }

    def with_files(self, folder: Path) -> Identity:
        """The same with the content of templates of one's own: an edited one is another part. Of
        a part that is made of others, theirs: their defaults, versions and templates too."""
        if self.plugin.parts:
            inner = map(PartSpec.model_validate, listed(self.plugin, self.given))
            identities = [plugged(self.plugin.kind, part).with_files(folder) for part in inner]
            options = {**asdict(self.options), self.plugin.parts: identities}
            return {**self.identity, "options": options}
        options = asdict(self.options)
        places = {k: folder / value for k, value in options.items() if k.endswith("template")}
        files = {
            key: hashlib.sha256(place.read_bytes()).hexdigest()
            for key, place in places.items()
            if place.is_file()
        }
        return {**self.identity, **({"files": files} if files else {})}

    def make(self, **context: Any) -> Any:
        """Build the part.

        Raises:
            UserError: it needs a package that is not installed, and names the extra that brings it.
        """
        try:
            return self.plugin.make(self.options, **context)
        except ModuleNotFoundError as e:
            package = (e.name or "").partition(".")[0]
            own = self.plugin.build.partition(":")[0].partition(".")[0]
            if not self.plugin.extra or package in ("", own):
                raise
            who = f"The {self.plugin.kind} {self.plugin.name}"
            raise package_missing(who, package, extra=self.plugin.extra) from e


def plugged(kind: Kind, part: PartSpec) -> Plugged:
    return Plugged(find(kind, part.name), part.options)


def build_synthesizer(loaded: LoadedRecipe, part: PartSpec, task: Task) -> Synthesizer:
    """What an arm asks for."""
    made: Synthesizer = plugged("synthesizer", part).make(task=task, folder=loaded.folder)
    return made


def build_teacher(loaded: LoadedRecipe, task: Task, name: str = MAIN) -> Teacher:
    """A teacher of the recipe, not yet opened; its own one under the empty name."""
    spec = teachers_of(loaded.recipe)[name]
    part = Plugged(find("teacher", spec.kind), spec.options)
    teacher: Teacher = part.make(task=task, folder=loaded.folder)
    return teacher


def plugged_checks(recipe: Recipe, arm: ArmSpec) -> list[Plugged]:
    """What an arm's drafts must pass: its own checks, or the recipe's."""
    checks = recipe.checks if arm.checks is None else arm.checks
    return [plugged("check", check) for check in checks]


def _points(
    recipe: Recipe, name: str, arm: ArmSpec, task: Task, gold: Gold, loaded: LoadedRecipe
) -> Iterator[Parts]:
    """The arm at each point of its grid."""
    plugin = find("learner", student_of(recipe, arm, {}).kind)
    given: tuple[Example, ...] = ()
    if arm.rows is not None:
        at = f"arms.{name}.rows"
        rows = load_rows(arm.rows, recipe.gold, task, folder=loaded.folder, at=at)
        given = given_rows(rows, name)
    checking = plugged_checks(recipe, arm)
    checks = tuple(NamedCheck(c.plugin.name, c.make(task=task)) for c in checking)
    asking = [checks[place].name for place, _ in inquiries(checks)]
    if asking and (arm.synthesis or arm.rows):
        _refuse_without_teacher(recipe, name, asking[0])
    synthesis = plugged("synthesizer", arm.synthesis) if arm.synthesis else None
    critic = plugged("critic", arm.critic) if arm.critic else None
    looking = critic.make(task=task) if critic else None
    if looking is not None:
        _can_look(looking, name, plugin)
        _can_read(looking, name, recipe, gold)
    if arm.dev_rationales:
        _can_explain(synthesis, name)
    for point in grid_points(arm.grid):
        options = matched(recipe, student_of(recipe, arm, point), len(gold.train))
        yield replace(
            _learning(Plugged(plugin, options), name, task, grid_label(point)),
            synthesizer=synthesis.make(task=task, folder=loaded.folder) if synthesis else None,
            synthesizer_id=synthesis.with_files(loaded.folder) if synthesis else {},
            given=given,
            checks=checks,
            checks_id=[c.identity for c in checking],
            critic=looking,
            critic_id=critic.identity if critic else {},
            with_gold=arm.gold,
            turns=arm.turns,
            patience=arm.patience,
            candidates=arm.candidates,
            dev_rationales=arm.dev_rationales,
            most_rows=most_rows(recipe),
        )


def most_rows(recipe: Recipe) -> int | None:
    """Bought rows that each arm may keep in all; None where `match` sets no such number."""
    if recipe.match and recipe.match.by == "rows" and recipe.match.to:
        return int(recipe.match.to)
    return None


def _can_explain(synthesis: Plugged | None, arm: str) -> None:
    """See to it that rationales of dev rows are bought from a method that writes some.

    Raises:
        UserError: it does not.
    """
    gives = synthesis.plugin.gives if synthesis else ()
    if gives is not None and "rationales" not in gives:
        raise UserError(
            f"The arm {arm!r} sets dev_rationales, and its synthesis writes none.",
            "Rationales of dev rows are what a student's own are measured against.",
            "Leave dev_rationales out, or choose five_w, explain or prompted.",
        )


def _can_read(critic: Critic, arm: str, recipe: Recipe, gold: Gold) -> None:
    """See to it that there are rows of the kind that the critic reads.

    Raises:
        UserError: there are none, so that it could never name one.
    """
    if critic.reads == "pool" and not gold.pool:
        raise UserError(
            f"The critic of the arm {arm!r} looks for rows in the error pool, and there is none.",
            "It could not name any, and the later turns would buy nothing.",
            "Set gold.pool: train (the train rows themselves), a file of its own, or "
            "gold.carve.pool: 0.3.",
        )
    if critic.reads == "pool" and recipe.gold.pool == "train" and recipe.arms[arm].gold is True:
        raise UserError(
            f"The critic of the arm {arm!r} looks for errors among the rows its students train on.",
            "gold.pool is train, and the arm trains on gold in every turn: few errors are left.",
            "Set gold: last in the arm (gold joins when the turns are over), or gold: false.",
        )
    if critic.reads == "unlabelled" and recipe.gold.unlabelled is None:
        raise UserError(
            f"The critic of the arm {arm!r} reads unlabelled rows, and the recipe has none.",
            "It could not name any, and the later turns would buy nothing.",
            "Set gold.unlabelled.",
        )


def _can_look(critic: Critic, arm: str, learner: Plugin) -> None:
    """See to it that the critic gets from the arm's students what it needs.

    Raises:
        UserError: it does not; the message names students that give it.
    """
    if not critic.needs or learner.gives is None or critic.needs in learner.gives:
        return
    able = [p.name for (_, p) in catalogue().items() if critic.needs in (p.gives or ())]
    raise UserError(
        f"The critic of the arm {arm!r} needs {critic.needs}, and the student {learner.name} gives "
        "none.",
        "It could not say anything about that student.",
        f"Use the student {', '.join(sorted(able))}, or another critic.",
    )


def _refuse_without_teacher(recipe: Recipe, arm: str, check: str) -> None:
    """Refuse a check that asks a teacher which the recipe does not have.

    Raises:
        UserError: names arm and check.
    """
    if teacher_of(recipe, arm) not in asked_teachers(recipe):
        raise UserError(
            f"The check {check} of the arm {arm} asks the teacher, and the recipe has none.",
            "Its opinion on each draft is bought before the draft is judged.",
            "Give the recipe a teacher, or let students judge: agreement: {by: student}.",
        )


def _learning(part: Plugged, arm: str, task: Task, grid: str) -> Parts:
    return Parts(arm=arm, learner=part.make(task=task), learner_id=part.identity, grid=grid)


def matched(recipe: Recipe, student: StudentSpec, train_rows: int) -> dict[str, Any]:
    """Student options with the steps that `match: steps` asks for.

    Raises:
        UserError: the student has no `steps` to set.
    """
    if recipe.match is None or recipe.match.by != "steps":
        return dict(student.options)
    plugin = find("learner", student.kind)
    filled = build_options(plugin, student.options)
    if not hasattr(filled, "steps"):
        raise UserError(
            f"match: steps needs a student with `steps`; {plugin.name} has none.",
            do="Match by rows or usd, or choose a seq2seq or classifier student.",
        )
    by_epochs = math.ceil(train_rows / filled.batch_size) * filled.epochs
    steps = recipe.match.to or filled.steps or by_epochs
    return {**student.options, "steps": int(steps)}


def grid_points(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of a grid's values; one empty point where there is no grid.

    >>> grid_points({"a": (1, 2), "b": (3,)})
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 3}]
    """
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def grid_label(point: Mapping[str, Any]) -> str:
    """A point of a grid in a few characters.

    >>> grid_label({"learning_rate": 0.0012, "objective": {"split_loss": {"label": 0.25}}})
    'learning_rate=0.0012 objective=split_loss(label=0.25)'
    """
    return " ".join(f"{key}={_brief(value)}" for key, value in point.items())


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(
            f"{k}({', '.join(f'{n}={v}' for n, v in inner.items())})"
            if isinstance(inner, Mapping)
            else f"{k}={inner}"
            for k, inner in value.items()
        )
    return str(value)
