"""The turns of an arm as far as they can be known before the first one is bought.

Without a critic nothing that later turns order depends on a student: they are expanded like the
first one, with draws that go on. What they order may depend on which rows checks keep. So each is
expanded twice, as if checks kept every row that orders were about, and as if they kept none: what
both order is certain, and the rest a bound. Turns that `patience` may leave out are bounds too, and
so are all later ones where `match: rows` ends purchases once enough rows are kept.

With a critic later turns follow from students still to come. A critic may name any row that it
reads, so the turn is expanded as if it named them all, and that is a bound.

Rows that checks refuse, and that further waves order again, are in none of this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tutelage.buying import split_step
from tutelage.contracts import Critic, Session, Synthesizer
from tutelage.gold.opening import Gold
from tutelage.recipe import ArmSpec
from tutelage.records import Brief, Example, Feedback, Usage, Weighted
from tutelage.study.staged_requests import Find, Foreseen, turn_requests


@dataclass(frozen=True, slots=True)
class Foresight:
    """What one purchase of an arm asks for."""

    turns: tuple[tuple[Foreseen, ...], ...]
    """What is certain, turn by turn; the first turn is all there."""
    bounds: tuple[Usage, ...] = ()
    """The most that each further request of later turns can use."""


def foresee(
    synthesizer: Synthesizer,
    critic: Critic | None,
    brief: Brief,
    gold: Gold,
    session: Session,
    find: Find,
    arm: ArmSpec,
    *,
    matched: bool = False,
) -> Foresight:
    """What an arm's purchase asks for in all its turns.

    Args:
        synthesizer: Of the arm.
        critic: Of the arm; None where later turns do not depend on a student.
        brief: Of the first turn.
        gold: Where the critic's rows are from.
        session: Resolves and bounds requests.
        find: Recorded replies.
        arm: Its turns and patience.
        matched: Whether the arm may keep so many rows only, after which it buys no more.
    """
    draws: Counter[str] = Counter()
    first = tuple(turn_requests(synthesizer, brief, session, find, draws))
    if critic is not None:
        led = replace(brief, feedback=Feedback(tuple(_named(critic, brief, gold))))
        bounds = (
            bound
            for turn in range(1, arm.turns)
            for bound in _bounds(synthesizer, replace(led, turn=turn), session)
        )
        return Foresight((first,), tuple(bounds))
    turns, bounded = [first], list[Usage]()
    kept: tuple[Example, ...] = ()
    certain, if_all = _certain(arm, matched), first
    for turn in range(1, arm.turns):
        kept += tuple(_sources(if_all))
        bare = replace(brief, turn=turn)
        if_none = tuple(turn_requests(synthesizer, bare, session, find, Counter(draws)))
        full = replace(bare, kept=kept)
        if_all = tuple(turn_requests(synthesizer, full, session, find, draws))
        least, most = sorted((if_all, if_none), key=len)
        sure = len(least) if turn < certain else 0
        turns.append(if_all[:sure])
        bounded += (session.bound(one.request) for one in most[sure:])
    return Foresight(tuple(turns), tuple(bounded))


def _certain(arm: ArmSpec, matched: bool) -> int:
    """How many turns are sure to buy."""
    if matched:
        return 1
    return arm.turns if arm.patience is None else arm.patience + 1


def _sources(turn: Sequence[Foreseen]) -> Iterator[Example]:
    """The rows that a turn's orders are about; of rows still to be written nobody knows any."""
    orders = {one.order.number: one.order for one in turn}
    for order in orders.values():
        if order.source is not None and order.source.id:
            yield order.source


def _named(critic: Critic, brief: Brief, gold: Gold) -> Iterator[Weighted]:
    """Every row that the critic may name; of rows still to be bought nobody knows any."""
    rows = {"pool": gold.pool, "unlabelled": brief.unlabelled}.get(critic.reads, ())
    for row in rows:
        yield Weighted(row, 1.0, "may be named")


def _bounds(synthesizer: Synthesizer, brief: Brief, session: Session) -> Iterator[Usage]:
    for stage in synthesizer.stages:
        orders = synthesizer.orders(stage, brief)
        for order in orders:
            for request in split_step(synthesizer.step(order, ()))[1]:
                yield session.bound(session.resolve(replace(request, purchase=brief.seed)))
        placed = max((order.number + 1 for order in orders), default=brief.placed)
        brief = replace(brief, placed=placed)
