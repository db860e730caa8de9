"""Accuracy, F1 and the confusion matrix of single-label tasks, over the whole set at once.

A row without a readable answer counts as wrong and stays in the denominator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tutelage.evaluation.alignment import UNPARSEABLE, Indicators, indicators
from tutelage.evaluation.metric_options import AccuracyOptions
from tutelage.records import Example, Prediction, Task

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of rows that are right, and share of rows without a readable answer."""

    options: AccuracyOptions = field(default_factory=AccuracyOptions)
    name: str = "accuracy"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        table = indicators(task, gold, predictions)
        scores = {
            "accuracy": float(table.right.mean()),
            "unparseable": float(1 - table.answered.mean()),
        }
        if self.options.count_unparseable == "drop":
            rows = int(table.answered.sum())
            scores["accuracy_answered"] = float(table.right.sum() / rows) if rows else 0.0
            scores["accuracy_answered_rows"] = float(rows)
        return scores


@dataclass(frozen=True, slots=True)
class MacroF1:
    """Mean over labels of their F1. Labels without a gold row are left out of the mean, so that
    every arm is averaged over the same labels."""

    options: Any = None
    name: str = "macro_f1"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        return {"macro_f1": macro_f1(indicators(task, gold, predictions))}


@dataclass(frozen=True, slots=True)
class PerClass:
    """Precision, recall, F1 and support of each label, as `precision/LABEL` and so on."""

    options: Any = None
    name: str = "per_class"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        table = indicators(task, gold, predictions)
        precision, recall, f1 = label_scores(table)
        return {
            f"{what}/{name}": float(values[i])
            for i, name in enumerate(table.names)
            for what, values in (
                ("precision", precision),
                ("recall", recall),
                ("f1", f1),
                ("support", table.gold.sum(axis=0)),
            )
        }


def label_scores(table: Indicators) -> tuple[Counts, Counts, Counts]:
    """Precision, recall and F1 by label; 0 where nothing was predicted or nothing is there."""
    hits = (table.gold & table.said).sum(axis=0).astype(np.float64)
    said, real = table.said.sum(axis=0), table.gold.sum(axis=0)
    return _share(hits, said), _share(hits, real), _share(2 * hits, said + real)


def macro_f1(table: Indicators) -> float:
    """Mean F1 over the labels that stand in gold; 0 where none does."""
    present = table.gold.any(axis=0)
    return float(label_scores(table)[2][present].mean()) if present.any() else 0.0


def micro_f1(table: Indicators) -> float:
    """F1 over all cells of row and label."""
    both = int(table.said.sum() + table.gold.sum())
    return float(2 * (table.gold & table.said).sum() / both) if both else 0.0


def _share(part: Counts, whole: npt.NDArray[Any]) -> Counts:
    shares: Counts = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return shares


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of gold label by predicted label."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """One line for each gold label; columns are the labels, then answers that were unparseable."""

    def to_facts(self) -> dict[str, Any]:
        columns = [*self.labels, UNPARSEABLE]
        return {
            "rows": list(self.labels),
            "columns": columns,
            "counts": [list(c) for c in self.counts],
        }


def confusion(task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]) -> Confusion:
    """The confusion matrix of a single-label task, with a column for unparseable answers."""
    table = indicators(task, gold, predictions)
    said = np.column_stack([table.said, ~table.answered]).astype(np.float64)
    counts = table.gold.astype(np.float64).T @ said  # floats: NumPy multiplies integers slowly
    return Confusion(table.names, tuple(tuple(int(v) for v in line) for line in counts))
