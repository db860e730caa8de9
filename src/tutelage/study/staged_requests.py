"""The requests of a turn with several stages, as far as they can be known before it is bought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tutelage.buying import number_draws, split_step
from tutelage.contracts import Session, Synthesizer
from tutelage.records import Brief, Material, Order, Reply, Request, content_hash

Find = Callable[[str], Reply | None]
"""The recorded reply to the request with a hash."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A first request of one order."""

    order: Order
    request: Request
    key: str
    """The request's hash where a run sends exactly this. After a stage whose replies are not
    recorded yet, topics or reasons are missing from the prompt, which is a little shorter for it:
    then a key that arms share which have asked for the same until then."""


def turn_requests(
    synthesizer: Synthesizer,
    brief: Brief,
    session: Session,
    find: Find,
    draws: Counter[str] | None = None,
) -> Iterator[Foreseen]:
    """The first level of requests of all stages of a turn.

    What earlier stages bring is read out of recorded replies where they are all there; else later
    stages are counted as they would be without it.

    Args:
        synthesizer: What orders.
        brief: Of the turn.
        session: Resolves requests.
        find: Recorded replies.
        draws: Draws that earlier turns took, by prompt, which is changed; none where absent.
    """
    draws = Counter() if draws is None else draws
    unknown: tuple[str, ...] = ()
    for stage in synthesizer.stages:
        asked = list(_asked(synthesizer, stage, brief, session, draws))
        for order, request in asked:
            key = content_hash("guess1", [request.hash, *unknown]) if unknown else request.hash
            yield Foreseen(order, request, key)
        placed = max((order.number + 1 for order, _ in asked), default=brief.placed)
        found = None if unknown else _materials(synthesizer, asked, find)
        if found is None:
            unknown += tuple(request.hash for _, request in asked)
        brief = replace(brief, placed=placed, materials=(*brief.materials, *(found or ())))


def _asked(
    synthesizer: Synthesizer, stage: str, brief: Brief, session: Session, draws: Counter[str]
) -> Iterator[tuple[Order, Request]]:
    for order in synthesizer.orders(stage, brief):
        requests = split_step(synthesizer.step(order, ()))[1]
        wanted = [replace(request, purchase=brief.seed) for request in requests]
        for request in number_draws(wanted, draws):
            yield order, session.resolve(request)


def _materials(
    synthesizer: Synthesizer, asked: Sequence[tuple[Order, Request]], find: Find
) -> list[Material] | None:
    """What the recorded replies to a stage bring; None where one is missing, or asks for more."""
    materials: list[Material] = []
    replies: dict[int, list[Reply]] = {}
    for order, request in asked:
        reply = find(request.hash)
        if reply is None:
            return None
        replies.setdefault(order.number, []).append(reply)
    for order in {order.number: order for order, _ in asked}.values():
        drafts, more = split_step(synthesizer.step(order, replies[order.number]))
        if more:
            return None
        materials += (d.content for d in drafts if isinstance(d.content, Material))
    return materials
