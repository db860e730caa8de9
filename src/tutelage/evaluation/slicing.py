"""Where a contender is good and where it is not: accuracy by label and by tag; token F1 by tag and
on questions without an answer (span QA); chrF or ROUGE by tag (generation)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tutelage.evaluation.scales import OVERLAPS, scale_of
from tutelage.evaluation.significance import Interval, compare, interval
from tutelage.evaluation.standings import answered, row_groups, score_matrix
from tutelage.records import Example, Scorecard, Task

FEWEST_GROUPS = 5
"""Independent rows from which a difference on a slice has an interval worth showing."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A contender minus the reference on the rows of one slice, paired by row."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows that have something in common."""

    name: str
    """`label`, or the name of a tag."""
    value: str
    rows: int
    interval: Interval
    """Of the accuracy (multi-label: all labels right), or of the metric that `sliced_by` names."""
    gap: Gap | None = None
    """To the reference; None for the reference itself and for slices of very few rows."""

    def to_facts(self) -> dict[str, Any]:
        return asdict(self)


def slices(
    task: Task,
    rows: Sequence[Example],
    cards: Sequence[Scorecard],
    *,
    against: Sequence[Scorecard] = (),
    by: str = "",
    level: float = 0.95,
) -> list[Slice]:
    """One contender on each label and each value of each tag (`sliced_by`), largest slice first.

    Args:
        task: What was asked.
        rows: All rows that were scored; those count that every card answers.
        cards: Of one contender, one for each seed.
        against: Of the contender that this one is held against on every slice, such as gold only.
        by: Field or tag whose equal values make rows one cluster.
        level: Of the intervals. They are those of each slice alone: among twenty slices one lies
            outside its interval by chance.
    """
    parts: dict[tuple[str, str], list[Example]] = {}
    for row in answered(rows, cards):
        for key in _keys(row):
            parts.setdefault(key, []).append(row)
    found = []
    metric = sliced_by(task)
    for (name, value), part in parts.items():
        matrix = score_matrix(task, part, cards, metric=metric)
        found.append(
            Slice(
                name,
                value,
                len(part),
                interval(matrix, groups=row_groups(part, by), level=level, scale=scale_of(metric)),
                _gap(task, part, cards, against, by, level) if against else None,
            )
        )
    order = {name: i for i, name in enumerate(dict.fromkeys(s.name for s in found))}
    return sorted(found, key=lambda s: (order[s.name], -s.rows, s.value))


def _gap(
    task: Task,
    rows: Sequence[Example],
    cards: Sequence[Scorecard],
    against: Sequence[Scorecard],
    by: str,
    level: float,
) -> Gap | None:
    shared = answered(rows, cards, against)
    groups = row_groups(shared, by)
    if (len(set(groups)) if groups else len(shared)) < FEWEST_GROUPS:
        return None
    metric = sliced_by(task)
    own, other = (score_matrix(task, shared, group, metric=metric) for group in (cards, against))
    found = compare(own, other, groups=groups, level=level, scale=scale_of(metric))
    return Gap(found.difference, found.low, found.high)


def sliced_by(task: Task) -> str:
    """The metric that slices show: its value on a row does not depend on the other rows, or hardly
    does. BLEU of a few rows is a matter of single words, so texts have chrF then."""
    if task.kind == "generation":
        return task.metric if task.metric in OVERLAPS and task.metric != "bleu" else "chrf"
    return "f1" if task.kind == "span_qa" else "accuracy"


def _keys(row: Example) -> Iterator[tuple[str, str]]:
    if row.spans is not None and not row.spans:
        yield "label", "no answer"
    labels = row.labels if row.labels is not None else (row.label,)
    for label in labels:
        if label is not None:
            yield "label", label
    yield from row.tags.items()
