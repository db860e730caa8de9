"""What recipes may set on critics. Light: a recipe is checked without loading one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

Count = Annotated[int, Gt(0)]
Share = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True, slots=True)
class ErrorsOptions:
    hold_back: Share | None = None
    """Share of the pool whose errors are measured and never handed over; 0.3 where that leaves at
    least 20 rows, else none, where absent. As published (S3): 0."""
    weights: Literal["equal", "confidence", "margin"] = "equal"
    """How much an error counts: 1, the probability of the wrong label, or by how much it exceeds
    that of the right one (single labels with scores)."""


@dataclass(frozen=True, slots=True)
class UncertaintyOptions:
    rows: Count = 1000
    """Most rows to name, the most uncertain first."""
    reads: Literal["pool", "unlabelled"] = "unlabelled"
    """Which rows to look at."""


@dataclass(frozen=True, slots=True)
class RandomRowsOptions:
    rows: Count | Literal["errors"] = 100
    """Rows to name in each turn; `errors`: as many as the critic `errors` would name, out of the
    same part of the pool, whether the student gets them right or wrong."""
    reads: Literal["pool", "unlabelled"] = "pool"
    """Which rows to draw from."""
    hold_back: Share | None = None
    """As of the critic `errors`; used with `rows: errors` alone."""


@dataclass(frozen=True, slots=True)
class InfluenceOptions:
    rows: Count = 50
    """Most rows to name of each label, the most helpful first. As published: 50."""
    validation: Annotated[float, Interval(gt=0, lt=1)] = 0.2
    """Share of the kept rows on which help is measured, by a hash of the row, so that a row stays
    on its side in every turn. As published: 1,000 rows."""
    loss: Literal["rce", "ce"] = "rce"
    """Reverse cross-entropy, which wrong labels among those rows disturb less, or cross-entropy."""
    most: Count = 10_000
    """Most rows to score in one turn. As published: 10,000."""
    least: Annotated[int, Ge(0)] = 0
    """Up to so many rows to score, all of them are named instead, unmeasured. As published: 10,000,
    so that the first turns show rows at random."""
