"""Where arms part, as a map: one line for each label or tag, one column for each arm.

Numbers are scores, shades are gaps to gold only: blue above it, orange below, which colour-blind
eyes tell apart. Lines are ordered by how far the arms lie apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import Rectangle

from tutelage.report import numbers
from tutelage.report.drawing import (
    ARM_COLOURS,
    FAINT,
    GRID,
    INK,
    Chart,
    draw,
    named,
)
from tutelage.report.facts import Report, SliceScore

MOST_LINES = 20
"""Lines in the figure; the table has all of them."""
MOST_LABELS = 12
"""Labels that are lines of their own where there are tags; more would hide the tags."""
ABOVE, BELOW = ARM_COLOURS[0], ARM_COLOURS[1]
STRONGEST = 0.62
"""Opacity of the widest gap: the number on it stays legible on white and on black."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One label or value of a tag."""

    key: Key
    rows: int
    parts: Mapping[str, SliceScore]
    """By arm."""

    @property
    def spread(self) -> float:
        """Best arm minus worst."""
        scores = [part.score for part in self.parts.values()]
        return max(scores) - min(scores)


def slice_map(report: Report) -> Chart | None:
    """The map of three arms or more; None for fewer, which `slice_chart` draws with intervals."""
    arms = [line.name for line in report.lines if line.kind == "arm"]
    arms = [arm for arm in arms if any(part.arm == arm for part in report.slices)]
    lines = lines_of(report)
    if len(arms) < 3 or not lines:
        return None
    shown = lines[:MOST_LINES]
    metric = report.sliced_by
    reference = report.slices_against if report.slices_against in arms else ""

    def paint(figure: Any, axes: Any) -> None:
        widest = max((abs(p.gap or 0) for n in shown for p in n.parts.values()), default=0) or 1
        for y, line in enumerate(shown):
            for x, arm in enumerate(arms):
                if arm in line.parts:
                    _cell(axes, x, y, line.parts[arm], metric, widest, _size(len(arms)))
            axes.annotate(
                numbers.signless(numbers.points_of(line.spread, metric)),
                (len(arms) + 0.05, y),
                ha="center",
                va="center",
                fontsize=_size(len(arms)),
                color=FAINT,
                annotation_clip=False,
            )
        _frame(axes, shown, arms, reference)

    left = len(lines) - len(shown)
    more = f" {numbers.plural(left, 'line')} with smaller gaps only in the table." if left else ""
    against = (
        f" Blue: above {reference}, orange: below, the deeper the further; bold: the interval of "
        "the gap excludes zero (each cell alone: among twenty, one does by chance)."
        if reference
        else ""
    )
    return Chart(
        "slices-figure",
        "Where the arms part",
        f"{numbers.heading(metric)} in points on rows of one label or tag (number of rows in "
        f"brackets); last column: best arm minus worst, by which lines are ordered.{against}{more}",
        "; ".join(
            f"{named_key(line.key)}: "
            + ", ".join(f"{arm} {numbers.score(p.score, metric)}" for arm, p in line.parts.items())
            for line in shown
        ),
        draw("slices", 1.05 + 0.27 * len(shown), paint),
    )


def lines_of(report: Report) -> list[Line]:
    """Tags, and labels where there are few or nothing else, widest spread first."""
    parts: dict[Key, dict[str, SliceScore]] = {}
    for part in report.slices:
        parts.setdefault((part.name, part.value), {})[part.arm] = part
    labels = sum(name == "label" for name, _ in parts)
    tagged = labels < len(parts)
    found = [
        Line(key, max(part.rows for part in by_arm.values()), by_arm)
        for key, by_arm in parts.items()
        if not (tagged and key[0] == "label" and labels > MOST_LABELS)
    ]
    return sorted(found, key=lambda line: (line.key[0] == "label", -line.spread, line.key))


def named_key(key: Key) -> str:
    """A line's name: the value alone where it is a tag's, marked where it is a label."""
    return f"label {key[1]}" if key[0] == "label" else key[1]


def _cell(
    axes: Any, x: int, y: int, part: SliceScore, metric: str, widest: float, size: float
) -> None:
    if part.gap:
        axes.add_patch(
            _square(x, y, ABOVE if part.gap > 0 else BELOW, STRONGEST * abs(part.gap) / widest)
        )
    known = part.gap_low is not None and part.gap_high is not None
    sure = known and not ((part.gap_low or 0) <= 0 <= (part.gap_high or 0))
    axes.annotate(
        numbers.score(part.score, metric),
        (x, y),
        ha="center",
        va="center",
        fontsize=size,
        fontweight="bold" if sure else "normal",
        color=INK,
    )


def _square(x: int, y: int, colour: str, alpha: float) -> Any:
    return Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, alpha=alpha, linewidth=0)


def _size(arms: int) -> float:
    return 8 if arms <= 8 else 6.8


def _frame(axes: Any, lines: Sequence[Line], arms: Sequence[str], reference: str) -> None:
    axes.set_xlim(-0.5, len(arms) + 0.5)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks(
        range(len(lines)),
        [f"{named(named_key(line.key), 20)} ({numbers.count(line.rows)})" for line in lines],
        color=INK,
        fontsize=8,
    )
    names = [named(arm, 22) for arm in arms]
    axes.set_xticks(
        [*range(len(arms)), len(arms)], [*names, "spread"], rotation=35, ha="left", fontsize=8
    )
    for label, arm in zip(axes.get_xticklabels(), [*arms, ""], strict=True):
        label.set_color(FAINT if arm in ("", reference) else INK)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    tags = sum(line.key[0] != "label" for line in lines)
    if 0 < tags < len(lines):
        axes.axhline(tags - 0.5, color=GRID, linewidth=1)
