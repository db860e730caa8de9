"""The figures of a report. Each is drawn from facts that stand in report.json as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tutelage.report import numbers
from tutelage.report.configuration_chart import configurations_chart
from tutelage.report.courses import Curve
from tutelage.report.drawing import FAINT, GRID, INK, Chart, Style, draw, named, spread, styles
from tutelage.report.facts import Report
from tutelage.report.headline import Line, RuleScore
from tutelage.report.return_chart import return_charts
from tutelage.report.slice_chart import slice_chart
from tutelage.report.slice_map import slice_map

Styles = Mapping[str, Style]
LOOKED_AT = {"span_qa": "f1", "generation": "chrf"}
"""What students of other tasks than those with labels measure on dev during training."""


def charts(report: Report) -> list[Chart]:
    """Every figure that the run has data for."""
    look = styles_of(report)
    made = (
        standings_chart(report, look),
        course_chart(report, look, LOOKED_AT.get(report.task["kind"], "accuracy")),
        course_chart(report, look, "rationale_bleu"),
        *return_charts(report, look),
        configurations_chart(report, look),
        slice_map(report) or slice_chart(report, look),
        charges_chart(report, look),
    )
    return [chart for chart in made if chart is not None]


def styles_of(report: Report) -> Styles:
    """Colour and marker of every arm and rival of a report."""
    arms = [line.name for line in report.lines if line.kind == "arm"]
    rivals = [line.name for line in report.lines if line.kind == "rival"]
    return styles(arms, rivals)


def _scored(report: Report) -> list[Line]:
    return [line for line in report.lines if line.main.score is not None]


# --- scores under every checkpoint rule -----------------------------------------------------------


def standings_chart(report: Report, look: Styles) -> Chart | None:
    """Score of each arm and rival under every checkpoint rule, with intervals and chance."""
    table = _scored(report)
    if not table:
        return None
    metric = report.metric

    def paint(figure: Any, axes: Any) -> None:
        for row, line in enumerate(table):
            scores = (line.main, *line.others)
            for i, score in enumerate(scores):
                _dot(axes, row + _offset(i, len(scores)), score, look[line.name], metric, not i)
        _reference_lines(axes, report, len(table))
        axes.set_yticks(range(len(table)), [named(line.name) for line in table], color=INK)
        axes.set_ylim(len(table) - 0.35, -0.6)
        axes.margins(x=0.09)
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"{numbers.metric_name(metric)} on {report.split}, points")
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)

    rules = any(line.others for line in table)
    hollow = " Hollow marks: the same students under the other checkpoint rules." if rules else ""
    above = [line.name for line in table if line.upper_bound]
    bounds = f" Upper bound, trained on all gold: {numbers.listed(above)}." if above else ""
    return Chart(
        "scores",
        f"Scores on {report.split}",
        f"Filled marks: the primary checkpoint rule, with {numbers.level(table[0].level)} "
        f"intervals.{hollow}{bounds}",
        "; ".join(
            f"{line.name} {numbers.score(line.main.score, metric)} "
            f"({numbers.interval(line.main.low, line.main.high, metric)})"
            for line in table
        ),
        draw("scores", 0.75 + 0.42 * len(table), paint),
    )


def _offset(at: int, count: int) -> float:
    """Place of a rule's mark: the primary one on the line's middle, the others below it."""
    return 0.0 if at == 0 else 0.19 * at / max(1, (count - 1) / 2)


def _dot(axes: Any, y: float, score: RuleScore, style: Style, metric: str, primary: bool) -> None:
    if score.score is None:
        return
    x = numbers.points_of(score.score, metric)
    if score.low is not None and score.high is not None:
        ends = [numbers.points_of(end, metric) for end in (score.low, score.high)]
        axes.plot(ends, [y, y], color=style.colour, linewidth=2 if primary else 0.8, alpha=0.9)
    axes.plot(
        [x],
        [y],
        style.marker,
        color=style.colour,
        markersize=6.5 if primary else 4,
        markerfacecolor=style.colour if primary else "none",
    )
    if primary:
        end = x if score.high is None else numbers.points_of(score.high, metric)
        axes.annotate(
            numbers.score(score.score, metric),
            (end, y),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=INK,
        )


def _reference_lines(axes: Any, report: Report, rows: int) -> None:
    if report.chance is None:
        return
    axes.axvline(100 * report.chance, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"chance {numbers.score(report.chance)}",
        (100 * report.chance, rows - 0.4),
        xytext=(3, 1),
        textcoords="offset points",
        va="bottom",
        fontsize=8,
        color=FAINT,
    )


# --- dev over training ----------------------------------------------------------------------------

_COURSES = {
    "f1": ("dev-course", "Dev F1 over training", "dev token F1, points"),
    "chrf": ("dev-course", "Dev chrF over training", "dev chrF, points"),
    "accuracy": ("dev-course", "Dev accuracy over training", "dev accuracy, points"),
    "rationale_bleu": ("bleu-course", "Rationale BLEU over training", "BLEU on dev rationales"),
}


def course_chart(report: Report, look: Styles, measure: str) -> Chart | None:
    """One measure on dev over training, mean and range of each arm's students."""
    found = [c for c in report.curves if c.measure == measure]
    if not found:
        return None
    name, title, axis = _COURSES[measure]

    def paint(figure: Any, axes: Any) -> None:
        for curve in found:
            _course(axes, curve, look[curve.arm])
        if measure == "accuracy" and report.chance is not None:
            axes.axhline(100 * report.chance, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        _end_labels(axes, found, look)
        axes.set_xlabel("epoch")
        axes.set_ylabel(axis)
        axes.grid(axis="y", color=GRID, linewidth=0.6)

    several = max(curve.students for curve in found) > 1
    chance = " Dashed: chance." if measure == "accuracy" and report.chance is not None else ""
    return Chart(
        name,
        title,
        (
            "Mean over an arm's students; the band is their range, not an interval."
            if several
            else "One student for each arm."
        )
        + chance,
        "; ".join(
            f"{curve.arm} from {numbers.score(curve.points[0].mean, measure)} "
            f"to {numbers.score(curve.points[-1].mean, measure)}"
            for curve in found
        ),
        draw(name, 2.9, paint),
    )


def _course(axes: Any, curve: Curve, style: Style) -> None:
    epochs = [point.epoch for point in curve.points]
    low, mean, high = (
        [numbers.points_of(getattr(p, part), curve.measure) for p in curve.points]
        for part in ("low", "mean", "high")
    )
    axes.fill_between(epochs, low, high, color=style.colour, alpha=0.15, linewidth=0)
    axes.plot(
        epochs,
        mean,
        color=style.colour,
        linestyle=style.dash,
        linewidth=1.8,
        marker=style.marker,
        markersize=3.5,
    )


def _end_labels(axes: Any, found: Sequence[Curve], look: Styles) -> None:
    """Each curve's name where it ends."""
    low, high = axes.get_ylim()
    last = max(curve.points[-1].epoch for curve in found)
    first = min(curve.points[0].epoch for curve in found)
    ends = [numbers.points_of(c.points[-1].mean, c.measure) for c in found]
    places = spread(ends, gap=(high - low) * 0.075)
    axes.set_xlim(first - 0.02 * (last - first), last + 0.02 * (last - first))
    axes.set_ylim(min(low, *places), max(high, *places))
    for curve, end, place in zip(found, ends, places, strict=True):
        axes.annotate(
            named(curve.arm, 18),
            (curve.points[-1].epoch, end),
            xytext=(1.03, place),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=8.5,
            color=look[curve.arm].colour,
            annotation_clip=False,
        )


# --- money ----------------------------------------------------------------------------------------


def charges_chart(report: Report, look: Styles) -> Chart | None:
    """What each arm and rival was charged."""
    if not any(line.charged["nanousd"] for line in report.lines):
        return None
    table = report.lines

    def paint(figure: Any, axes: Any) -> None:
        for row, line in enumerate(table):
            usd = line.charged["nanousd"] / 1e9
            axes.barh([row], [usd], height=0.55, color=look[line.name].colour)
            axes.annotate(
                numbers.dollars(line.charged["nanousd"]),
                (usd, row),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=INK,
            )
        axes.set_yticks(range(len(table)), [named(line.name) for line in table], color=INK)
        axes.set_ylim(len(table) - 0.5, -0.5)
        axes.set_xlim(0, 1.18 * max(line.charged["nanousd"] for line in table) / 1e9)
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.spines[["bottom"]].set_visible(False)

    return Chart(
        "charged",
        "Charged",
        "Dollars for one purchase, each arm as if it had bought its replies alone.",
        "; ".join(f"{n.name} {numbers.dollars(n.charged['nanousd'])}" for n in table),
        draw("charged", 0.35 + 0.34 * len(table), paint),
    )
