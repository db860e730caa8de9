"""Rows that helped the student most, by influence functions (ProGen, arXiv 2210.12329).

Of the rows kept so far a part is set aside for validation; the others are scored by what weighting
them up would do to the student's mean loss there. No gold row is looked at: both parts were written
by the teacher, which is why the loss is one that wrong labels disturb less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tutelage.contracts import Influential, Predictor
from tutelage.exceptions import UserError
from tutelage.feedback.critic_options import InfluenceOptions
from tutelage.feedback.holding_back import place
from tutelage.records import Example, Feedback, Task, Weighted


@dataclass(frozen=True)
class Influence:
    """Names the kept rows that are most helpful for each label."""

    options: InfluenceOptions
    task: Task
    needs: str = "gradients"
    reads: Literal["pool", "unlabelled", "kept"] = "kept"

    def review(
        self, student: Predictor, rows: Sequence[Example], kept: Sequence[Example], *, seed: int
    ) -> Feedback:
        """The most helpful rows of each label, label by label. A row's weight is its influence with
        the sign turned: by how much the loss would fall for each unit of its weight.

        Rows with an influence of 0 or more are harmful or useless and are never named, so a label
        may have fewer than `options.rows` of them.

        Raises:
            UserError: the student has no gradients.
        """
        if not isinstance(student, Influential):
            raise no_gradients()
        validation = [row for row in kept if place(row) < self.options.validation]
        scored = self._scored(kept, seed)
        if len(scored) <= self.options.least:
            named = [Weighted(row, 0.0, "not measured") for row in scored]
            return Feedback(tuple(named), {"scored": 0.0, "validation": float(len(validation))})
        if not validation or len({row.label for row in scored}) < 2:
            return Feedback((), {"scored": 0.0, "validation": float(len(validation))})
        found = student.influences(scored, validation, loss=self.options.loss)
        order = sorted(range(len(scored)), key=lambda i: (found[i], i))
        helpful = [i for i in order if found[i] < 0]
        best = [
            Weighted(scored[i], -found[i], f"influence {found[i]:+.2e}")
            for label in self.task.label_names
            for i in [j for j in helpful if scored[j].label == label][: self.options.rows]
        ]
        return Feedback(
            tuple(best),
            {
                "scored": float(len(scored)),
                "validation": float(len(validation)),
                "helpful": len(helpful) / len(scored),
            },
        )

    def _scored(self, kept: Sequence[Example], seed: int) -> list[Example]:
        """The rows that are not set aside; a random `most` of them, in their order."""
        left = [row for row in kept if place(row) >= self.options.validation]
        if len(left) <= self.options.most:
            return left
        picks = np.random.default_rng([seed, len(kept)]).permutation(len(left))
        return [left[i] for i in sorted(picks[: self.options.most].tolist())]


def no_gradients() -> UserError:
    """The student cannot say what its rows did to it."""
    return UserError(
        "The critic influence needs the student's gradients, and this student gives none.",
        "Influence is measured through the gradients of its last layer.",
        "Use the student linear, embedding_head or classifier, or another critic.",
    )


def build(options: InfluenceOptions, *, task: Task) -> Influence:
    """The critic for `task`.

    Raises:
        UserError: a task whose rows do not have one label each.
    """
    if task.kind not in ("classification", "nli"):
        raise UserError(
            f"The critic influence does not go with a task of kind {task.kind}.",
            "It names helpful rows of each label, where a row has one.",
            "Use the critic errors or random_rows.",
        )
    return Influence(options, task)
