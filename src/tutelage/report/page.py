"""The report as one page: offline, without scripts, nothing of it unescaped.

Every expression of the templates passes through `_finish`: text is cut and made visible there, then
escaped by Jinja. Figures are the only markup that is passed on as it is; `charts.py` makes them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from ruamel.yaml import YAML

from tutelage.evaluation.scales import scale_of
from tutelage.report import numbers
from tutelage.report.charts import charts, styles_of
from tutelage.report.drawing import Chart
from tutelage.report.facts import Confusion, Report, SliceScore
from tutelage.report.snippets import snippet

WHOLE = 200_000
"""Characters of the recipe on the page."""
MOST_LABELS = 12
"""Labels up to which a confusion matrix is shown as one; beyond, the commonest mistakes."""
MOST_MISTAKES = 20
OPEN_EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Mistake:
    """One cell beside the diagonal of a confusion matrix."""

    gold: str
    said: str
    count: int
    share: float
    """Of the gold label's rows."""


def page(report: Report) -> str:
    """The whole of report.html."""
    return (
        page_environment()
        .get_template("report.html.jinja")
        .render(
            r=report,
            charts={chart.name: chart for chart in charts(report)},
            colours={name: style.page_colour for name, style in styles_of(report).items()},
            charged_total=sum(charge.nanousd for charge in report.charges),
            slices=_slice_table(report),
            margin=next(
                (curve.last["margin"] for curve in report.returns if curve.last),
                0.02 * scale_of(report.metric).top,
            ),
            recipe=_yaml(report.recipe),
            training=_training_table(report),
            most_labels=MOST_LABELS,
            open_examples=OPEN_EXAMPLES,
        )
    )


def page_environment() -> Environment:
    """Templates of the report, with how numbers, text and figures are written on a page."""
    found = Environment(
        loader=PackageLoader("tutelage.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finish,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scores = ("score", "interval", "difference", "points", "p_value", "level")
    amounts = ("percent", "dollars", "ledger_dollars", "count", "plural", "magnitude")
    for name in (*scores, *amounts, "duration", "moment", "metric_name", "heading"):
        found.filters[name] = getattr(numbers, name)
    found.filters.update(figure=_figure, whole=_whole, mistakes=mistakes, said=_said, took=_took)
    return found


def _finish(value: Any) -> Any:
    """What an expression of a template becomes before it is escaped."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else snippet(value)


def _figure(chart: Chart) -> Markup:
    """A chart's own markup, in which matplotlib escaped all text, with its text for those who do
    not see it."""
    alt = escape(snippet(chart.alt))
    svg = chart.svg.replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(alt), 1)
    return Markup(svg)


def _whole(text: str) -> Markup:
    return escape(snippet(text, WHOLE))


def _took(place: str) -> str:
    """What a teacher spent time on, from the place in its facts; the first purchase goes without
    saying.

    >>> _took("seconds.pretraining"), _took("purchases.1.tuning_seconds")
    ('pretraining', 'tuning')
    >>> _took("purchases.2.tuning_seconds")
    'tuning, purchase 2'
    """
    parts = place.replace("_", ".").split(".")
    purchase = next((f", purchase {part}" for part in parts if part.isdigit() and part != "1"), "")
    words = [part for part in parts if part not in ("seconds", "purchases") and not part.isdigit()]
    return (" ".join(words) or "in all") + purchase


def _said(answer: str | tuple[str, ...] | None) -> str:
    """An answer as it is read."""
    if answer is None:
        return "unreadable"
    if isinstance(answer, tuple):
        return ", ".join(answer) or "none"
    return answer


def mistakes(confusion: Confusion) -> list[Mistake]:
    """The commonest confusions, most frequent first."""
    found = [
        Mistake(gold, said, count, count / sum(line))
        for gold, line in zip(confusion.rows, confusion.counts, strict=True)
        for said, count in zip(confusion.columns, line, strict=True)
        if count and said != gold
    ]
    return sorted(found, key=lambda m: (-m.count, m.gold, m.said))[:MOST_MISTAKES]


def _slice_table(report: Report) -> dict[tuple[str, str], dict[str, SliceScore]]:
    """Scores by slice and arm."""
    found: dict[tuple[str, str], dict[str, SliceScore]] = {}
    for part in report.slices:
        found.setdefault((part.name, part.value), {})[part.arm] = part
    return found


def _training_table(report: Report) -> dict[str, dict[str, str]]:
    """Training facts by arm; values that differ between students are shown as a range."""
    table = {}
    for arm, students in report.training.items():
        keys = dict.fromkeys(key for facts in students for key in facts)
        table[arm] = {key: _together([f.get(key) for f in students]) for key in keys}
    return table


def _together(values: list[Any]) -> str:
    distinct = list(dict.fromkeys(_brief(value) for value in values))
    if len(distinct) == 1:
        return distinct[0]
    plain = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if len(plain) == len(values):
        return f"{_brief(min(plain))} to {_brief(max(plain))}"
    return ", ".join(distinct)


def _brief(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: numbers.NONE}[value]
    if isinstance(value, int):
        return numbers.count(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_brief(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_brief(inner) for inner in value) or numbers.NONE
    return str(value) or numbers.NONE


def _yaml(recipe: Mapping[str, Any]) -> str:
    """A recipe as YAML, without what it leaves open."""
    out = io.StringIO()
    YAML().dump(_without_nothing(recipe), out)
    return out.getvalue()


def _without_nothing(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {k: _without_nothing(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in (None, "", {}, [])}
    if isinstance(value, (list, tuple)):
        return [_without_nothing(inner) for inner in value]
    return value
