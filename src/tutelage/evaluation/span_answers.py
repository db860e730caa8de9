"""Exact match and token F1 of extractive answers, as SQuAD counts them.

Each row's value is the best over its references; the score is the mean over all rows. A row without
a readable answer has 0 in both and stays in the denominator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tutelage.answer_matching import match_of
from tutelage.evaluation.alignment import align
from tutelage.exceptions import DataError
from tutelage.records import Example, Prediction, Task

Measure = Literal["f1", "em"]
MEASURES: tuple[Measure, ...] = ("f1", "em")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpanAnswers:
    """`f1`, `em` and the share of answers that could not be read (`unparseable`); where some
    questions have no answer, both measures on either kind too, as SQuAD 2.0 reports them."""

    options: Any = None
    name: str = "span_answers"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        values = {name: span_values(gold, predictions, measure=name) for name in MEASURES}
        unread = [p.spans is None for p in predictions]
        scores: dict[str, float] = {name: _mean(values[name]) for name in MEASURES}
        scores["unparseable"] = _mean(np.array(unread, dtype=np.float64))
        answerable = np.array([bool(row.spans) for row in gold])
        if not answerable.all():
            for name in MEASURES:
                scores[f"{name}/answerable"] = _mean(values[name][answerable])
            scores["em/unanswerable"] = _mean(values["em"][~answerable])
            scores["unanswerable_rows"] = float((~answerable).sum())
        return scores


def span_values(
    gold: Sequence[Example], predictions: Sequence[Prediction], *, measure: Measure
) -> Floats:
    """[rows], 0 to 1.

    Raises:
        DataError: a gold row that does not say what its answer is.
    """
    if unknown := [row.id for row in gold if row.spans is None]:
        raise DataError(
            f"{len(unknown)} rows have no answer spans, such as {unknown[0]!r}.",
            "A prediction cannot be scored against them.",
            "Give the answers, empty for a question that has none.",
        )
    matches = [match_of(row, p) for row, p in zip(gold, align(gold, predictions), strict=True)]
    return np.array([m.f1 if measure == "f1" else m.exact for m in matches], dtype=np.float64)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0
