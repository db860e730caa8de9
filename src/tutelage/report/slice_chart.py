"""Where the two arms of the primary comparison part, by label and by tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutelage.report import numbers
from tutelage.report.drawing import GRID, INK, Chart, Style, draw, named
from tutelage.report.facts import Report, SliceScore

MOST_ROWS = 24
"""Slices in the figure, largest first; the table has all of them."""
Key = tuple[str, str]


def slice_chart(report: Report, look: Mapping[str, Style]) -> Chart | None:
    """A line from arm to arm for each slice. Without a primary comparison: all arms."""
    pair = report.verdict.pair
    parts: dict[Key, dict[str, SliceScore]] = {}
    for part in report.slices:
        if pair is None or part.arm in (pair.a, pair.b):
            parts.setdefault((part.name, part.value), {})[part.arm] = part
    if not parts:
        return None
    keys = _shown(parts)
    metric = report.sliced_by

    def paint(figure: Any, axes: Any) -> None:
        for row, key in enumerate(keys):
            scores = parts[key]
            ends = [numbers.points_of(part.score, metric) for part in scores.values()]
            axes.plot([min(ends), max(ends)], [row, row], color=INK, linewidth=1, alpha=0.45)
            for i, (arm, part) in enumerate(scores.items()):
                y = row + 0.16 * (i - (len(scores) - 1) / 2)
                style = look[arm]
                limits = [numbers.points_of(end, metric) for end in (part.low, part.high)]
                axes.plot(limits, [y, y], color=style.colour, linewidth=1, alpha=0.45)
                label = named(arm) if row == 0 else None
                axes.plot(
                    [numbers.points_of(part.score, metric)],
                    [y],
                    style.marker,
                    color=style.colour,
                    markersize=6,
                    linestyle="none",
                    label=label,
                )
        axes.set_yticks(range(len(keys)), [_label(key, parts[key]) for key in keys], color=INK)
        axes.set_ylim(len(keys) - 0.5, -0.5)
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"{numbers.metric_name(metric)}, points")
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8.5)

    left = len(parts) - len(keys)
    more = f" {numbers.plural(left, 'smaller slice')} only in the table." if left else ""
    return Chart(
        "slices-figure",
        "Where the arms part",
        f"{numbers.heading(metric)} on rows of one label or tag, with intervals of each "
        "slice alone: among twenty "
        f"slices one lies outside its interval by chance.{more}",
        "; ".join(
            f"{key[0]} {key[1]}: "
            + ", ".join(f"{arm} {numbers.score(p.score, metric)}" for arm, p in parts[key].items())
            for key in keys
        ),
        draw("slices", 0.8 + 0.34 * len(keys), paint),
    )


def _shown(parts: Mapping[Key, Mapping[str, SliceScore]]) -> list[Key]:
    """The largest slices, in the order of the report."""
    size = {key: max(part.rows for part in scores.values()) for key, scores in parts.items()}
    largest = set(sorted(size, key=lambda key: (-size[key], key))[:MOST_ROWS])
    return [key for key in parts if key in largest]


def _label(key: Key, scores: Mapping[str, SliceScore]) -> str:
    rows = max(part.rows for part in scores.values())
    name = key[1] if key[0] == "label" else f"{key[0]}: {key[1]}"
    return f"{named(name, 20)} ({numbers.count(rows)})"
