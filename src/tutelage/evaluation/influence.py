"""Per-row values whose mean is the score, so that one statistic serves accuracy and F1 alike.

Accuracy is a mean over rows, and so are exact match and token F1 of span QA and ROUGE of written
texts. F1 over labels is a ratio of such means, and corpus BLEU and chrF are smooth functions of
them; to first order, row r moves such a score by its influence, and score + n * influence[r]
averages to the score itself (the infinitesimal jackknife, Efron 1982, chapter 6). Intervals and
paired tests then resample rows and seeds of these values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutelage.evaluation.alignment import Bools, Indicators, indicators
from tutelage.evaluation.scales import OVERLAPS
from tutelage.evaluation.span_answers import span_values
from tutelage.evaluation.text_quality import text_values
from tutelage.evaluation.variance import Floats
from tutelage.exceptions import UserError
from tutelage.records import Example, Prediction, Task, TaskKind

LABELLED = ("accuracy", "subset_accuracy", "macro_f1", "micro_f1")
SPANS = ("f1", "em")
ROW_WISE = (*LABELLED, *SPANS, *OVERLAPS)
_OF_ONE_LABEL = ("accuracy", "macro_f1")
COMPARABLE: dict[TaskKind, tuple[str, ...]] = {
    "classification": _OF_ONE_LABEL,
    "nli": _OF_ONE_LABEL,
    "multi_label": LABELLED,
    "span_qa": SPANS,
    "generation": OVERLAPS,
}
"""Metrics on which arms can be compared: those that are measured and have row values."""


def check_metric(task: Task) -> None:
    """Refuse a metric on which the arms of `task` cannot be compared, before anything is bought.

    Raises:
        UserError: names those on which they can.
    """
    known = COMPARABLE[task.kind]
    if task.metric not in known:
        raise _not_row_wise(task.metric, known)


def row_values(
    task: Task,
    gold: Sequence[Example],
    predictions: Sequence[Prediction],
    *,
    metric: str = "accuracy",
) -> Floats:
    """Values [rows] whose mean is `metric`.

    Raises:
        UserError: the metric has no per-row values.
    """
    if task.kind == "span_qa":
        if metric not in SPANS:
            raise _not_row_wise(metric, SPANS)
        return span_values(gold, predictions, measure="f1" if metric == "f1" else "em")
    if task.kind == "generation":
        if metric not in OVERLAPS:
            raise _not_row_wise(metric, OVERLAPS)
        return text_values(gold, predictions, metric=metric)
    table = indicators(task, gold, predictions)
    if metric in ("accuracy", "subset_accuracy"):
        return table.right.astype(np.float64)
    if metric == "macro_f1":
        present: Bools = np.any(table.gold, axis=0)
        return _f1_values(table, present) if present.any() else np.zeros(len(gold))
    if metric == "micro_f1":
        return _micro_values(table)
    raise _not_row_wise(metric, LABELLED)


def _not_row_wise(metric: str, known: Sequence[str]) -> UserError:
    return UserError(
        f"Arms cannot be compared on {metric!r}.",
        "Intervals and tests need a value for each row.",
        f"Name one of {', '.join(known)} as the task's metric.",
    )


def _f1_values(table: Indicators, present: Bools) -> Floats:
    hits, both = _cells(table)
    total = np.maximum(both.sum(axis=0), 1)
    f1 = 2 * hits.sum(axis=0) / total
    moved = (2 * hits - f1 * both) / total
    return np.asarray(f1[present].mean() + len(hits) * moved[:, present].mean(axis=1))


def _micro_values(table: Indicators) -> Floats:
    hits, both = (cells.sum(axis=1) for cells in _cells(table))
    total = max(both.sum(), 1.0)
    f1 = 2 * hits.sum() / total
    return np.asarray(f1 + len(hits) * (2 * hits - f1 * both) / total)


def _cells(table: Indicators) -> tuple[Floats, Floats]:
    hits = (table.gold & table.said).astype(np.float64)
    return hits, table.gold.astype(np.float64) + table.said
