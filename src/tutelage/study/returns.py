"""What more data brought: the score on dev after each turn against rows, requests and dollars.

Every turn's student answers dev; the test stays sealed for them. Rows are paired between turns, so
that the gain of the last turn has an interval over dev rows and seeds, as every comparison has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from tutelage.evaluation.influence import ROW_WISE
from tutelage.evaluation.scorecard import merge_folds, score
from tutelage.evaluation.standings import Contender, Standing, comparisons, contenders, table
from tutelage.loop import Learned, Turn
from tutelage.records import Example, Fitted, Scorecard, Usage
from tutelage.steps import Unit, Workbench
from tutelage.study.building import Prepared


@dataclass(frozen=True, slots=True)
class Reached:
    """An arm after one of its turns, mean over its students."""

    turn: int
    """From 1."""
    with_gold: bool
    """True for the further student of `gold: last`, which trains on gold too after all turns."""
    students: int
    """Students that took this turn; one that stopped before counts with its last turn."""
    rows: float
    """Rows it was trained on."""
    usage: Mapping[str, float]
    """What all replies up to here cost one student, as if bought alone."""
    score: float | None
    low: float | None
    """Ends of the interval; None for a metric without a value for each row."""
    high: float | None
    covers: str


@dataclass(frozen=True, slots=True)
class Step:
    """What each student's last turn cost and what it moved, mean over the students."""

    turns: tuple[int, ...]
    """Numbers of the turns that were a student's last, from 1."""
    rows: float
    """Rows it added to the training data."""
    usage: Mapping[str, float]
    difference: float
    low: float
    high: float
    p: float
    dev_rows: int
    margin: float
    """Smallest gain that would matter."""
    level: float
    covers: str


def turn_cards(
    prepared: Prepared,
    learned: Sequence[Learned],
    chosen: Mapping[str, Contender],
    bench: Callable[[Unit], Workbench],
) -> list[Scorecard]:
    """Dev scorecards of every turn of the chosen arms, the turn's name in place of the grid's.

    A student that stopped before the others stands in later turns with its last one.
    """
    rows = [row for gold in prepared.golds for row in gold.dev]
    cards = []
    for entries in by_arm(learned, chosen).values():
        last = max(len(entry.turns) for entry in entries)
        if last == 1 and not any(trained_on_gold_last(entry) for entry in entries):
            continue
        for entry in entries:
            own = bench(entry.unit)
            looks = [(turn_name(turn), at(entry, turn)) for turn in range(last)]
            if len(entry.turns) > 1:
                looks.append((BEFORE, entry.turns[-2]))
            cards += [_card(prepared, entry, turn.fitted, own, name) for name, turn in looks]
    merged = merge_folds(prepared.task, rows, cards, prepared.metrics)
    return merged if len(prepared.golds) > 1 else cards


def by_arm(learned: Sequence[Learned], chosen: Mapping[str, Contender]) -> dict[str, list[Learned]]:
    """Students of each arm at its chosen grid point."""
    found: dict[str, list[Learned]] = {}
    for entry in learned:
        contender = chosen.get(entry.unit.arm)
        if contender is not None and contender.grid == entry.unit.grid:
            found.setdefault(entry.unit.arm, []).append(entry)
    return found


def at(entry: Learned, turn: int) -> Turn:
    """A student's turn, counted from 0; its last one where it stopped before."""
    return entry.turns[min(turn, len(entry.turns) - 1)]


def trained_on_gold_last(entry: Learned) -> bool:
    """Whether the student that is examined is a further one, trained after the turns."""
    return entry.fitted != entry.turns[-1].fitted


def _card(
    prepared: Prepared, entry: Learned, fitted: Fitted, bench: Workbench, name: str
) -> Scorecard:
    dev, rule = bench.gold.dev, fitted.primary
    return score(
        prepared.task,
        dev,
        bench.predict(fitted, rule, dev, rationale=fitted == entry.fitted),
        arm=entry.unit.arm,
        rule=rule,
        grid=name,
        student_seed=entry.unit.student_seed,
        purchase_seed=entry.unit.purchase_seed,
        split="dev",
        metrics=prepared.metrics,
    )


BEFORE = "before its last"
"""Each student's turn before its last one."""


def turn_name(turn: int) -> str:
    """How a turn is called where a grid point would stand; readers count from 1."""
    return f"turn {turn + 1}"


