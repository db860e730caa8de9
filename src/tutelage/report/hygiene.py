"""Whether the loop learns the task or its error pool, and how much gold each contender saw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from tutelage.report import numbers

Facts = Mapping[str, Any]
POOL, HELD = "error_rate", "held_back_error_rate"


@dataclass(frozen=True, slots=True)
class PoolErrors:
    """What a critic measured of an arm's students after one turn, mean over the students."""

    arm: str
    turn: int
    """From 1."""
    students: int
    named: float
    """Rows that it handed on to the next orders."""
    pool: float
    """Share of the pool that the students got wrong, without the part that is held back."""
    held_back: float | None
    """The same of the part that no order ever sees; None where nothing is held back."""
    held_back_rows: int


@dataclass(frozen=True, slots=True)
class GoldUse:
    """Distinct gold rows of one contender; the fields are those of `gold_use` in results.json."""

    name: str
    rival: bool
    trained: int
    shown: int
    shown_mean: float
    reviewed: int
    named: int
    chosen_on: int
    total: int
    tuned: int = 0
    calibrated: int = 0
    upper_bound: bool = False


def gold_uses(results: Facts) -> list[GoldUse]:
    """Every contender's account of gold."""
    return [GoldUse(**told) for told in results.get("gold_use", ())]


def pool_errors(results: Facts) -> list[PoolErrors]:
    """Error rates by arm and turn, of students at the chosen grid point."""
    found: dict[tuple[str, int], list[Facts]] = {}
    for unit in results["units"]:
        if results["chosen"].get(unit["arm"], {}).get("grid") != unit["grid"]:
            continue
        for at, turn in enumerate(unit["turns"], start=1):
            if POOL in turn["feedback"]:
                found.setdefault((unit["arm"], at), []).append(turn)
    return [_mean(arm, at, turns) for (arm, at), turns in found.items()]


def _mean(arm: str, at: int, turns: list[Facts]) -> PoolErrors:
    measures = [turn["feedback"] for turn in turns]
    held = [m[HELD] for m in measures if HELD in m]
    return PoolErrors(
        arm=arm,
        turn=at,
        students=len(turns),
        named=fmean(turn["feedback_rows"] for turn in turns),
        pool=fmean(m[POOL] for m in measures),
        held_back=fmean(held) if len(held) == len(measures) else None,
        held_back_rows=round(measures[0].get("held_back", 0)),
    )


def overfitting(errors: list[PoolErrors]) -> tuple[list[str], int]:
    """Arms whose errors fall in the pool and not in its held-back part, and how many were judged.

    Judged are arms that were reviewed after two turns or more with a part held back; their last
    review is held against their first. Both parts must have moved apart by more than one standard
    error of the held-back rate.
    """
    told, judged = [], 0
    for first, last in _first_and_last(errors):
        assert first.held_back is not None and last.held_back is not None
        judged += 1
        rows = last.held_back_rows
        error = math.sqrt(last.held_back * (1 - last.held_back) / max(rows, 1))
        parted = (last.held_back - last.pool) - (first.held_back - first.pool)
        if last.pool < first.pool and last.held_back >= first.held_back and parted > error:
            verb = "starts" if parted > 2 * error else "may be starting"
            told.append(
                f"{last.arm}: from turn {first.turn} to turn {last.turn} errors in the pool fell "
                f"from {numbers.percent(first.pool)} to {numbers.percent(last.pool)}, in the "
                f"{numbers.plural(rows, 'row')} held back they went from "
                f"{numbers.percent(first.held_back)} to {numbers.percent(last.held_back)} "
                f"(standard error about {numbers.points(error)}): the loop {verb} to overfit its "
                "pool."
            )
    return told, judged


def _first_and_last(errors: list[PoolErrors]) -> Iterator[tuple[PoolErrors, PoolErrors]]:
    by_arm: dict[str, list[PoolErrors]] = {}
    for found in errors:
        if found.held_back is not None:
            by_arm.setdefault(found.arm, []).append(found)
    for turns in by_arm.values():
        ordered = sorted(turns, key=lambda found: found.turn)
        if len(ordered) > 1:
            yield ordered[0], ordered[-1]
