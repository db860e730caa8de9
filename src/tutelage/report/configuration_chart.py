"""Every configuration that was tried, so that the chosen one is seen among its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tutelage.report import numbers
from tutelage.report.courses import Configuration
from tutelage.report.drawing import FAINT, GRID, INK, Chart, Style, draw, named
from tutelage.report.facts import Report
from tutelage.report.headline import RuleScore

Look = Mapping[str, Style]


def configurations_chart(report: Report, look: Look) -> Chart | None:
    """Dev against test for every point of every arm's grid; dev alone where the test is sealed."""
    arms = [line.name for line in report.lines if line.kind == "arm"]
    found = [c for c in report.configurations if c.arm in arms and c.dev.score is not None]
    if report.split == "dev":
        return _on_dev(report, look, found) if len(found) > len(arms) else None
    tested = [c for c in found if c.test is not None and c.test.score is not None]
    return _on_both(report, look, tested) if len(tested) > 2 else None


def _on_both(report: Report, look: Look, found: Sequence[Configuration]) -> Chart:
    metric = report.metric

    def paint(figure: Any, axes: Any) -> None:
        for c in found:
            x, y = _point(c.dev, metric), _point(c.test, metric)
            if c.chosen:
                axes.plot(_ends(c.dev, metric), [y, y], color=look[c.arm].colour, alpha=0.4)
                axes.plot([x, x], _ends(c.test, metric), color=look[c.arm].colour, alpha=0.4)
            _mark(axes, x, y, c, look[c.arm])
        both = [*axes.get_xlim(), *axes.get_ylim()]
        limits = (min(both), max(both))
        axes.plot(limits, limits, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlim(limits)
        axes.set_ylim(limits)
        axes.set_ylabel(f"{numbers.metric_name(metric)} on test, points")
        _finish(figure, axes, metric, found, look)

    return Chart(
        "configurations",
        "All configurations",
        "One mark for each point of each grid under its primary rule. Filled, with intervals: "
        "chosen on dev. Below the dashed line a configuration did worse on test than on dev.",
        "; ".join(
            f"{c.arm} {c.grid}: dev {_point(c.dev, metric):.1f}, "
            f"test {_point(c.test, metric):.1f}{', chosen' if c.chosen else ''}"
            for c in found
        ),
        draw("configurations", 3.6, paint),
    )


def _on_dev(report: Report, look: Look, found: Sequence[Configuration]) -> Chart:
    metric = report.metric
    arms = list(dict.fromkeys(c.arm for c in found))

    def paint(figure: Any, axes: Any) -> None:
        for c in found:
            x, y = _point(c.dev, metric), arms.index(c.arm)
            if c.chosen:
                axes.plot(_ends(c.dev, metric), [y, y], color=look[c.arm].colour, alpha=0.4)
            _mark(axes, x, y, c, look[c.arm])
        axes.set_yticks(range(len(arms)), [named(arm) for arm in arms], color=INK)
        axes.set_ylim(len(arms) - 0.5, -0.5)
        _finish(figure, axes, metric, (), look)

    return Chart(
        "configurations",
        "All configurations on dev",
        "One mark for each point of each grid under its primary rule. Filled, with its interval: "
        "the best, which the table shows.",
        "; ".join(
            f"{c.arm} {c.grid}: {_point(c.dev, metric):.1f}{', chosen' if c.chosen else ''}"
            for c in found
        ),
        draw("configurations", 0.75 + 0.42 * len(arms), paint),
    )


def _point(score: RuleScore | None, metric: str) -> float:
    assert score is not None and score.score is not None
    return numbers.points_of(score.score, metric)


def _ends(score: RuleScore | None, metric: str) -> list[float]:
    """Both ends of the interval; twice the score where there is none."""
    assert score is not None
    if score.low is None or score.high is None:
        return [_point(score, metric)] * 2
    return [numbers.points_of(end, metric) for end in (score.low, score.high)]


def _mark(axes: Any, x: float, y: float, c: Configuration, style: Style) -> None:
    axes.plot(
        [x],
        [y],
        style.marker,
        color=style.colour,
        markersize=8 if c.chosen else 5,
        markerfacecolor=style.colour if c.chosen else "none",
        linestyle="none",
        label=named(c.arm) if c.chosen else None,
    )


def _finish(
    figure: Any, axes: Any, metric: str, found: Sequence[Configuration], look: Look
) -> None:
    axes.set_xlabel(f"{numbers.metric_name(metric)} on dev, points")
    axes.grid(axis="both" if found else "x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    if found:
        figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8.5)
