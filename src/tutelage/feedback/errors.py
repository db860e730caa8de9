"""The errors of the last student in the gold pool (as in S3, arXiv 2310.13671)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tutelage.contracts import Predictor
from tutelage.exceptions import UserError
from tutelage.plugins import NoOptions
from tutelage.records import Example, Feedback, Prediction, Task, Weighted


@dataclass(frozen=True)
class Errors:
    """Names each pool row that the student gets wrong, and what it said instead."""

    task: Task
    needs: str = ""
    reads: Literal["pool", "unlabelled"] = "pool"

    def review(
        self, student: Predictor, rows: Sequence[Example], kept: Sequence[Example], *, seed: int
    ) -> Feedback:
        """Wrong rows in their order, each with weight 1, and the error rate.

        Raises:
            UserError: there are no labelled rows to look at.
        """
        if not rows or any(row.answer is None for row in rows):
            raise UserError(
                "The errors critic has no labelled pool to look at.",
                "Errors can only be seen where the right answer is known.",
                "Give gold.pool, or carve it: gold: {carve: {pool: 0.1}}.",
            )
        answers = student.predict(rows)
        wrong = [
            Weighted(row, 1.0, f"predicted {_said(answer)}")
            for row, answer in zip(rows, answers, strict=True)
            if not self._right(row, answer)
        ]
        return Feedback(
            tuple(wrong), {"error_rate": len(wrong) / len(rows), "errors": float(len(wrong))}
        )

    def _right(self, row: Example, answer: Prediction) -> bool:
        if self.task.kind == "multi_label":
            return answer.labels is not None and set(answer.labels) == set(row.labels or ())
        return answer.label == row.label


def _said(answer: Prediction) -> str:
    if answer.labels is not None:
        return ", ".join(answer.labels) or "no label"
    return answer.label if answer.label is not None else "nothing readable"


def build(options: NoOptions, *, task: Task) -> Errors:
    """The critic for `task`."""
    return Errors(task)
