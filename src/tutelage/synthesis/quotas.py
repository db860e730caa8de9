"""How many rows of each label are wanted, and how many orders that takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from tutelage.exceptions import UserError
from tutelage.records import Brief, Task

MOST_AGAIN = 3.0
"""Most orders for one lacking row in a later wave."""


def quota(task: Task, brief: Brief, rows: int, *, balance: str = "labels") -> dict[str, int]:
    """Rows of each label that make up `rows`; label `` for tasks without labels.

    Raises:
        UserError: the shares of gold are asked for, and there are no gold train rows.
    """
    if not task.labels:
        return {"": rows}
    if balance == "labels":
        return apportioned(rows, dict.fromkeys(task.label_names, 1.0))
    counts = Counter(row.label for row in brief.train)
    if not counts:
        raise UserError(
            "balance: gold needs gold train rows.",
            "The shares of the labels are counted there.",
            "Give gold.train, or leave balance out.",
        )
    return apportioned(rows, {name: float(counts[name]) for name in task.label_names})


def apportioned(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """`total` in whole parts by the largest remainders; of equal ones the first gets more.

    >>> apportioned(5, {"a": 1, "b": 1, "c": 2})
    {'a': 1, 'b': 1, 'c': 3}
    """
    whole = sum(weights.values())
    if whole <= 0:
        return dict.fromkeys(weights, 0)
    exact = {name: total * weight / whole for name, weight in weights.items()}
    parts = {name: math.floor(part + 1e-9) for name, part in exact.items()}
    ranked = sorted(weights, key=lambda name: parts[name] - exact[name])
    for name in ranked[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def wanted(brief: Brief, whole: Mapping[str, int], *, per_request: int = 1) -> dict[str, int]:
    """Texts to order in this wave: what is lacking, and in later waves so many more as the share
    that was kept so far tells, up to three for one.

    Args:
        brief: Its `lacking` counts where it is there; a plan's brief has none.
        whole: The turn's quota.
        per_request: Texts in one reply.
    """
    lacking = dict(brief.lacking or whole)
    if not brief.wave:
        return lacking
    tried, kept = brief.placed * per_request, len(brief.accepted)
    factor = min(max(tried / kept, 1.0), MOST_AGAIN) if kept else MOST_AGAIN
    return {name: math.ceil(count * factor - 1e-9) for name, count in lacking.items()}


def in_turns(counts: Mapping[str, int], *, per_request: int = 1) -> list[tuple[str | None, int]]:
    """Orders as pairs of label and texts: the labels take turns, so that a cap cuts all alike.

    >>> in_turns({"a": 3, "b": 1}, per_request=2)
    [('a', 2), ('b', 1), ('a', 1)]
    """
    left = dict(counts)
    orders: list[tuple[str | None, int]] = []
    while any(count > 0 for count in left.values()):
        for name, count in left.items():
            if count > 0:
                part = min(count, per_request)
                orders.append((name or None, part))
                left[name] -= part
    return orders
