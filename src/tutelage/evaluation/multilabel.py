"""Metrics of tasks in which several labels, or none, may apply to a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutelage.evaluation.alignment import indicators
from tutelage.evaluation.classification import macro_f1, micro_f1
from tutelage.records import Example, Prediction, Task


@dataclass(frozen=True, slots=True)
class MultiLabel:
    """Micro-F1, macro-F1, subset accuracy (also as `accuracy`) and Hamming loss.

    An unreadable answer names no label, is no exact match, and has every cell of its row wrong.
    """

    options: Any = None
    name: str = "multi_label"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        table = indicators(task, gold, predictions)
        wrong = (table.gold != table.said) | ~table.answered[:, None]
        return {
            "micro_f1": micro_f1(table),
            "macro_f1": macro_f1(table),
            "accuracy": float(table.right.mean()),
            "subset_accuracy": float(table.right.mean()),
            "hamming_loss": float(wrong.mean()),
            "unparseable": float(1 - table.answered.mean()),
        }
