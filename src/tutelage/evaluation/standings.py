"""All contenders side by side: means over seeds with intervals, and who beats whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np

from tutelage.evaluation.influence import ROW_WISE, row_values
from tutelage.evaluation.scales import scale_of
from tutelage.evaluation.significance import (
    Comparison,
    Interval,
    WithinSeed,
    compare,
    interval,
    mcnemar,
    together,
)
from tutelage.evaluation.variance import Floats
from tutelage.exceptions import UserError
from tutelage.records import Example, Scorecard, Task, Usage

RIGHT_OR_WRONG = ("accuracy", "em")
"""Metrics whose row values are 0 or 1, which McNemar's test can count."""
PURCHASES = "test rows and purchase seeds, with the student seeds in them"


class Contender(NamedTuple):
    """An arm or rival at one point of its grid under one checkpoint rule."""

    arm: str
    grid: str = ""
    rule: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.arm, self.grid, self.rule) if part)


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the headline table."""

    contender: Contender
    metric: str
    interval: Interval | None
    """None for a metric that has no value for each row."""
    mean: float | None
    """Over students; None where none of them has the metric."""
    spread: float | None
    """Standard deviation between students; None for a single one."""
    student_seeds: tuple[int, ...]
    purchase_seeds: tuple[int, ...]
    rows: int
    scores: Mapping[str, float]
    """Mean over students of every measure that all of them have."""
    charged: Usage
    """Mean over purchases, each as if the arm had bought its replies alone."""

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {**asdict(self), **self.contender._asdict(), "contender": str(self.contender)}


def contenders(cards: Sequence[Scorecard]) -> dict[Contender, list[Scorecard]]:
    """Cards by contender, in order of first appearance and then of seeds."""
    found: dict[Contender, list[Scorecard]] = {}
    for card in cards:
        found.setdefault(Contender(card.arm, card.grid, card.rule), []).append(card)
    for group in found.values():
        group.sort(key=lambda c: (c.purchase_seed, c.student_seed))
    return found


def score_matrix(
    task: Task, rows: Sequence[Example], cards: Sequence[Scorecard], *, metric: str
) -> Floats:
    """Values [seeds, rows] of one contender; `row_values` of `influence.py` says which.

    One line for each student. With several purchase seeds one line for each purchase, the mean of
    its students: students of one purchase share their data and are no independent draws.

    Raises:
        UserError: a row is unanswered, or the metric has no value for each row.
    """
    wanted = {row.id for row in rows}
    lines: dict[int, list[Floats]] = {}
    for card in cards:
        answers = [p for p in card.predictions if p.id in wanted]
        lines.setdefault(card.purchase_seed, []).append(
            row_values(task, rows, answers, metric=metric)
        )
    if len(lines) == 1:
        return np.stack(next(iter(lines.values())))
    return np.stack([np.mean(group, axis=0) for group in lines.values()])


def row_groups(rows: Sequence[Example], by: str) -> list[str] | None:
    """The value of the field or tag `by` of each row; None where `by` is empty.

    Raises:
        UserError: a row has no such field or tag.
    """
    if not by:
        return None
    missing = [row.id for row in rows if by not in row.fields and by not in row.tags]
    if missing:
        raise UserError(
            f"{len(missing)} rows have no field or tag {by!r}, such as {missing[0]!r}.",
            "Rows were to be grouped by it.",
        )
    return [row.fields.get(by, row.tags.get(by, "")) for row in rows]


def table(
    task: Task,
    rows: Sequence[Example],
    cards: Sequence[Scorecard],
    *,
    metric: str = "",
    by: str = "",
    level: float = 0.95,
) -> list[Standing]:
    """One line for each contender, in the order of the cards.

    Args:
        task: What was asked.
        rows: All rows that were scored; a contender may have answered only some of them.
        cards: Of one split, folds already merged.
        metric: To rank by; the task's own where empty.
        by: Field or tag whose equal values make rows one cluster, such as `premise`.
        level: Of the intervals.
    """
    name = metric or task.metric
    return [
        _standing(task, rows, contender, group, name, by, level)
        for contender, group in contenders(cards).items()
    ]


def _standing(
    task: Task,
    rows: Sequence[Example],
    contender: Contender,
    cards: Sequence[Scorecard],
    metric: str,
    by: str,
    level: float,
) -> Standing:
    shared = answered(rows, cards)
    values = [card.scores[metric] for card in cards if metric in card.scores]
    return Standing(
        contender=contender,
        metric=metric,
        interval=_interval(task, shared, cards, metric, by, level),
        mean=fmean(values) if values else None,
        spread=stdev(values) if len(values) > 1 else None,
        student_seeds=tuple(sorted({card.student_seed for card in cards})),
        purchase_seeds=tuple(sorted({card.purchase_seed for card in cards})),
        rows=len(shared),
        scores=mean_scores(cards),
        charged=_mean_usage([card.charged for card in cards]),
    )


def _interval(
    task: Task,
    rows: Sequence[Example],
    cards: Sequence[Scorecard],
    metric: str,
    by: str,
    level: float,
) -> Interval | None:
    if metric not in ROW_WISE or not rows:
        return None
    matrix = score_matrix(task, rows, cards, metric=metric)
    found = interval(matrix, groups=row_groups(rows, by), level=level, scale=scale_of(metric))
    several = len({card.purchase_seed for card in cards}) > 1
    return replace(found, covers=PURCHASES) if several else found


def answered(rows: Sequence[Example], *groups: Sequence[Scorecard]) -> list[Example]:
    """Rows that every card of every group answers, each of them once."""
    known = [{p.id for p in card.predictions} for cards in groups for card in cards]
    shared = set.intersection(*known) if known else set()
    return [row for key, row in {row.id: row for row in rows}.items() if key in shared]


def mean_scores(cards: Sequence[Scorecard]) -> dict[str, float]:
    """Mean over `cards` of each measure that all of them have."""
    return {
        name: fmean(card.scores[name] for card in cards)
        for name in cards[0].scores
        if all(name in card.scores for card in cards)
    }


def _mean_usage(charges: Sequence[Usage]) -> Usage:
    total = sum(charges, Usage())
    return Usage(
        *(
            round(part / len(charges))
            for part in (
                total.requests,
                total.prompt_tokens,
                total.completion_tokens,
                total.nanousd,
            )
        )
    )


def comparisons(
    task: Task,
    rows: Sequence[Example],
    cards: Sequence[Scorecard],
    pairs: Sequence[tuple[Contender, Contender]],
    *,
    metric: str = "",
    by: str = "",
    level: float = 0.95,
    margin: float = 0.02,
) -> list[Comparison]:
    """Compare each pair on the rows that both answered, with Holm over all pairs.

    Args:
        task: What was asked.
        rows: All rows that were scored.
        cards: Of one split, folds already merged.
        pairs: Who may be better, and than whom.
        metric: To compare on; the task's own where empty.
        by: Field or tag whose equal values make rows one cluster.
        level: Of the intervals.
        margin: Smallest difference that would matter, as a share of the metric's scale.

    Raises:
        UserError: a pair names a contender without a card, two that share no row, or a metric
            without a value for each row.
    """
    known = contenders(cards)
    unknown = [str(c) for pair in pairs for c in pair if c not in known]
    if unknown:
        raise UserError(
            f"There are no scores of {unknown[0]!r}.",
            do=f"Scored: {', '.join(map(str, known))}.",
        )
    name = metric or task.metric
    return together([_compared(task, rows, known, pair, name, by, level, margin) for pair in pairs])


def _compared(
    task: Task,
    rows: Sequence[Example],
    known: Mapping[Contender, list[Scorecard]],
    pair: tuple[Contender, Contender],
    metric: str,
    by: str,
    level: float,
    margin: float,
) -> Comparison:
    a, b = known[pair[0]], known[pair[1]]
    shared = answered(rows, a, b)
    if not shared:
        raise UserError(f"{pair[0]} and {pair[1]} answered no row in common.")
    found = compare(
        score_matrix(task, shared, a, metric=metric),
        score_matrix(task, shared, b, metric=metric),
        groups=row_groups(shared, by),
        level=level,
        margin=margin,
        names=(str(pair[0]), str(pair[1])),
        scale=scale_of(metric),
    )
    if metric in RIGHT_OR_WRONG:
        found = replace(found, within_seeds=_within_seeds(task, shared, a, b, metric))
    several = all(len({card.purchase_seed for card in cards}) > 1 for cards in (a, b))
    return replace(found, covers=PURCHASES) if several else found


def _within_seeds(
    task: Task,
    rows: Sequence[Example],
    a: Sequence[Scorecard],
    b: Sequence[Scorecard],
    metric: str,
) -> tuple[WithinSeed, ...]:
    others = {(card.student_seed, card.purchase_seed): card for card in b}
    found = []
    for card in a:
        seeds = (card.student_seed, card.purchase_seed)
        if seeds in others:
            first, second = (
                score_matrix(task, rows, [c], metric=metric)[0] for c in (card, others[seeds])
            )
            won, lost = int((first > second).sum()), int((first < second).sum())
            found.append(WithinSeed(*seeds, won, lost, mcnemar(first, second)))
    return tuple(found)


def choose_grid(
    cards: Sequence[Scorecard], *, rules: Mapping[str, str], metric: str
) -> dict[str, Contender]:
    """Each arm at the grid point that is best on dev under its primary rule; the first of equals.

    Args:
        cards: Of dev. Cards of test are refused: a choice on test is no longer a test.
        rules: Primary checkpoint rule by arm; an arm without an entry has the rule of its cards.
        metric: To choose by.

    Raises:
        UserError: a card is not of dev.
    """
    if any(card.split != "dev" for card in cards):
        raise UserError("Grid points are chosen on dev.", "A choice on test would flatter the arm.")
    best: dict[str, tuple[float, Contender]] = {}
    for contender, group in contenders(cards).items():
        if contender.rule != rules.get(contender.arm, contender.rule):
            continue
        value = mean_scores(group).get(metric, float("-inf"))
        if contender.arm not in best or value > best[contender.arm][0]:
            best[contender.arm] = (value, contender)
    return {arm: contender for arm, (_, contender) in best.items()}
