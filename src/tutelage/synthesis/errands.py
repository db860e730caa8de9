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
    now = varied(brief.accepted)
    counts = _counts(options, named, _room(options, named, brief))
    return [
        Errand(one.example, count, now[one.example.id])
        for one in named
        if (count := counts[one.example.id]) > 0
    ]


def wanted_by_label(options: ExtrapolateOptions, brief: Brief) -> dict[str, int]:
    """Rows wanted in this turn by label: those of the errands, or all of the option `rows`, even
    where the rows named have had their most before."""
    named = _chosen(options, brief)
    if options.rows is not None:
        return _by_label(options, named)
    counts = _counts(options, named, _room(options, named, brief))
    found: Counter[str] = Counter()
    for one in named:
        found[one.example.label or ""] += counts[one.example.id]
    return {label: count for label, count in found.items() if count}


def _room(options: ExtrapolateOptions, named: Sequence[Weighted], brief: Brief) -> dict[str, float]:
    """Variations that each named row may still have in this turn."""
    most, before = options.most_variations, varied(brief.kept)
    return {
        one.example.id: math.inf if most is None else max(0, most - before[one.example.id])
        for one in named
    }


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
    counts: dict[str, int] = {}
    for label, total in _by_label(options, named).items():
        own = [one for one in named if (one.example.label or "") == label]
        counts |= dealt(total, own, room, weighted=options.weighted)
    return counts


def _by_label(options: ExtrapolateOptions, named: Sequence[Weighted]) -> dict[str, int]:
    """Variations wanted of each label that is named: evenly, or as they would be dealt to the rows
    if none had had any."""
    total = options.rows or options.variations * len(named)
    labels = dict.fromkeys(one.example.label or "" for one in named)
    if options.even_labels:
        return apportioned(total, dict.fromkeys(labels, 1.0))
    free = {one.example.id: math.inf for one in named}
    counts = dealt(total, named, free, weighted=options.weighted)
    found = dict.fromkeys(labels, 0)
    for one in named:
        found[one.example.label or ""] += counts[one.example.id]
    return found


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