def return_facts(
    prepared: Prepared,
    learned: Sequence[Learned],
    chosen: Mapping[str, Contender],
    dev_cards: Sequence[Scorecard],
    cards: Sequence[Scorecard],
    *,
    by: str,
) -> list[dict[str, Any]]:
    """The return curve of every arm: `returns` of results.json."""
    dev = [row for gold in prepared.golds for row in gold.dev]
    found = []
    for arm, entries in by_arm(learned, chosen).items():
        final = _standing(prepared, dev, dev_cards, chosen[arm], by)
        own = [card for card in cards if card.arm == arm]
        spec = prepared.recipe.arms.get(arm)
        found.append(
            {
                "arm": arm,
                "rival": spec is None,
                "buys": bool(spec and (spec.synthesis or spec.rows)),
                "planned_turns": spec.turns if spec else 1,
                "patience": spec.patience if spec else None,
                "taken": [len(entry.turns) for entry in entries],
                "points": [asdict(p) for p in _points(prepared, entries, dev, own, final, by)],
                "last": _last_step(prepared, entries, dev, own, by),
            }
        )
    return found


def _standing(
    prepared: Prepared,
    dev: Sequence[Example],
    cards: Sequence[Scorecard],
    contender: Contender,
    by: str,
) -> Standing | None:
    own = contenders(cards).get(contender, [])
    return table(prepared.task, dev, own, by=by)[0] if own and dev else None


def _points(
    prepared: Prepared,
    entries: Sequence[Learned],
    dev: Sequence[Example],
    cards: Sequence[Scorecard],
    final: Standing | None,
    by: str,
) -> list[Reached]:
    last = max(len(entry.turns) for entry in entries)
    standings = {s.contender.grid: s for s in table(prepared.task, dev, cards, by=by)}
    found = [
        _reached(entries, turn, standings.get(turn_name(turn), final), with_gold=False)
        for turn in range(last)
    ]
    if any(map(trained_on_gold_last, entries)):
        found.append(_reached(entries, last - 1, final, with_gold=True))
    return found


def _reached(
    entries: Sequence[Learned], turn: int, standing: Standing | None, *, with_gold: bool
) -> Reached:
    rows = [entry.rows if with_gold else at(entry, turn).rows for entry in entries]
    limits = standing.interval if standing else None
    return Reached(
        turn=turn + 1,
        with_gold=with_gold,
        students=sum(len(entry.turns) > turn for entry in entries),
        rows=fmean(rows),
        usage=_mean([spent(entry, turn) for entry in entries]),
        score=standing.mean if standing else None,
        low=limits.low if limits else None,
        high=limits.high if limits else None,
        covers=limits.covers if limits else "",
    )


def spent(entry: Learned, turn: int) -> Usage:
    """What a unit's replies cost up to and with `turn`, counted from 0."""
    return sum((t.harvest.usage for t in entry.turns[: turn + 1]), Usage())


def _mean(uses: Sequence[Usage]) -> dict[str, float]:
    return {
        name: fmean(getattr(use, name) for use in uses)
        for name in ("requests", "prompt_tokens", "completion_tokens", "nanousd")
    }


def _last_step(
    prepared: Prepared,
    entries: Sequence[Learned],
    dev: Sequence[Example],
    cards: Sequence[Scorecard],
    by: str,
) -> dict[str, Any] | None:
    """Each student's last turn against its turn before; None where there is nothing to compare."""
    last = max(len(entry.turns) for entry in entries)
    known = {contender.grid: contender for contender in contenders(cards)}
    now, before = known.get(turn_name(last - 1)), known.get(BEFORE)
    if now is None or before is None or prepared.task.metric not in ROW_WISE or not dev:
        return None
    (found,) = comparisons(prepared.task, dev, cards, [(now, before)], by=by)
    step = Step(
        turns=tuple(sorted({len(entry.turns) for entry in entries})),
        rows=fmean(len(entry.turns[-1].harvest.kept) for entry in entries),
        usage=_mean([entry.turns[-1].harvest.usage for entry in entries]),
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        dev_rows=found.rows,
        margin=found.margin,
        level=found.level,
        covers=found.covers,
    )
    cut_short = sum(
        bool(entry.turns[-1].harvest.stopped or entry.turns[-1].harvest.failed) for entry in entries
    )
    return {**asdict(step), "cut_short": cut_short}
