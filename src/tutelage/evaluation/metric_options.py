"""What recipes may set on metrics. Light: a recipe is checked without loading a metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Gt


@dataclass(frozen=True, slots=True)
class AccuracyOptions:
    count_unparseable: Literal["wrong", "drop"] = "wrong"
    """`wrong` keeps rows without a readable answer in the denominator. `drop` reports, beside that,
    `accuracy_answered` as published in arXiv 2409.12599, which leaves them out, with its own
    denominator `accuracy_answered_rows`."""


@dataclass(frozen=True, slots=True)
class CalibrationOptions:
    bins: Annotated[int, Gt(0)] = 15
    """Bins of equally many rows for the expected calibration error."""
