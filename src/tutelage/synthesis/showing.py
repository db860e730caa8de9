"""Which gold rows a prompt shows: anew each time, each equally often, or one with its nearest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from tutelage.records import Brief, Example, content_hash
from tutelage.synthesis.candidates import lexical_vectors
from tutelage.synthesis.contexts import shuffled


class Showing:
    """Deals shots to the orders of one wave, label by label."""

    def __init__(
        self,
        brief: Brief,
        *,
        count: int,
        choose: Literal["random", "balanced", "nearest"],
        redraw: int = 1,
        rows: Sequence[Example] | None = None,
    ) -> None:
        """Begin with the first shots of a wave.

        Args:
            brief: Seeds the choice; later waves go on where the earlier ones ended.
            count: Rows for each order, fewer where the label has fewer.
            choose: How.
            redraw: Orders that are shown the same rows.
            rows: What may be shown; the gold train rows where None.
        """
        self._brief, self._count, self._choose, self._redraw = brief, count, choose, redraw
        self._rows: dict[str | None, list[Example]] = defaultdict(list)
        for row in shuffled(brief.train if rows is None else rows, brief, lambda row: row.id):
            self._rows[row.label].append(row)
        self._known: dict[str | None, Any] = {}
        self._dealt: Counter[str | None] = Counter()
        self._start = brief.placed if brief.wave else 0

    def next(self, label: str | None) -> tuple[Example, ...]:
        """Rows of `label` for its next order; empty where there are none."""
        rows = self._rows[label]
        group = (self._start + self._dealt[label]) // self._redraw
        self._dealt[label] += 1
        count = min(self._count, len(rows))
        if not count:
            return ()
        if self._choose == "balanced":
            first = group * count
            return tuple(rows[(first + place) % len(rows)] for place in range(count))
        if self._choose == "nearest":
            return tuple(rows[i] for i in self._nearest(label, group % len(rows), count))
        return tuple(sorted(rows, key=lambda row: self._lot(group, row))[:count])

    def _lot(self, group: int, row: Example) -> str:
        return content_hash("show1", [self._brief.seed, self._brief.turn, group, row.id])

    def _nearest(self, label: str | None, anchor: int, count: int) -> list[int]:
        """The row at `anchor` and its nearest of the same label by TF-IDF, nearest first."""
        if label not in self._known:
            self._known[label] = lexical_vectors(self._rows[label])
        known = self._known[label]
        likeness = (known @ known[anchor].T).toarray().ravel()
        likeness[anchor] = 2.0
        nearest: list[int] = np.argsort(-likeness, kind="stable")[:count].tolist()
        return nearest
