"""How many labelled gold rows each contender saw, and for what: no method may win by seeing more.

Counted are rows whose labels a contender could use. Checks that compare drafts with gold rows to
drop copies are not counted: they hand nothing on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from tutelage.evaluation.standings import Contender
from tutelage.gold.opening import Gold
from tutelage.loop import Learned
from tutelage.recipe import Recipe, RivalSpec
from tutelage.recipe.named_teachers import is_tuned, teacher_of, teachers_of
from tutelage.records import Example
from tutelage.row_sets import calibration_rows, gold_rows
from tutelage.study.building import Prepared
from tutelage.study.returns import by_arm

Seen = frozenset[tuple[str, str]]
"""Rows by role and id: two roles may use the same ids."""
NONE: Seen = frozenset()


@dataclass(frozen=True, slots=True)
class GoldUse:
    """Distinct gold rows of one contender: of the student that saw most, where they differ."""

    name: str
    rival: bool
    trained: int
    """Train rows that its last student was trained on."""
    shown: int
    """Rows that stood in orders: as examples, to be explained or to be varied."""
    shown_mean: float
    """The same, mean over its students."""
    reviewed: int
    """Pool rows whose labels its critic compared with the student's answers."""
    named: int
    """Of those, rows that the critic handed on to the next orders."""
    chosen_on: int
    """Dev rows on which checkpoints, penalties and grid points were chosen."""
    total: int
    """Rows of all these together, each once."""
    tuned: int = 0
    """Train rows from which its teacher learned before it answered."""
    calibrated: int = 0
    """Dev rows on which its method chose a threshold."""
    upper_bound: bool = False
    """Whether it was trained on rows that the recipe leaves out for all others, on purpose: it had
    more gold than they."""


def gold_use(
    prepared: Prepared, learned: Sequence[Learned], chosen: Mapping[str, Contender]
) -> list[dict[str, Any]]:
    """The account of every arm and rival: `gold_use` of results.json."""
    golds = {gold.fold: gold for gold in prepared.golds}
    students = by_arm(learned, chosen)
    found = [_of_arm(prepared, name, entries, golds) for name, entries in students.items()]
    for name, rival in prepared.recipe.rivals.items():
        if name in chosen and name not in students:
            found.append(_of_rival(prepared.recipe, name, rival, prepared.golds[0]))
    return [asdict(use) for use in found]


def _of_arm(
    prepared: Prepared, name: str, entries: Sequence[Learned], golds: Mapping[int, Gold]
) -> GoldUse:
    uses = [_of_unit(prepared, entry, golds[entry.unit.fold]) for entry in entries]
    most = max(uses, key=lambda use: (use.total, use.shown))
    return GoldUse(
        **{
            **asdict(most),
            "name": name,
            "rival": name in prepared.recipe.rivals,
            "shown_mean": fmean(use.shown for use in uses),
        }
    )


def _of_unit(prepared: Prepared, entry: Learned, gold: Gold) -> GoldUse:
    parts = prepared.parts(entry.unit)
    recipe = prepared.recipe
    trained = _rows(gold_rows(gold, parts.with_gold, last=bool(parts.with_gold)))
    reads_pool = parts.critic is not None and parts.critic.reads == "pool"
    looked = reads_pool and any(turn.feedback for turn in entry.turns)
    role = "train" if recipe.gold.pool == "train" else "pool"  # then the same rows
    reviewed = _rows(gold.pool, role) if looked else NONE
    named = _rows(
        (
            weighted.example
            for turn in entry.turns[:-1]  # after the last one nothing is ordered
            for weighted in (turn.feedback.rows if turn.feedback and reads_pool else ())
        ),
        role,
    )
    calibrated = calibration_rows(parts.synthesizer, gold)  # asked about, their labels hidden
    ids = {i for turn in entry.turns for i in turn.harvest.shown}
    shown = _found(ids - {row.id for row in calibrated}, gold)
    if parts.synthesizer is not None:
        shown |= _rows(gold.dev[: parts.dev_rationales])
    asks = parts.synthesizer is not None or any(turn.harvest.requests for turn in entry.turns)
    use = _counted(
        trained,
        shown,
        reviewed,
        named,
        _rows(gold.dev),
        tuned=_learned(recipe, entry.unit.arm, gold) if asks else NONE,
        calibrated=_rows(calibrated),
    )
    return replace(use, upper_bound=parts.with_gold == "whole")


def _learned(recipe: Recipe, contender: str, gold: Gold) -> Seen:
    """Rows from which the contender's teacher learned."""
    spec = teachers_of(recipe).get(teacher_of(recipe, contender))
    return _rows(gold.train) if spec is not None and is_tuned(spec) else NONE


def _of_rival(recipe: Recipe, name: str, rival: RivalSpec, gold: Gold) -> GoldUse:
    """The commonest label counts train rows, a look-up holds them; a teacher is shown some."""
    trained = _rows(gold.train) if rival.kind in ("majority", "nearest") else NONE
    asks = rival.kind == "teacher"
    shown = _rows(gold.train[: rival.shots]) if asks else NONE
    tuned = _learned(recipe, name, gold) if asks else NONE
    # A teacher that is tuned stops on dev.
    use = _counted(trained, shown, NONE, NONE, _rows(gold.dev) if tuned else NONE, tuned=tuned)
    return GoldUse(**{**asdict(use), "name": name, "rival": True})


def _counted(
    trained: Seen,
    shown: Seen,
    reviewed: Seen,
    named: Seen,
    dev: Seen,
    *,
    tuned: Seen = NONE,
    calibrated: Seen = NONE,
) -> GoldUse:
    return GoldUse(
        name="",
        rival=False,
        trained=len(trained),
        shown=len(shown),
        shown_mean=float(len(shown)),
        reviewed=len(reviewed),
        named=len(named),
        chosen_on=len(dev),
        total=len(trained | shown | reviewed | dev | tuned | calibrated),
        tuned=len(tuned),
        calibrated=len(calibrated),
    )


def _rows(rows: Iterable[Example], role: str = "") -> Seen:
    """Identities of rows, in their own roles or all in `role`."""
    return frozenset((role or row.origin.role, row.id) for row in rows)


def _found(ids: set[str], gold: Gold) -> Seen:
    """Rows by their ids alone, which is how a purchase keeps them: train first, then pool, dev."""
    found: dict[str, str] = {}
    for row in (*gold.train, *gold.pool, *gold.dev):
        if row.id in ids:
            found.setdefault(row.id, row.origin.role)
    return frozenset((role, i) for i, role in found.items())
