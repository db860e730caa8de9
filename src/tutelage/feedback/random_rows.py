"""Rows at random: what choosing rows cleverly has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tutelage.contracts import Predictor
from tutelage.feedback.critic_options import RandomRowsOptions
from tutelage.records import Example, Feedback, Task, Weighted


@dataclass(frozen=True)
class RandomRows:
    """Draws rows without looking at the student."""

    options: RandomRowsOptions
    needs: str = ""

    @property
    def reads(self) -> Literal["pool", "unlabelled"]:
        return self.options.reads

    def review(
        self, student: Predictor, rows: Sequence[Example], kept: Sequence[Example], *, seed: int
    ) -> Feedback:
        """Distinct rows that were not used yet; another draw in each turn that kept rows."""
        used = {row.id for row in kept} | {row.origin.source for row in kept}
        fresh = [row for row in rows if row.id not in used]
        count = min(self.options.rows, len(fresh))
        picks = np.random.default_rng([seed, len(kept)]).choice(len(fresh), count, replace=False)
        return Feedback(tuple(Weighted(fresh[i], 1.0, "random") for i in picks.tolist()))


def build(options: RandomRowsOptions, *, task: Task) -> RandomRows:
    """The critic; it is the same for every task."""
    return RandomRows(options)
