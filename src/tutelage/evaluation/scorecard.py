"""From predictions to a scorecard, and from the folds of a cross-fitted study to one card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any, Literal

from tutelage.contracts import Metric
from tutelage.evaluation.alignment import align
from tutelage.evaluation.classification import confusion
from tutelage.evaluation.metrics import measure
from tutelage.exceptions import UserError
from tutelage.records import Example, Prediction, Scorecard, Task, Usage

Split = Literal["dev", "test"]


def score(
    task: Task,
    rows: Sequence[Example],
    predictions: Sequence[Prediction],
    *,
    arm: str,
    split: Split,
    rule: str = "",
    grid: str = "",
    student_seed: int = 0,
    purchase_seed: int = 0,
    charged: Usage | None = None,
    facts: Mapping[str, Any] | None = None,
    metrics: Sequence[Metric] | None = None,
) -> Scorecard:
    """Score one student's, teacher's or rival's answers to `rows`.

    Args:
        task: What was asked.
        rows: The labelled rows that were answered, all of them.
        predictions: One for each row, in any order.
        arm: Name of the arm or rival.
        split: Where the rows are from.
        rule: Checkpoint rule; empty for rivals.
        grid: Point of the arm's grid.
        student_seed: Of the student.
        purchase_seed: Of what was bought.
        charged: What the arm's replies cost as if bought alone.
        facts: What else stands beside the score, such as the number of training rows. The number
            of scored rows and, for one label a row, the confusion matrix are added.
        metrics: From `metrics_for`; the task's own where None.

    Raises:
        UserError: predictions and rows do not match one to one by id.
    """
    told: dict[str, Any] = {**(facts or {}), "scored_rows": len(rows)}
    if task.kind in ("classification", "nli"):
        told["confusion"] = confusion(task, rows, predictions).to_facts()
    return Scorecard(
        arm=arm,
        rule=rule,
        grid=grid,
        student_seed=student_seed,
        purchase_seed=purchase_seed,
        split=split,
        scores=measure(task, rows, predictions, metrics),
        predictions=tuple(align(rows, predictions)),
        charged=charged or Usage(),
        facts=told,
    )


def merge_folds(
    task: Task,
    rows: Sequence[Example],
    cards: Sequence[Scorecard],
    metrics: Sequence[Metric] | None = None,
) -> list[Scorecard]:
    """One card for each student of a cross-fitted study, whose folds were scored apart.

    Cards of the same arm, grid, rule, seeds and split are joined over their rows and scored anew,
    because F1 of a whole is not the mean of its parts. The folds of an arm buy on one account, so
    what the joined card was charged is the most that any of them shows, not their sum. Dev rows may
    stand in several folds: the first fold that has a row answers it.

    Raises:
        UserError: two folds answered the same test row, or a card answers a row that is not there.
    """
    by_id = {row.id: row for row in rows}
    return [
        _joined(task, by_id, folds, metrics) if len(folds) > 1 else folds[0]
        for folds in _by_student(cards)
    ]


def _by_student(cards: Sequence[Scorecard]) -> list[list[Scorecard]]:
    students: dict[tuple[Any, ...], list[Scorecard]] = {}
    for c in cards:
        key = (c.arm, c.grid, c.rule, c.student_seed, c.purchase_seed, c.split)
        students.setdefault(key, []).append(c)
    return list(students.values())


def _joined(
    task: Task,
    by_id: Mapping[str, Example],
    folds: Sequence[Scorecard],
    metrics: Sequence[Metric] | None,
) -> Scorecard:
    answers: dict[str, Prediction] = {}
    for prediction in (p for card in folds for p in card.predictions):
        answers.setdefault(prediction.id, prediction)
    unknown = [i for i in answers if i not in by_id]
    twice = sum(len(card.predictions) for card in folds) - len(answers)
    if unknown or (twice and folds[0].split == "test"):
        raise UserError(
            f"The {len(folds)} folds of {folds[0].arm!r} cannot be joined.",
            f"{twice} rows were answered by more than one fold, "
            f"{len(unknown)} are not among the rows.",
            "Score each fold on its own held-out rows.",
        )
    rows = [row for i, row in by_id.items() if i in answers]
    first = folds[0]
    told = {k: v for k, v in first.facts.items() if all(c.facts.get(k) == v for c in folds)}
    joined = score(
        task,
        rows,
        list(answers.values()),
        arm=first.arm,
        split="dev" if first.split == "dev" else "test",
        charged=max((card.charged for card in folds), key=astuple),
        facts={**told, "folds": len(folds)},
        metrics=metrics,
    )
    return replace(
        joined,
        rule=first.rule,
        grid=first.grid,
        student_seed=first.student_seed,
        purchase_seed=first.purchase_seed,
    )
