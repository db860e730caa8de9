"""For each row the first earlier row that is nearly the same by its vectors, in near-linear time.

Up to `EXACT` rows everything is compared with everything before it, by blocked matrix products.
From there on rows live in cells around pivots, the rows of an evenly spaced sample: a row is
compared with what lives in the few cells nearest to it (an inverted file, as in Jegou et al. 2011).
With about sqrt(n) cells of sqrt(n) rows the work grows like n^1.5, and memory with n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
EXACT = 20_000
"""Rows up to which every pair is compared."""
PROBES = 4
"""Cells in which a row's likes are looked for."""
BLOCK = 2_048
"""Rows that are compared at once."""
NONE = -1


@dataclass(frozen=True)
class FirstAlike:
    """What was found, in the order of the rows."""

    earlier: Places
    """[rows] place of the first earlier row that stands and is alike; `NONE` where there is none:
    such a row stands itself."""
    likeness: Floats
    """[rows] how alike they are."""


def first_alike(
    vectors: Sequence[Floats],
    groups: npt.NDArray[np.int64],
    *,
    known: int,
    threshold: float,
    exact: int = EXACT,
) -> FirstAlike:
    """Find for each row the first earlier one that stands, has its group and is alike.

    Args:
        vectors: For each part of a row, [rows, width] of length 1 each. The likeness of two rows is
            the smallest cosine among their parts.
        groups: [rows] rows of different groups are never alike.
        known: So many rows at the beginning stand whatever they are like.
        threshold: Smallest likeness, 0 to 1.
        exact: Rows up to which every pair is compared.
    """
    rows = len(groups)
    search = _Search(tuple(vectors), groups, threshold, _cells(vectors, rows, exact))
    found = FirstAlike(np.full(rows, NONE, dtype=np.int64), np.zeros(rows, dtype=np.float32))
    for start in range(0, known, BLOCK):
        search.take_in(np.arange(start, min(start + BLOCK, known)))
    for start in range(known, rows, BLOCK):
        block = np.arange(start, min(start + BLOCK, rows))
        search.look_back(block, found)
        left = block[found.earlier[block] == NONE]
        search.look_around(left, found)
        search.take_in(left[found.earlier[left] == NONE])
    return found


@dataclass
class _Search:
    vectors: tuple[Floats, ...]
    groups: npt.NDArray[np.int64]
    threshold: float
    cells: Places
    """[rows, probes] cells nearest to each row; it lives in the first."""
    homes: dict[int, Places] = field(default_factory=dict)
    """Places of the rows that stand, by cell, in their order."""

    def take_in(self, places: Places) -> None:
        """Let rows stand."""
        for cell in np.unique(self.cells[places, 0]).tolist():
            new = places[self.cells[places, 0] == cell]
            self.homes[cell] = np.concatenate([self.homes.get(cell, new[:0]), new])

    def look_back(self, block: Places, found: FirstAlike) -> None:
        """Compare the rows of `block` with those that stand."""
        for cell in np.unique(self.cells[block]).tolist():
            if (home := self.homes.get(cell)) is None:
                continue
            asking = block[(self.cells[block] == cell).any(axis=1)]
            for start in range(0, len(home), BLOCK):
                self._note(asking, home[start : start + BLOCK], found)

    def _note(self, asking: Places, standing: Places, found: FirstAlike) -> None:
        likeness = self._likeness(asking, standing)
        hits = likeness >= self.threshold
        for i in np.flatnonzero(hits.any(axis=1)).tolist():
            row, first = asking[i], int(np.argmax(hits[i]))
            if found.earlier[row] == NONE or standing[first] < found.earlier[row]:
                found.earlier[row], found.likeness[row] = standing[first], likeness[i, first]

    def look_around(self, block: Places, found: FirstAlike) -> None:
        """Compare rows that nothing before their block is like with each other, in their order."""
        likeness = self._likeness(block, block)
        hits = np.tril(likeness >= self.threshold, k=-1)
        for i in np.flatnonzero(hits.any(axis=1)).tolist():
            standing = np.flatnonzero(hits[i] & (found.earlier[block] == NONE))
            if standing.size:
                found.earlier[block[i]] = block[standing[0]]
                found.likeness[block[i]] = likeness[i, standing[0]]

    def _likeness(self, ones: Places, others: Places) -> Floats:
        """[ones, others]; below any threshold where groups differ."""
        least = np.full((len(ones), len(others)), np.inf, dtype=np.float32)
        for part in self.vectors:
            np.minimum(least, part[ones] @ part[others].T, out=least)
        least[self.groups[ones][:, None] != self.groups[others][None, :]] = -np.inf
        return least


def _cells(vectors: Sequence[Floats], rows: int, exact: int) -> Places:
    """The cells nearest to each row, nearest first; one cell for all where rows are few."""
    if rows <= exact:
        return np.zeros((rows, 1), dtype=np.int64)
    count = math.isqrt(rows)
    pivots = np.linspace(0, rows - 1, count).astype(np.int64)
    cells = np.empty((rows, min(PROBES, count)), dtype=np.int64)
    for start in range(0, rows, BLOCK):
        block = slice(start, start + BLOCK)
        likeness = sum(part[block] @ part[pivots].T for part in vectors)
        cells[block] = np.argsort(-likeness, axis=1, kind="stable")[:, :PROBES]
    return cells
