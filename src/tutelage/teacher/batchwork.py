"""How a model in this process works through a desk: batch after batch, off the event loop.

The desk grants one request to each waiter. So as many waiters stand there as a batch has places;
what they were granted by the time the first one comes back is the batch, whatever is left of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from tutelage.contracts import Desk
from tutelage.exceptions import package_missing
from tutelage.records import Reply, Request

Answering = Callable[[Sequence[Request]], Sequence[Reply | str]]
"""Answers a batch: for each request its reply, or why there is none."""
ROUNDS = 4
"""Batches fetched together, so that requests of like length can be computed together."""
_PASSES = 3
"""Turns of the event loop without a further grant after which a batch is taken as it is."""


class Batchwork:
    """Answers desks with a model that is prepared when it is first needed.

    Several desks may be open at once: they take turns, batch by batch.

    Args:
        prepare: Loads, or tunes, the model that answers a purchase seed. Called in a thread before
            each batch, so it keeps what it made.
        batch_size: Requests that are computed at once.
        usd_per_gpu_hour: What the machine costs.
    """

    def __init__(
        self,
        prepare: Callable[[int], Answering],
        *,
        batch_size: int,
        usd_per_gpu_hour: float = 0.0,
    ) -> None:
        self._prepare, self._most, self._rate = prepare, ROUNDS * batch_size, usd_per_gpu_hour
        self._busy = asyncio.Lock()

    async def serve(self, desk: Desk) -> None:
        """Answer all that the desk has.

        The first request is fetched alone: where the model cannot be had, no more is reserved.
        """
        async with aclosing(gathered(desk, first=1, most=self._most)) as batches:
            async for requests in batches:
                left = list(requests)
                try:
                    async with self._busy:
                        await self._answer(desk, left)
                except (Exception, asyncio.CancelledError) as e:
                    why = str(e).partition("\n")[0] or "cancelled"
                    for request in left:  # nothing came of them, and nobody sends a bill
                        desk.fail(request, why, maybe_paid=False)
                    raise

    async def _answer(self, desk: Desk, left: list[Request]) -> None:
        """Answer a batch; `left` keeps the requests that came to nothing yet."""
        for purchase, asked in _by_purchase(left).items():
            answering = await asyncio.to_thread(_prepared, self._prepare, purchase)
            began = time.perf_counter()
            outcomes = await asyncio.to_thread(answering, asked)
            seconds = time.perf_counter() - began
            priced = shared_price(outcomes, seconds, self._rate)
            for request, outcome in zip(asked, priced, strict=True):
                left.remove(request)
                if isinstance(outcome, Reply):
                    desk.deliver(outcome)
                else:
                    desk.fail(request, outcome, maybe_paid=False)


def _prepared(prepare: Callable[[int], Answering], purchase: int) -> Answering:
    """The model, ready to answer.

    Raises:
        UserError: a package that it needs is not installed.
    """
    try:
        return prepare(purchase)
    except ModuleNotFoundError as e:
        if not e.name:
            raise
        who = "A teacher that answers in this process"
        raise package_missing(who, e.name, extra="train") from e


async def gathered(desk: Desk, *, first: int, most: int) -> AsyncGenerator[list[Request], None]:
    """Batches of at least one request: up to `first` in the first, up to `most` in the others."""
    waiting: list[asyncio.Task[Request | None]] = []
    room, over = first, False
    try:
        while True:
            if not over:
                missing = room - len(waiting)
                waiting += [asyncio.create_task(_next(desk)) for _ in range(missing)]
            if not waiting:
                return
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            await _settled(waiting)
            came = [waiter.result() for waiter in waiting if waiter.done()]
            waiting = [waiter for waiter in waiting if not waiter.done()]
            over = over or None in came
            if batch := [request for request in came if request is not None]:
                yield batch
            room = most
    finally:
        for waiter in waiting:
            waiter.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _next(desk: Desk) -> Request | None:
    try:
        return await anext(desk)
    except StopAsyncIteration:
        return None


async def _settled(waiting: Sequence[asyncio.Task[Request | None]]) -> None:
    """Let the loop turn until no further waiter comes back: a long run of requests that the ledger
    knows is looked through in several transactions."""
    done, quiet = 0, 0
    while quiet < _PASSES:
        await asyncio.sleep(0)
        now = sum(waiter.done() for waiter in waiting)
        quiet = quiet + 1 if now == done else 0
        done = now


def _by_purchase(requests: Sequence[Request]) -> Mapping[int, Sequence[Request]]:
    groups: dict[int, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.purchase, []).append(request)
    return groups


def shared_price(
    outcomes: Sequence[Reply | str], seconds: float, usd_per_hour: float
) -> list[Reply | str]:
    """The same with the price of `seconds` shared among the replies by their tokens, to the last
    nano-dollar; the later replies take what rounding leaves.

    >>> from tutelage.records import Usage
    >>> replies = [Reply("a", (), Usage(1, 2, 1)), "too long", Reply("b", (), Usage(1, 0, 1))]
    >>> [r.usage.nanousd for r in shared_price(replies, 1.0, 0.0000036) if isinstance(r, Reply)]
    [0, 1]
    """
    whole = round(seconds * usd_per_hour / 3600 * 1e9)
    tokens = sum(reply.usage.tokens for reply in outcomes if isinstance(reply, Reply))
    priced: list[Reply | str] = []
    so_far = paid = 0
    for outcome in outcomes:
        if isinstance(outcome, Reply):
            so_far += outcome.usage.tokens
            until = whole * so_far // tokens if tokens else 0
            usage = replace(outcome.usage, nanousd=until - paid)
            outcome, paid = replace(outcome, usage=usage, seconds=seconds), until
        priced.append(outcome)
    return priced
