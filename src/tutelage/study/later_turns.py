"""What turns after the first can ask for at most: their orders depend on students still to come.

A critic may name any row that it reads, so the turn is expanded as if it named them all. Rows that
checks refuse, and that further waves order again, are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tutelage.buying import split_step
from tutelage.contracts import Critic, Session, Synthesizer
from tutelage.gold.opening import Gold
from tutelage.records import Brief, Feedback, Usage, Weighted


def bounds_of_later_turns(
    synthesizer: Synthesizer,
    critic: Critic | None,
    brief: Brief,
    gold: Gold,
    session: Session,
    *,
    turns: int,
) -> list[Usage]:
    """The most that each first request of the turns after the first can use.

    Args:
        synthesizer: Of the arm.
        critic: Of the arm; None where later turns do not depend on a student.
        brief: Of the first turn.
        gold: Where the critic's rows are from.
        session: Resolves and bounds requests.
        turns: Of the arm, the first one included.
    """
    feedback = None if critic is None else Feedback(tuple(_named(critic, brief, gold)))
    return [
        bound
        for turn in range(1, turns)
        for bound in _turn(synthesizer, replace(brief, turn=turn, feedback=feedback), session)
    ]


def _named(critic: Critic, brief: Brief, gold: Gold) -> Iterator[Weighted]:
    """Every row that the critic may name; of rows still to be bought nobody knows any."""
    rows = {"pool": gold.pool, "unlabelled": brief.unlabelled}.get(critic.reads, ())
    for row in rows:
        yield Weighted(row, 1.0, "may be named")


def _turn(synthesizer: Synthesizer, brief: Brief, session: Session) -> Iterator[Usage]:
    for stage in synthesizer.stages:
        orders = synthesizer.orders(stage, brief)
        for order in orders:
            for request in split_step(synthesizer.step(order, ()))[1]:
                yield session.bound(session.resolve(replace(request, purchase=brief.seed)))
        placed = max((order.number + 1 for order in orders), default=brief.placed)
        brief = replace(brief, placed=placed)
