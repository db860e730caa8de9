"""Do students write what they were trained on, word for word?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from tutelage.evaluation.standings import Contender, contenders
from tutelage.loop import Learned
from tutelage.records import Example, Scorecard
from tutelage.study.building import Prepared
from tutelage.study.returns import by_arm


def recited(
    prepared: Prepared,
    learned: Sequence[Learned],
    chosen: Mapping[str, Contender],
    cards: Sequence[Scorecard],
) -> dict[str, float]:
    """Share of each arm's texts that are a target its students were trained on, mean over students:
    `recited` of results.json; empty for tasks whose answer is no text."""
    if prepared.task.kind != "generation":
        return {}
    students = by_arm(learned, chosen)
    scored = contenders(cards)
    return {
        arm: fmean(
            _share(card, _targets(prepared, students[arm], card), folds=len(prepared.golds))
            for card in own
        )
        for arm, contender in chosen.items()
        if arm in students and (own := scored.get(contender))
    }


def _share(card: Scorecard, targets: Mapping[str, set[str]], *, folds: int) -> float:
    """Share of a card's texts that are a target of the student who wrote it. Over folds, a row's
    own target stands among those of the other folds' students: writing it is no recital."""
    said = [
        bool(targets.get(_folded(p.target or ""), set()) - ({p.id} if folds > 1 else set()))
        for p in card.predictions
    ]
    return sum(said) / max(len(said), 1)


def _targets(
    prepared: Prepared, entries: Sequence[Learned], card: Scorecard
) -> dict[str, set[str]]:
    """What the student of a card was trained on, with the ids of the rows that say it; all its
    folds together."""
    seeds = (card.student_seed, card.purchase_seed)
    own = [e for e in entries if (e.unit.student_seed, e.unit.purchase_seed) == seeds]
    rows = (row for entry in own for row in _trained_on(prepared, entry))
    found: dict[str, set[str]] = {}
    for row in rows:
        for text in filter(None, (row.target, *row.references)):
            if folded := _folded(text):
                found.setdefault(folded, set()).add(row.id)
    return found


def _trained_on(prepared: Prepared, entry: Learned) -> Iterator[Example]:
    for turn in entry.turns:
        yield from turn.harvest.kept
    gold = next(gold for gold in prepared.golds if gold.fold == entry.unit.fold)
    with_gold = prepared.parts(entry.unit).with_gold
    if with_gold:
        yield from gold.whole if with_gold == "whole" else gold.train


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
