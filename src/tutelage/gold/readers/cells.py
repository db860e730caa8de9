"""What all readers hand on: a numbered row of cells, and how a cell is read as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in its source."""

    line: int
    """Line of a text file or row of a table, counted from 1, header included."""
    cells: Mapping[str, Any]
    """Value by column: text, or what the format knows (numbers, truth values, lists, None)."""


class NotText(ValueError):
    """A cell that holds no single value."""


def cell_text(value: Any) -> str | None:
    """The cell as it would stand in a csv file; None for an empty one.

    A label is always text: what a spreadsheet stores as 1.0 was typed as 1.

    Raises:
        NotText: the cell holds a list or an object.

    >>> [cell_text(v) for v in ("01", True, 1, 1.0, 0.5, None, float("nan"))]
    ['01', 'true', '1', '1', '0.5', None, None]
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list | tuple | dict | set | bytes):
        raise NotText(f"a {type(value).__name__}")
    return str(value)
