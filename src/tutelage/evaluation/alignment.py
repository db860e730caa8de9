"""Bringing predictions into the order of gold, by id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tutelage.exceptions import DataError, UserError
from tutelage.records import Example, Prediction, Task

UNPARSEABLE = "unparseable"
Bools = npt.NDArray[np.bool_]


def align(gold: Sequence[Example], predictions: Sequence[Prediction]) -> list[Prediction]:
    """`predictions` in the order of `gold`.

    Raises:
        UserError: an id stands twice, is missing, or belongs to no row; all of them are counted.
    """
    by_id = {p.id: p for p in predictions}
    wanted = {row.id for row in gold}
    faults = [
        _named("rows without a prediction", [row.id for row in gold if row.id not in by_id]),
        _named("predictions without a row", [p.id for p in predictions if p.id not in wanted]),
        _named("ids predicted more than once", _twice([p.id for p in predictions])),
        _named("ids of more than one row", _twice([row.id for row in gold])),
    ]
    if any(faults):
        raise UserError(
            "Predictions and rows do not match: " + "; ".join(f for f in faults if f) + ".",
            "A score over some of the rows would not be the score of the set.",
            "Give exactly one prediction for each row, under the row's id.",
        )
    return [by_id[row.id] for row in gold]


def _twice(ids: Sequence[str]) -> list[str]:
    return [i for i, count in Counter(ids).items() if count > 1]


def _named(what: str, ids: Sequence[str]) -> str:
    if not ids:
        return ""
    more = ", ..." if len(ids) > 3 else ""
    return f"{len(ids)} {what} ({', '.join(map(repr, ids[:3]))}{more})"


@dataclass(frozen=True, slots=True)
class Indicators:
    """Gold and predicted labels as 0/1 tables [rows, labels]."""

    gold: Bools
    said: Bools
    answered: Bools
    """[rows]: whether an answer could be read at all."""
    names: tuple[str, ...]

    @property
    def right(self) -> Bools:
        """[rows]: all labels of the row are right, and an answer was given."""
        same: Bools = (self.gold == self.said).all(axis=1) & self.answered
        return same


def indicators(
    task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
) -> Indicators:
    """Aligned 0/1 tables for single-label and multi-label tasks alike.

    A predicted label that the task does not have counts as no answer.

    Raises:
        DataError: a gold row without a label, or with one that the task does not have.
    """
    found = align(gold, predictions)
    column = {name: i for i, name in enumerate(task.label_names)}
    multi = task.kind == "multi_label"
    truth = np.zeros((len(gold), len(column)), dtype=np.bool_)
    said = np.zeros_like(truth)
    answered = np.zeros(len(gold), dtype=np.bool_)
    for i, (row, prediction) in enumerate(zip(gold, found, strict=True)):
        for name in _gold_labels(row, column, multi=multi):
            truth[i, column[name]] = True
        labels = _said_labels(prediction, multi=multi)
        if labels is not None and all(name in column for name in labels):
            answered[i] = True
            said[i, [column[name] for name in labels]] = True
    return Indicators(truth, said, answered, task.label_names)


def _gold_labels(row: Example, column: dict[str, int], *, multi: bool) -> tuple[str, ...]:
    labels = row.labels if multi else (None if row.label is None else (row.label,))
    if labels is None:
        raise DataError(
            f"Row {row.id!r} has no label.",
            "A prediction cannot be scored against it.",
            "Label the row or leave it out of the set.",
        )
    unknown = [name for name in labels if name not in column]
    if unknown:
        raise DataError(
            f"Row {row.id!r} has the label {unknown[0]!r}, which the task does not have.",
            do=f"Labels of the task: {', '.join(column)}.",
        )
    return labels


def _said_labels(prediction: Prediction, *, multi: bool) -> tuple[str, ...] | None:
    if multi:
        return prediction.labels
    return None if prediction.label is None else (prediction.label,)
