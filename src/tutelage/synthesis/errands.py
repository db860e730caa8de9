"""How many variations of each row that a critic named are wanted in a turn."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tutelage.records import Brief, Example, Weighted
from tutelage.synthesis.contexts import shuffled
from tutelage.synthesis.quotas import apportioned
from tutelage.synthesis.writer_options import ExtrapolateOptions


@dataclass(frozen=True, slots=True)
class Errand:
    """One named row."""

    row: Example
    count: int
    """Variations wanted in this turn."""
    kept: int
    """Variations kept of it in this turn already."""


def errands(options: ExtrapolateOptions, brief: Brief) -> list[Errand]:
    """The rows to vary in this turn, heaviest first, and how often; rows that have had their most
    are left out."""
    named = _chosen(options, brief)
    before = varied(brief.kept)
    now = varied(brief.accepted)
    most = options.most_variations
    room = {
        one.example.id: math.inf if most is None else most - before[one.example.id] for one in named
    }
    counts = _counts(options, named, room)
    return [
        Errand(one.example, count, now[one.example.id])
        for one in named
        if (count := counts[one.example.id]) > 0
    ]


def varied(rows: Sequence[Example]) -> Counter[str]:
    """Variations among `rows` by the id of the row they vary: all that came after the seeds."""
    return Counter(row.origin.source for row in rows if row.origin.turn > 0)


def _chosen(options: ExtrapolateOptions, brief: Brief) -> list[Weighted]:
    """The share of the named rows to use: the heaviest, of equal ones some at random."""
    named = {one.example.id: one for one in (brief.feedback.rows if brief.feedback else ())}
    mixed = shuffled(list(named.values()), brief, lambda one: one.example.id)
    mixed.sort(key=lambda one: -one.weight)
    return mixed[: math.ceil(options.share * len(mixed))]


def _counts(
    options: ExtrapolateOptions, named: Sequence[Weighted], room: Mapping[str, float]
) -> Mapping[str, int]:
    """Variations of each named row."""
    if options.rows is None and not options.weighted and not options.even_labels:
        return {name: int(min(options.variations, left)) for name, left in room.items()}
    total = options.rows or options.variations * len(named)
    if not options.even_labels:
        return dealt(total, named, room, weighted=options.weighted)
    labels = dict.fromkeys(one.example.label or "" for one in named)
    counts: dict[str, int] = {}
    for label, part in apportioned(total, dict.fromkeys(labels, 1.0)).items():
        own = [one for one in named if (one.example.label or "") == label]
        counts |= dealt(part, own, room, weighted=options.weighted)
    return counts


def dealt(
    total: int, named: Sequence[Weighted], room: Mapping[str, float], *, weighted: bool
) -> dict[str, int]:
    """`total` variations dealt one by one, each to the row with the largest weight for each
    variation it would then have (D'Hondt); no row gets more than its room.

    Args:
        named: Rows with weights; of equal ones the first is dealt to first.
        room: Most variations by row id.
        weighted: Whether weights count; else all rows are equal.
    """
    counts = {one.example.id: 0 for one in named}
    weights = {one.example.id: one.weight if weighted else 1.0 for one in named}
    heap = [
        (-weights[name], place, name)
        for place, name in enumerate(counts)
        if room[name] > 0 and weights[name] > 0
    ]
    heapq.heapify(heap)
    while heap and total > 0:
        _, place, name = heapq.heappop(heap)
        counts[name] += 1
        total -= 1
        if counts[name] < room[name]:
            heapq.heappush(heap, (-weights[name] / (counts[name] + 1), place, name))
    return counts
