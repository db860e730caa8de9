"""How a synthesizer's orders become drafts: stage by stage, level by level, draw by draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tutelage.contracts import Synthesizer
from tutelage.records import Brief, Draft, Material, Order, Refusal, Reply, Request, Usage


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a batch of requests."""

    replies: Sequence[Reply | str]
    """In the order of the requests: the reply, or why there is none."""
    stopped: str = ""
    """The cap of the arm or turn that ended the purchase; empty where all was asked."""


Ask = Callable[[Sequence[Request]], Awaitable[Answers]]
"""Buys a finite batch of requests."""


@dataclass(frozen=True)
class Bought:
    """What one turn's purchase brought."""

    drafts: tuple[Draft, ...]
    requests: tuple[str, ...]
    """Hashes of all requests that were answered, each once, in the order asked."""
    draws: Mapping[str, int]
    """Next draw by prompt, for the turns that follow."""
    failed: int = 0
    """Orders without a reply; the next run asks them again."""
    unbought: int = 0
    """Orders that a cap left unasked."""
    stopped: str = ""
    placed: int = 0
    """Orders placed in the turn so far."""
    usage: Usage = field(default_factory=Usage)
    """What these replies cost, each once, whoever paid for them first."""
    shown: tuple[str, ...] = ()
    """Ids of the gold rows that orders showed, explained or varied, sorted."""

    @property
    def materials(self) -> tuple[Material, ...]:
        """What was written for later orders and is no row."""
        return tuple(d.content for d in self.drafts if isinstance(d.content, Material))


def number_draws(requests: Sequence[Request], draws: Counter[str]) -> list[Request]:
    """Give the k-th request of the same prompt draw k, counting on from `draws`, which is changed.

    Prompts that are shared on purpose keep draw 0, so that a thousand rows with a hundred premises
    need a hundred replies.
    """
    numbered = []
    for request in requests:
        if request.shared:
            numbered.append(request)
            continue
        numbered.append(replace(request, draw=draws[request.prompt_hash]))
        draws[request.prompt_hash] += 1
    return numbered


async def buy(synthesizer: Synthesizer, brief: Brief, ask: Ask, draws: Mapping[str, int]) -> Bought:
    """Place a turn's orders and read the replies.

    Args:
        synthesizer: What to ask and how to read the answers.
        brief: All that it may see.
        ask: Buys requests; each batch is finite, so that a batch API can be given a closed one,
            `plan` can count it and machines can share it.
        draws: Draws already taken by earlier turns, by prompt.

    Returns:
        Drafts in order number, whatever the order of arrival.
    """
    counter = Counter(draws)
    drafts: list[Draft] = []
    requests: dict[str, Usage] = {}
    failed = unbought = 0
    stopped = ""
    shown: set[str] = set()
    for stage in synthesizer.stages:
        orders = synthesizer.orders(stage, brief)
        shown.update(gold_shown(orders))
        found, stage_failed, stage_unbought, stopped = await _stage(
            synthesizer, orders, brief.seed, ask, counter, requests
        )
        failed, unbought = failed + stage_failed, unbought + stage_unbought
        drafts += [replace(d, number=i) for i, d in enumerate(found, start=len(drafts))]
        materials = tuple(d.content for d in found if isinstance(d.content, Material))
        placed = max((order.number + 1 for order in orders), default=brief.placed)
        brief = replace(brief, materials=brief.materials + materials, placed=placed)
        if stopped:
            break
    return Bought(
        tuple(drafts),
        tuple(requests),
        dict(counter),
        failed,
        unbought,
        stopped,
        brief.placed,
        sum(requests.values(), Usage()),
        tuple(sorted(shown)),
    )


def gold_shown(orders: Sequence[Order]) -> Iterator[str]:
    """Ids of the labelled gold rows that stand in `orders`."""
    for order in orders:
        for row in (order.source, *order.shots):
            if row is not None and row.origin.role in LABELLED:
                yield row.id


LABELLED = ("train", "pool", "dev")
"""Gold roles whose rows carry the user's labels and may stand in orders."""


async def _stage(
    synthesizer: Synthesizer,
    orders: Sequence[Order],
    seed: int,
    ask: Ask,
    draws: Counter[str],
    requests: dict[str, Usage],
) -> tuple[list[Draft], int, int, str]:
    """Drafts of one stage in order number, failed and unbought orders, and the cap that stopped."""
    done: dict[int, Sequence[Draft]] = {}
    replies: dict[int, list[Reply]] = {order.number: [] for order in orders}
    waiting = list(orders)
    failed = unbought = 0
    stopped = ""
    while waiting:
        wanted: list[tuple[Order, Request]] = []
        for order in waiting:
            drafts, asked = split_step(synthesizer.step(order, tuple(replies[order.number])))
            if asked:
                wanted += ((order, replace(request, purchase=seed)) for request in asked)
            else:
                done[order.number] = drafts
        if not wanted:
            break
        numbered = number_draws([request for _, request in wanted], draws)
        answers = await ask(numbered)
        stopped = stopped or answers.stopped
        missing: dict[int, str] = {}
        for (order, _), reply in zip(wanted, answers.replies, strict=True):
            if isinstance(reply, Reply):
                requests[reply.request] = reply.usage
                replies[order.number].append(reply)
            else:
                missing[order.number] = reply
        for number, why in missing.items():
            if why == UNBOUGHT:
                unbought += 1
                if paid := replies[number]:
                    why = "a cap left unasked what was to follow this reply"
                    done[number] = [Draft(0, number, Refusal(why), raw=paid[-1].text)]
            else:
                failed += 1
                done[number] = [Draft(0, number, Refusal(f"no reply: {why}"))]
        asking = {order.number for order, _ in wanted} - missing.keys()
        waiting = [order for order in waiting if order.number in asking]
    in_order = [draft for number in sorted(done) for draft in done[number]]
    return in_order, failed, unbought, stopped


UNBOUGHT = "not bought"
"""Why there is no reply to a request that a cap left unasked."""


def split_step(
    result: Sequence[Request] | Sequence[Draft],
) -> tuple[Sequence[Draft], Sequence[Request]]:
    """What a synthesizer's step returned: drafts, or requests."""
    requests = [item for item in result if isinstance(item, Request)]
    drafts = [item for item in result if isinstance(item, Draft)]
    return drafts, requests
