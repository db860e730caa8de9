"""Every arm's score over the values of one key of the recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutelage.report import numbers
from tutelage.report.drawing import GRID, Chart, Style, draw, named, spread

WIDE = 8.0
"""A logarithmic axis is taken where the largest value is so many times the smallest."""
ALPHA = 0.35
APART = 0.008
"""Share of the axis by which arms are set apart, so that their intervals stay legible."""


@dataclass(frozen=True, slots=True)
class SweepScore:
    """Score of one arm or rival at one value."""

    value: str
    score: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SweepCurve:
    """One arm or rival over all values at which it has a score."""

    name: str
    kind: str
    """`arm` or `rival`."""
    points: tuple[SweepScore, ...]
    upper_bound: bool = False
    """Whether it trains on all gold rows at every value, so that the others may be held against
    it."""


def sweep_chart(
    curves: Sequence[SweepCurve],
    values: Sequence[str],
    look: Mapping[str, Style],
    *,
    key: str,
    metric: str,
    split: str,
) -> Chart:
    """Scores with intervals against the value; rivals as thin lines.

    Args:
        curves: Of arms and rivals.
        values: All values in their order, as they are written.
        look: Style by name.
        key: What is varied.
        metric: What is scored.
        split: On which rows.
    """
    at, logarithmic = _places(values)

    def paint(figure: Any, axes: Any) -> None:
        if logarithmic:
            axes.set_xscale("log")
        for number, curve in enumerate(curves):
            aside = APART * (number - (len(curves) - 1) / 2)
            _paint_curve(axes, curve, at, look[curve.name], metric, aside, logarithmic=logarithmic)
        axes.set_xticks([at[value] for value in values], [named(value, 14) for value in values])
        axes.set_xticks([], minor=True)
        axes.margins(x=0.06)
        axes.set_xlabel(named(key, 60))
        axes.set_ylabel(f"{numbers.metric_name(metric)} on {split}, points")
        axes.grid(axis="y", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        _paint_names(axes, curves, look, metric)

    return Chart(
        "sweep",
        f"Score over {key}",
        "Mean over students, with intervals over rows and seeds; each value is a study of its own. "
        "Arms are set a little apart. Thin lines are rivals"
        + (", dashed ones upper bounds." if any(c.upper_bound for c in curves) else "."),
        "; ".join(
            f"{curve.name}: "
            + ", ".join(
                f"{point.value} {numbers.points_of(point.score, metric):.1f}"
                for point in curve.points
            )
            for curve in curves
        ),
        draw("sweep", 3.6 + 0.12 * max(0, len(curves) - 6), paint),
    )


def _places(values: Sequence[str]) -> tuple[dict[str, float], bool]:
    """Where each value stands on the axis, and whether that is logarithmic: numbers by their size,
    anything else one after the other."""
    try:
        sizes = {value: float(value) for value in values}
    except ValueError:
        return {value: float(i) for i, value in enumerate(values)}, False
    if not all(map(math.isfinite, sizes.values())):
        return {value: float(i) for i, value in enumerate(values)}, False
    least, most = min(sizes.values()), max(sizes.values())
    return sizes, least > 0 and most / least >= WIDE


def _paint_curve(
    axes: Any,
    curve: SweepCurve,
    at: Mapping[str, float],
    style: Style,
    metric: str,
    aside: float,
    *,
    logarithmic: bool,
) -> None:
    reach = [at[point.value] for point in curve.points]
    width = max(at.values()) - min(at.values()) or 1.0
    if logarithmic:
        ratio = max(at.values()) / min(at.values())
        places = [x * ratio**aside for x in reach]
    else:
        places = [x + aside * width for x in reach]
    scores = [numbers.points_of(point.score, metric) for point in curve.points]
    rival = curve.kind == "rival"
    axes.plot(
        places,
        scores,
        color=style.colour,
        linestyle=(0, (4, 3)) if curve.upper_bound else style.dash,
        marker=style.marker,
        markersize=3.5 if rival else 5.5,
        linewidth=0.9 if rival else 1.8,
    )
    for x, point in zip(places, curve.points, strict=True):
        if point.low is not None and point.high is not None and not rival:
            ends = [numbers.points_of(end, metric) for end in (point.low, point.high)]
            axes.plot([x, x], ends, color=style.colour, linewidth=1.2, alpha=ALPHA)


def _paint_names(
    axes: Any, curves: Sequence[SweepCurve], look: Mapping[str, Style], metric: str
) -> None:
    """Each name beside the figure, at the height where its curve ends."""
    heights = [numbers.points_of(curve.points[-1].score, metric) for curve in curves]
    low, high = axes.get_ylim()
    places = spread(heights, gap=(high - low) * 0.066)
    axes.set_ylim(min(low, *places), max(high, *places))
    for curve, place in zip(curves, places, strict=True):
        axes.annotate(
            named(curve.name, 20),
            (1.03, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=8.5,
            color=look[curve.name].colour,
            annotation_clip=False,
        )
