"""Students of finished runs: found again by arm, seed and checkpoint rule, and asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutelage.contracts import Predictor
from tutelage.exceptions import UserError
from tutelage.plugins import find, nearest
from tutelage.recipe import Recipe
from tutelage.recipe.validation import parse_primary, student_of
from tutelage.records import Example, Prediction, Task
from tutelage.store.encoding import decode
from tutelage.study.archive import PastRun, find_run
from tutelage.study.building import Plugged, grid_label, grid_points

Row = str | Mapping[str, str]
"""A text, or texts by field."""


@dataclass(frozen=True)
class Student:
    """A trained student, ready to answer."""

    task: Task
    arm: str
    seed: int
    folder: Path
    """Where it is saved."""
    predictor: Predictor

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the order of `predict_proba`'s columns."""
        return self.task.label_names

    def predict(self, rows: Sequence[Row]) -> list[str | tuple[str, ...] | None]:
        """The label of each row; a tuple of labels where several may apply; the text that answers a
        question, empty where the context holds none (`answer` also tells where it stands); the text
        that was written, where the task is to write one.

        Args:
            rows: Texts, or mappings from field to text for tasks with several fields.

        Returns:
            In the order of `rows`; None where a generated answer cannot be read.

        Raises:
            UserError: a row lacks a field.
        """
        return [
            p.answer if p.spans is None else "".join(span.text for span in p.spans[:1])
            for p in self.answer(rows)
        ]

    def predict_proba(self, rows: Sequence[Row]) -> list[list[float]]:
        """Probability of each label, in the order of `labels`.

        Raises:
            UserError: a row lacks a field, or this student gives no probabilities.
        """
        found = []
        for prediction in self.answer(rows):
            if prediction.scores is None:
                raise UserError(
                    f"The student of arm {self.arm!r} gives no probabilities.",
                    "It writes its answers freely.",
                    "Ask `predict` for its texts."
                    if self.task.kind == "generation"
                    else "Train it with `answer: score`.",
                )
            found.append([float(prediction.scores.get(name, 0.0)) for name in self.labels])
        return found

    def answer(self, rows: Sequence[Row], *, rationale: bool = False) -> list[Prediction]:
        """All that the student says of each row; with its rationale where asked and taught."""
        return self.predictor.predict(
            [self._example(i, row) for i, row in enumerate(rows)], rationale=rationale
        )

    def _example(self, number: int, row: Row) -> Example:
        fields = self.task.fields
        if isinstance(row, str):
            if len(fields) > 1:
                raise UserError(
                    f"A row is one text, but the task reads {' and '.join(fields)}.",
                    do="Give each row as a mapping from field to text.",
                )
            return Example(str(number), {fields[0]: row})
        missing = [field for field in fields if field not in row]
        if missing:
            raise UserError(
                f"Row {number} has no {missing[0]!r}; it has {', '.join(row) or 'nothing'}.",
                f"The student reads {', '.join(fields)}.",
            )
        return Example(str(number), {field: str(row[field]) for field in fields})


def load_student(
    run: str | Path, arm: str = "", *, seed: int | None = None, rule: str = ""
) -> Student:
    """A student of a finished run; `api.load` says what the arguments mean."""
    past = find_run(run)
    unit = find_unit(past, arm, seed)
    folder = past.folder / _folder(unit, rule)
    task = task_of(past)
    learner = learner_of(past.recipe, task, unit["arm"], unit["grid"])
    return Student(task, unit["arm"], unit["student_seed"], folder, learner.load(folder))


def task_of(run: PastRun) -> Task:
    """The task that a run learns.

    Raises:
        UserError: it never came so far as to read gold.
    """
    return decode(Task, run.about.get("task") or run.results["task"])


def find_unit(run: PastRun, arm: str = "", seed: int | None = None) -> dict[str, Any]:
    """The facts of one student: the arm at its chosen grid point, the first fold and purchase.

    Raises:
        UserError: no such arm or seed.
    """
    results = run.results
    known = list(dict.fromkeys(unit["arm"] for unit in results["units"]))
    name = arm or primary_arm(run.recipe, known)
    if name not in known:
        raise UserError(f"The run {run.folder} has no arm {name!r}.", do=nearest(name, known))
    grid = results["chosen"].get(name, {}).get("grid", "")
    units = [u for u in results["units"] if u["arm"] == name and u["grid"] == grid]
    seeds = list(dict.fromkeys(u["student_seed"] for u in units))
    if seed is not None and seed not in seeds:
        raise UserError(
            f"The arm {name!r} has no student with seed {seed}.",
            do=f"It has the seeds {', '.join(map(str, seeds))}.",
        )
    wanted = seeds[0] if seed is None else seed
    found: dict[str, Any] = next(u for u in units if u["student_seed"] == wanted)
    return found


def primary_arm(recipe: Recipe, known: Sequence[str]) -> str:
    """The arm that the recipe is about: the better one of its primary comparison, else the last."""
    better, _ = parse_primary(recipe.primary)
    if better in known:
        return better
    arms = [name for name in known if name in recipe.arms]
    return (arms or list(known))[-1]


def learner_of(recipe: Recipe, task: Task, arm: str, grid: str) -> Any:
    """The learner that made an arm's students.

    Raises:
        UserError: its package is not installed.
    """
    rival = recipe.rivals.get(arm)
    if rival is not None and rival.student is not None:
        return Plugged(find("learner", rival.student.kind), rival.student.options).make(task=task)
    spec = recipe.arms[arm]
    point = next((p for p in grid_points(spec.grid) if grid_label(p) == grid), {})
    student = student_of(recipe, spec, point)
    return Plugged(find("learner", student.kind), student.options).make(task=task)


def _folder(unit: Mapping[str, Any], rule: str) -> str:
    folders: dict[str, str] = unit["folders"]
    name = rule or unit["primary"]
    if name not in folders:
        raise UserError(
            f"The student of arm {unit['arm']!r} has no checkpoint {name!r}.",
            do=nearest(name, tuple(folders)),
        )
    return folders[name]
