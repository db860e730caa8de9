"""Temporal ensembling against wrong labels, as in SuperGen (arXiv 2202.04538; author code).

Every so many steps the student answers all its training rows. A running mean of these answers is
steadier than any one of them (Laine and Aila 2017, arXiv 1610.02242), and serves twice until the
next time: rows on which it does not agree with the label surely enough teach nothing, and on the
others the student is pulled towards it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.float64]
FEWEST = 16
"""Rows of a label that should be left; of a label with fewer, the surer half stays."""


@dataclass(frozen=True, slots=True)
class Ensembling:
    """The settings; as published where left alone."""

    momentum: float = 0.8
    """Share of the running mean that an answer leaves in place."""
    every: int = 100
    """Optimiser steps from one answer to the next."""
    threshold: float = 0.8
    """Probability of its own label above which a row teaches."""
    weight: float = 10.0
    """Highest weight of the pull towards the running mean."""
    ramp: int = 10
    """Answers until that weight is reached."""

    def pull(self, answers: int) -> float:
        """Weight of the pull after so many answers: `weight` * exp(-5 (1 - t)^2), t = answers/ramp.

        >>> [round(Ensembling().pull(n), 4) for n in (0, 1, 5, 10, 20)]
        [0.0, 0.1742, 2.865, 10.0, 10.0]
        """
        if not answers:
            return 0.0
        late = min(1.0, answers / self.ramp)
        return self.weight * math.exp(-5 * (1 - late) ** 2)


@dataclass
class Ensemble:
    """The running mean of a student's answers to its training rows."""

    settings: Ensembling
    classes: npt.NDArray[np.int64]
    """Label of each training row."""
    answers: int = 0
    sums: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """[rows, labels], before the correction for the mean's start at zero."""

    @property
    def shares(self) -> Floats:
        """The running mean, [rows, labels]; rows sum to 1."""
        return np.asarray(self.sums / (1 - self.settings.momentum**self.answers))

    @property
    def pull(self) -> float:
        return self.settings.pull(self.answers)

    def take(self, shares: Floats) -> None:
        """Take in the student's present answers, [rows, labels]."""
        before = self.sums if self.answers else np.zeros_like(shares)
        momentum = self.settings.momentum
        self.sums = momentum * before + (1 - momentum) * shares
        self.answers += 1

    def teaching(self) -> npt.NDArray[np.bool_]:
        """Rows that teach: all before the first answer, then those whose label is the likeliest and
        has more than `threshold`; of a label with fewer than `FEWEST` of them the surer half too.
        """
        if not self.answers:
            return np.ones(len(self.classes), dtype=bool)
        shares = self.shares
        own = shares[np.arange(len(shares)), self.classes]
        chosen = (shares.argmax(axis=1) == self.classes) & (own > self.settings.threshold)
        for label in np.unique(self.classes):
            rows = np.flatnonzero(self.classes == label)
            if chosen[rows].sum() < FEWEST:
                surest = rows[np.argsort(-own[rows], kind="stable")]
                chosen[surest[: -(-len(rows) // 2)]] = True
        return np.asarray(chosen)

    # --- the state of an unfinished training ------------------------------------------------------

    def memory(self) -> dict[str, torch.Tensor]:
        """All that a resumed training needs."""
        if not self.answers:
            return {}
        return {"sums": torch.from_numpy(self.sums), "answers": torch.tensor(self.answers)}

    def recall(self, memory: Mapping[str, torch.Tensor]) -> None:
        """Put back what `memory` gave."""
        if memory:
            self.sums, self.answers = memory["sums"].numpy().copy(), int(memory["answers"])
