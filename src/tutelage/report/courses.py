"""How students came to be what they are: dev scores over training, and all points of the grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from tutelage.report.headline import RuleScore, rule_score

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One look at dev, over the students of one arm."""

    epoch: float
    mean: float
    low: float
    """Lowest of the students."""
    high: float
    """Highest of the students."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure on dev over the training of an arm, at the grid point that was chosen."""

    arm: str
    measure: str
    """`accuracy`, `loss`, `rationale_bleu` or what else the student measured."""
    students: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """One arm at one point of its grid under its primary rule."""

    arm: str
    grid: str
    chosen: bool
    """Whether it is the arm's best on dev, and so the one that the headline shows."""
    dev: RuleScore
    test: RuleScore | None
    """None where the test was not opened."""


def curves(results: Facts) -> list[Curve]:
    """Every measure that was taken at least twice during training, arm by arm."""
    found = []
    for arm, chosen in results["chosen"].items():
        histories = [
            unit["history"]
            for unit in results["units"]
            if unit["arm"] == arm and unit["grid"] == chosen["grid"]
        ]
        looks = min(map(len, histories), default=0)
        if looks < 2:
            continue
        measures = [set(h[i]["dev"]) for h in histories for i in range(looks)]
        for measure in sorted(set.intersection(*measures)):
            points = tuple(_point(histories, i, measure) for i in range(looks))
            found.append(Curve(arm, measure, len(histories), points))
    return found


def _point(histories: Sequence[Sequence[Facts]], at: int, measure: str) -> Point:
    values = [history[at]["dev"][measure] for history in histories]
    epoch = fmean(history[at]["epoch"] for history in histories)
    return Point(epoch, fmean(values), min(values), max(values))


def configurations(results: Facts) -> list[Configuration]:
    """All points of all grids under each arm's primary rule, arm by arm."""
    tested = {}
    if results["split"] == "test":
        tested = {(s["arm"], s["grid"], s["rule"]): s for s in results["standings"]}
    found = []
    for standing in results["dev_standings"]:
        arm, grid, rule = standing["arm"], standing["grid"], standing["rule"]
        if rule != results["rules"].get(arm, rule):
            continue
        test = tested.get((arm, grid, rule))
        chosen = results["chosen"].get(arm, {}).get("grid") == grid
        found.append(
            Configuration(arm, grid, chosen, rule_score(standing), test and rule_score(test))
        )
    return found
