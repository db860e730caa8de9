"""Figures as inline SVG: the same bytes each time, colours that follow the page, text as text.

Ink and lines are drawn in two marker colours that become `currentColor` and a CSS variable, so that
one picture serves light and dark. Fonts are left to the page. No pyplot: nothing is shared with
whoever else draws in this process.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tutelage.report import snippets

WIDTH = 5.2
"""Inches; 72 points each, so that text is legible on a page of 400 pixels."""
INK = "#010203"
FAINT = "#010204"
GRID = "#010205"
ARM_COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"),
    *("#882255", "#999933", "#332288"),
)
"""Six of Okabe and Ito's and three of Paul Tol's, for whom colour-blind eyes are no exception. The
page's style sheet has a darker and a lighter form of each, for text on white and on black, as
`--own-0` and so on."""
RIVAL_COLOURS = ("#7f7f7f", "#a08060", "#6f8fa8", "#948aa8")
_PAGE_COLOURS = {
    INK: "currentColor",
    FAINT: "var(--faint)",
    GRID: "var(--rule)",
    **{colour: f"var(--own-{i})" for i, colour in enumerate(ARM_COLOURS)},
    **{colour: f"var(--rival-{i})" for i, colour in enumerate(RIVAL_COLOURS)},
}
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": GRID,
    "axes.labelcolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.unicode_minus": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "text.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "path.simplify": False,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure of the report."""

    name: str
    """Anchor on the page."""
    title: str
    caption: str
    alt: str
    """What the figure says, for those who do not see it."""
    svg: str
    """Markup without scripts or outside references."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one arm or rival is drawn, in every figure."""

    colour: str
    marker: str
    dash: str = "-"

    @property
    def page_colour(self) -> str:
        """The colour as the page's style sheet calls it."""
        return _PAGE_COLOURS[self.colour]


def styles(arms: Sequence[str], rivals: Sequence[str]) -> dict[str, Style]:
    """The same style for the same name everywhere, by its place in the recipe.

    Beyond the colours there are, markers and dashes tell arms apart.
    """
    found = {}
    for i, name in enumerate(arms):
        turn, at = divmod(i, len(ARM_COLOURS))
        dash = ("-", "--", ":", "-.")[turn % 4]
        found[name] = Style(ARM_COLOURS[at], MARKERS[(at + turn) % len(MARKERS)], dash)
    for i, name in enumerate(rivals):
        at = i % len(RIVAL_COLOURS)
        found[name] = Style(RIVAL_COLOURS[at], MARKERS[(i + 3) % len(MARKERS)])
    return found


def draw(name: str, height: float, paint: Callable[[Any, Any], None]) -> str:
    """Draw on a fresh figure and give its SVG.

    Args:
        name: Of the chart: keeps the ids of one figure apart from those of another.
        height: Inches.
        paint: Given the figure and its axes.
    """
    plain = {key: value for key, value in mpl.rcParamsDefault.items() if key != "backend"}
    with mpl.rc_context({**plain, **_SETTINGS, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure, figure.add_subplot())
        return _page_svg(_rendered(figure))


def _rendered(figure: Any) -> str:
    """SVG of a figure. Signs that the measuring font lacks are no fault: the page has its own."""
    out = io.StringIO()
    log = logging.getLogger("matplotlib")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            figure.savefig(out, format="svg", metadata={"Date": None})
    finally:
        log.setLevel(before)
    return out.getvalue()


def _page_svg(svg: str) -> str:
    """Only what a page needs: no prolog, no metadata, no style for the whole page, no ids that two
    figures would share."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r'(?<=style=")font: ([0-9.]+px) [^;"]*', r"font-size: \1", svg)
    for marker, colour in _PAGE_COLOURS.items():
        svg = svg.replace(marker, colour)
    return svg.strip()


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Places near the wanted ones that keep `gap` between them, so that labels do not overlap.

    >>> spread([1.0, 1.1, 5.0], gap=1.0)
    [0.55, 1.55, 5.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[tuple[list[int], float]] = []
    for i in order:
        members, middle = [i], wanted[i]
        while blocks and middle - gap * (len(members) - 1) / 2 < (
            blocks[-1][1] + gap * (len(blocks[-1][0]) - 1) / 2 + gap
        ):
            before, centre = blocks.pop()
            total = len(before) + len(members)
            middle = (centre * len(before) + middle * len(members)) / total
            members = before + members
        blocks.append((members, middle))
    places = [0.0] * len(wanted)
    for members, middle in blocks:
        for rank, i in enumerate(members):
            places[i] = round(middle + gap * (rank - (len(members) - 1) / 2), 10)
    return places


def named(text: object, most: int = 24) -> str:
    """A name as it stands in a figure."""
    return snippets.label(text, most)
