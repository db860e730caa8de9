"""The errors of the last student in the gold pool (as in S3, arXiv 2310.13671).

A loop that buys rows like its own errors will sooner or later fit the pool rather than the task. So
a part of the pool is held back: its errors are measured and never handed over. Where the error rate
falls in the part that is used and not in the part held back, the loop learns the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tutelage.contracts import Predictor
from tutelage.exceptions import UserError
from tutelage.feedback.correctness import is_right, said
from tutelage.feedback.critic_options import ErrorsOptions
from tutelage.feedback.holding_back import held_back
from tutelage.records import Example, Feedback, Prediction, Task, Weighted


@dataclass(frozen=True)
class Errors:
    """Names each pool row that the student gets wrong, and what it said instead."""

    task: Task
    options: ErrorsOptions = field(default_factory=ErrorsOptions)
    reads: Literal["pool", "unlabelled", "kept"] = "pool"

    @property
    def needs(self) -> str:
        return "" if self.options.weights == "equal" else "scores"

    def review(
        self, student: Predictor, rows: Sequence[Example], kept: Sequence[Example], *, seed: int
    ) -> Feedback:
        """Wrong rows in their order, and the error rates: `error_rate` of the rows that may be
        handed over, `held_back_error_rate` of the others.

        Raises:
            UserError: there are no labelled rows to look at, or weights need scores that the
                student does not give.
        """
        used, held = pool_parts(rows, self.options.hold_back)
        answers = student.predict([*used, *held])
        wrong = [
            Weighted(row, self._weight(row, answer), f"predicted {said(answer)}")
            for row, answer in zip(used, answers, strict=False)
            if not is_right(row, answer)
        ]
        return Feedback(tuple(wrong), error_measures(used, held, answers))

    def _weight(self, row: Example, answer: Prediction) -> float:
        if self.options.weights == "equal":
            return 1.0
        if not answer.scores or answer.label is None or row.label is None:
            raise UserError(
                f"The errors critic cannot weigh errors by {self.options.weights}.",
                "That needs the probability of each label, and a task with one label for a row.",
                "Write weights: equal, or use a student that scores labels.",
            )
        sure = answer.scores.get(answer.label, 0.0)
        right = answer.scores.get(row.label, 0.0)
        return sure if self.options.weights == "confidence" else sure - right


def pool_parts(
    rows: Sequence[Example], share: float | None
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """The pool's rows that may be handed over, and those held back.

    Raises:
        UserError: there are no labelled rows.
    """
    if not rows or any(row.answer is None for row in rows):
        raise UserError(
            "The errors critic has no labelled pool to look at.",
            "Errors can only be seen where the right answer is known.",
            "Give gold.pool, or carve it: gold: {carve: {pool: 0.1}}.",
        )
    return held_back(rows, share)


def error_measures(
    used: Sequence[Example], held: Sequence[Example], answers: Sequence[Prediction]
) -> dict[str, float]:
    """Error rates of both parts; `answers` are to all rows of `used`, then of `held`."""
    wrong = [not is_right(r, a) for r, a in zip([*used, *held], answers, strict=True)]
    errors, held_errors = sum(wrong[: len(used)]), sum(wrong[len(used) :])
    found = {"error_rate": errors / max(len(used), 1), "errors": float(errors)}
    if held:
        found |= {"held_back_error_rate": held_errors / len(held), "held_back": float(len(held))}
    return found


def build(options: ErrorsOptions, *, task: Task) -> Errors:
    """The critic for `task`.

    Raises:
        UserError: weights that need single labels, for another kind of task.
    """
    if options.weights != "equal" and task.kind not in ("classification", "nli"):
        raise UserError(
            f"weights: {options.weights} does not go with a task of kind {task.kind}.",
            "It compares the probability of the wrong label with that of the right one.",
            "Write weights: equal.",
        )
    return Errors(task, options)
