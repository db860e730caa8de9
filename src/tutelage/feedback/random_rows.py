"""Rows at random: what choosing rows cleverly has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tutelage.contracts import Predictor
from tutelage.exceptions import UserError
from tutelage.feedback.critic_options import RandomRowsOptions
from tutelage.feedback.errors import error_measures, pool_parts
from tutelage.records import Example, Feedback, Task, Weighted


@dataclass(frozen=True)
class RandomRows:
    """Draws rows without looking at the student; with `rows: errors` it looks only to count."""

    options: RandomRowsOptions
    needs: str = ""

    @property
    def reads(self) -> Literal["pool", "unlabelled"]:
        return self.options.reads

    def review(
        self, student: Predictor, rows: Sequence[Example], kept: Sequence[Example], *, seed: int
    ) -> Feedback:
        """Distinct rows; another draw in each turn that kept rows.

        Rows that were not used yet come first. With `rows: errors`, used ones follow where these do
        not suffice, since the critic `errors` names a row as often as the student gets it wrong.

        Raises:
            UserError: `rows: errors` and no labelled pool to count errors in.
        """
        options, measures = self.options, {}
        if options.rows == "errors":
            rows, held = pool_parts(rows, options.hold_back)
            measures = error_measures(rows, held, student.predict([*rows, *held]))
        used = {row.id for row in kept} | {row.origin.source for row in kept}
        rng = np.random.default_rng([seed, len(kept)])
        fresh = _drawn([row for row in rows if row.id not in used], rng)
        if options.rows == "errors":
            again = _drawn([row for row in rows if row.id in used], rng)
            chosen = [*fresh, *again][: int(measures["errors"])]
        else:
            chosen = fresh[: options.rows]
        return Feedback(tuple(Weighted(row, 1.0, "random") for row in chosen), measures)


def _drawn(rows: Sequence[Example], rng: np.random.Generator) -> list[Example]:
    return [rows[i] for i in rng.permutation(len(rows)).tolist()]


def build(options: RandomRowsOptions, *, task: Task) -> RandomRows:
    """The critic; it is the same for every task.

    Raises:
        UserError: errors to be counted among rows without labels.
    """
    if options.rows == "errors" and options.reads != "pool":
        raise UserError(
            "rows: errors needs reads: pool.",
            "Errors can be counted only where the right answer is known.",
            "Give a number of rows, or read the pool.",
        )
    return RandomRows(options)
