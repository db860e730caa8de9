"""Do the probabilities mean what they say? Single-label tasks, over the rows that have scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tutelage.evaluation.alignment import align
from tutelage.evaluation.metric_options import CalibrationOptions
from tutelage.records import Example, Prediction, Task

Floats = npt.NDArray[np.float64]
TINY = 1e-15
"""Smallest probability in the log loss."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Expected calibration error, Brier score, log loss, and how many rows had scores.

    Scores are shares of their sum, so that a teacher's top log-probabilities may be given as they
    are. Nothing is reported where no row has scores, or for multi-label tasks.
    """

    options: CalibrationOptions = field(default_factory=CalibrationOptions)
    name: str = "calibration"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        column = {name: i for i, name in enumerate(task.label_names)}
        pairs = [
            (row.label, p.scores)
            for row, p in zip(gold, align(gold, predictions), strict=True)
            if p.scores and row.label in column and sum(p.scores.values()) > 0
        ]
        if task.kind == "multi_label" or not pairs:
            return {}
        table = np.zeros((len(pairs), len(column)))
        truth = np.zeros(table.shape, dtype=np.bool_)
        for i, (label, scores) in enumerate(pairs):
            truth[i, column[label]] = True
            for name, value in scores.items():
                if name in column:
                    table[i, column[name]] = value
        table = table / np.maximum(table.sum(axis=1, keepdims=True), TINY)
        return {
            "ece": calibration_error(table, truth, bins=self.options.bins),
            "brier": float(((table - truth) ** 2).sum(axis=1).mean()),
            "log_loss": float(-np.log(np.maximum(table[truth], TINY)).mean()),
            "scored_rows": float(len(pairs)),
        }


def calibration_error(table: Floats, truth: npt.NDArray[np.bool_], *, bins: int) -> float:
    """Mean gap between confidence and accuracy over bins of equally many rows, weighted by size.

    Equal-mass bins (Nguyen and O'Connor 2015; Nixon et al. 2019, arXiv 1904.01685) leave no bin
    nearly empty, as equal-width bins do with a confident student.

    Args:
        table: Probabilities [rows, labels].
        truth: The right label of each row as 0/1 [rows, labels].
        bins: At most so many.
    """
    confidence = table.max(axis=1)
    right = truth[np.arange(len(table)), table.argmax(axis=1)]
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    gaps = [abs(confidence[p].mean() - right[p].mean()) * len(p) for p in parts]
    return float(sum(gaps) / len(order))
