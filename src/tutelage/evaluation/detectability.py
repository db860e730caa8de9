"""What a test set can show, before anything is bought."""

from __future__ import annotations

import math

from scipy import stats

from tutelage.exceptions import UserError
from tutelage.records import TaskKind

OVERLAP_VARIANCE = 0.15**2
"""Of the paired difference between two arms' chrF or ROUGE on one row, as a share of the scale: 15
points. On dev rows of CommonGen and WebNLG, outputs of look-up rivals differ by 7 to 20."""


def typical_discordance(kind: TaskKind) -> float | None:
    """What `smallest_detectable` takes for tasks of a kind: for texts to write, the variance of a
    row's difference, which has the place of the share of rows on which one arm is right."""
    return OVERLAP_VARIANCE if kind == "generation" else None


def smallest_detectable(
    n_rows: int,
    seeds: int = 1,
    base_accuracy: float = 0.5,
    *,
    discordance: float | None = None,
    seed_sd: float = 0.0,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Smallest true difference in accuracy that a paired comparison finds in `power` of studies.

    The standard error of a paired difference is sqrt(discordance / n_rows + 2 seed_sd² / seeds),
    and the difference found is (z[1 - alpha/2] + z[power]) times that (Connor 1987), with t
    quantiles where seeds vary.

    Args:
        n_rows: Test rows, or independent groups of them.
        seeds: Student seeds of each arm.
        base_accuracy: Expected accuracy of the arms.
        discordance: Share of rows on which exactly one of the two arms is right. Where None,
            p(1-p): what two students at the base accuracy show whose answers correlate at one half.
        seed_sd: Standard deviation of accuracy between seeds; 0 gives the test set's own limit,
            which no number of seeds can beat.
        power: Share of studies that shall find it.
        alpha: Two-sided level of the test.

    >>> round(100 * smallest_detectable(1000, base_accuracy=0.42), 1)  # ANLI R1
    4.4
    >>> round(100 * smallest_detectable(9824, base_accuracy=0.8), 1)  # e-SNLI
    1.1
    """
    if n_rows < 1 or seeds < 1 or not 0 <= base_accuracy <= 1:
        raise UserError(
            f"No difference can be named for {n_rows} rows, {seeds} seeds and accuracy "
            f"{base_accuracy}.",
            do="Give at least one row and one seed, and an accuracy from 0 to 1.",
        )
    share = base_accuracy * (1 - base_accuracy) if discordance is None else discordance
    by_rows, by_seeds = share / n_rows, 2 * seed_sd**2 / seeds
    variance = by_rows + by_seeds
    if not by_seeds or seeds == 1:
        reach = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    else:
        freedom = variance**2 / (by_seeds**2 / (2 * (seeds - 1)) + by_rows**2 / max(n_rows - 1, 1))
        reach = stats.t.ppf(1 - alpha / 2, freedom) + stats.t.ppf(power, freedom)
    return min(1.0, float(reach) * math.sqrt(variance))
