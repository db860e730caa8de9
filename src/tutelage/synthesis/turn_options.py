"""What recipes may set on a synthesis of several methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InTurnsOptions:
    """One method for each turn of the arm; set its `turns` to their number."""

    parts: tuple[str | Mapping[str, Any], ...]
    """Methods in the order of their turns, each as under `synthesis`: `[annotate, {generate: {rows:
    500}}]`."""
