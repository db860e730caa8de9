"""Score on dev against training rows, and against what the teacher's replies cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tutelage.report import numbers
from tutelage.report.drawing import FAINT, GRID, Chart, Style, draw, named, spread
from tutelage.report.facts import Report
from tutelage.report.return_curves import ReturnCurve, ReturnPoint

Place = Callable[[ReturnPoint], float]
ALPHA = 0.45
"""Of intervals, which must not hide the points."""
APART = 0.006
"""Share of the axis by which arms are set apart, so that equal places stay legible."""


def return_charts(report: Report, look: Mapping[str, Style]) -> list[Chart]:
    """Both figures; none where no arm bought anything whose score is known."""
    buyers = [
        curve
        for curve in report.returns
        if curve.buys and all(point.score is not None for point in curve.points)
    ]
    if not buyers:
        return []
    bounds = {line.name for line in report.lines if line.upper_bound}
    silent = [c for c in report.returns if not c.buys and c.arm not in bounds]
    level = next((c for c in silent if c.points[-1].score is not None), None)
    made = [_chart(report, look, buyers, level, "returns-rows", "training rows", _rows)]
    paid = [point.usage for curve in buyers for point in curve.points]
    if any(usage["nanousd"] for usage in paid):
        made.append(_chart(report, look, buyers, level, "returns-usd", "dollars", _dollars))
    elif any(usage["requests"] for usage in paid):
        made.append(_chart(report, look, buyers, level, "returns-usd", "requests", _requests))
    return made


def _rows(point: ReturnPoint) -> float:
    return point.rows


def _dollars(point: ReturnPoint) -> float:
    return point.usage["nanousd"] / 1e9


def _requests(point: ReturnPoint) -> float:
    return point.usage["requests"]


def _chart(
    report: Report,
    look: Mapping[str, Style],
    curves: Sequence[ReturnCurve],
    level: ReturnCurve | None,
    name: str,
    what: str,
    place: Place,
) -> Chart:
    metric = report.metric

    def paint(figure: Any, axes: Any) -> None:
        if level is not None:
            _level(axes, level.points[-1], metric)
        reach = max(place(point) for curve in curves for point in curve.points)
        aside = {
            curve.arm: APART * reach * (i - (len(curves) - 1) / 2) for i, curve in enumerate(curves)
        }
        for curve in curves:
            _curve(axes, curve, look[curve.arm], metric, place, aside[curve.arm])
        ends = [(c.arm, place(c.points[-1]) + aside[c.arm], c.points[-1]) for c in curves]
        _names(axes, ends, level, look, metric)
        axes.locator_params(axis="x", nbins=6)  # small amounts have long labels
        axes.set_xlabel(what if what != "dollars" else "dollars, as if bought alone")
        axes.set_ylabel(f"{numbers.metric_name(metric)} on dev, points")
        axes.grid(axis="y", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)

    dashed = f" Dashed, with its band: {level.arm}, which buys nothing." if level else ""
    hollow = (
        " Hollow: the same rows and the gold train rows, trained after the last turn."
        if any(point.with_gold for curve in curves for point in curve.points)
        else ""
    )
    return Chart(
        name,
        f"Score against {what}",
        "One mark for each turn, mean over students, with intervals over dev rows and seeds; arms "
        "of one turn are single marks. Arms are set a little apart."
        f"{hollow}{dashed} Students were chosen on the same dev rows, which flatters all of them.",
        "; ".join(
            f"{curve.arm}: "
            + ", ".join(
                f"{place(p):,.4g} {what} {_points(p.score, metric):.1f}" for p in curve.points
            )
            for curve in curves
        ),
        draw(name, 3.4 + 0.12 * max(0, len(curves) - 6), paint),
    )


def _points(score: float | None, metric: str) -> float:
    assert score is not None
    return numbers.points_of(score, metric)


def _level(axes: Any, point: ReturnPoint, metric: str) -> None:
    axes.axhline(_points(point.score, metric), color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    if point.low is not None and point.high is not None:
        low, high = (_points(end, metric) for end in (point.low, point.high))
        axes.axhspan(low, high, color=FAINT, alpha=0.1, linewidth=0)


def _curve(
    axes: Any, curve: ReturnCurve, style: Style, metric: str, place: Place, aside: float
) -> None:
    turns = [point for point in curve.points if not point.with_gold]
    axes.plot(
        [place(point) + aside for point in turns],
        [_points(point.score, metric) for point in turns],
        color=style.colour,
        linestyle=style.dash,
        linewidth=1.8,
    )
    for point in curve.points:
        x, y = place(point) + aside, _points(point.score, metric)
        if point.low is not None and point.high is not None:
            ends = [_points(end, metric) for end in (point.low, point.high)]
            axes.plot([x, x], ends, color=style.colour, linewidth=1, alpha=ALPHA)
        axes.plot(
            [x],
            [y],
            style.marker,
            color=style.colour,
            markersize=5.5,
            markerfacecolor="none" if point.with_gold else style.colour,
        )


def _names(
    axes: Any,
    ends: Sequence[tuple[str, float, ReturnPoint]],
    level: ReturnCurve | None,
    look: Mapping[str, Style],
    metric: str,
) -> None:
    """Each arm's name beside the figure, with a line to where its curve ends."""
    told = [(arm, x, _points(point.score, metric), look[arm].colour) for arm, x, point in ends]
    axes.margins(x=0.06)
    if level is not None:
        right = axes.get_xlim()[1]
        told.append((level.arm, right, _points(level.points[-1].score, metric), FAINT))
    low, high = axes.get_ylim()
    places = spread([height for _, _, height, _ in told], gap=(high - low) * 0.066)
    axes.set_ylim(min(low, *places), max(high, *places))
    for (arm, x, height, colour), at in zip(told, places, strict=True):
        axes.annotate(
            named(arm, 20),
            (x, height),
            xytext=(1.04, at),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=8.5,
            color=colour,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "alpha": ALPHA,
                "shrinkA": 1,
                "shrinkB": 4,
            },
            annotation_clip=False,
        )
