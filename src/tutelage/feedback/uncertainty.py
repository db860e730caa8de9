"""Rows on which the student wavers: the smallest margin between its two likeliest labels
(Scheffer, Decomain and Wrobel 2001)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tutelage.contracts import Predictor
from tutelage.exceptions import UserError
from tutelage.feedback.critic_options import UncertaintyOptions
from tutelage.records import Example, Feedback, Task, Weighted


@dataclass(frozen=True)
class Uncertainty:
    """Names the rows with the smallest margin; no label of theirs is looked at."""

    options: UncertaintyOptions
    task: Task
    needs: str = "scores"

    @property
    def reads(self) -> Literal["pool", "unlabelled"]:
        return self.options.reads

    def review(
        self, student: Predictor, rows: Sequence[Example], kept: Sequence[Example], *, seed: int
    ) -> Feedback:
        """The most uncertain rows first, each with the weight 1 - margin, and the mean margin.

        Rows that were kept already (by id or as the source of a kept row) are passed over: a label
        is not bought twice.

        Raises:
            UserError: the student gives no scores.
        """
        used = {row.id for row in kept} | {row.origin.source for row in kept}
        fresh = [row for row in rows if row.id not in used]
        margins = [self._margin(answer.scores) for answer in student.predict(fresh)]
        order = np.argsort(margins, kind="stable")[: self.options.rows]
        named = [
            Weighted(fresh[i], 1.0 - margins[i], f"margin {margins[i]:.3f}") for i in order.tolist()
        ]
        measures = {"mean_margin": float(np.mean(margins))} if margins else {}
        return Feedback(tuple(named), measures)

    def _margin(self, scores: Mapping[str, float] | None) -> float:
        if not scores:
            raise UserError(
                "The uncertainty critic needs probabilities, and the student gives none.",
                do="Use a student that scores labels (for seq2seq: answer: score).",
            )
        if self.task.kind == "multi_label":
            return min(abs(2 * p - 1) for p in scores.values())
        first, second, *_ = sorted((*scores.values(), 0.0), reverse=True)
        return first - second


def build(options: UncertaintyOptions, *, task: Task) -> Uncertainty:
    """The critic for `task`."""
    return Uncertainty(options, task)
