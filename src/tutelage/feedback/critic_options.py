"""What recipes may set on critics. Light: a recipe is checked without loading one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Gt

Count = Annotated[int, Gt(0)]


@dataclass(frozen=True, slots=True)
class UncertaintyOptions:
    rows: Count = 1000
    """Most rows to name, the most uncertain first."""
    reads: Literal["pool", "unlabelled"] = "unlabelled"
    """Which rows to look at."""


@dataclass(frozen=True, slots=True)
class RandomRowsOptions:
    rows: Count = 100
    """Rows to name in each turn."""
    reads: Literal["pool", "unlabelled"] = "pool"
    """Which rows to draw from."""
