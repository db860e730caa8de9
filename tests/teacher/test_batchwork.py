"""Batches from a desk: filled, never deadlocked, and priced to the last nano-dollar."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import BudgetReached, UserError
from tutelage.records import Completion, Reply, Request, Usage
from tutelage.store.caps import Account, Limit, Limits
from tutelage.teacher.batchwork import ROUNDS, Batchwork, shared_price
from tutelage.teacher.purchasing import Purchaser

ARM = Account("study", "arm")


class Echo:
    """A session whose model writes its prompt."""

    name = "local/echo"

    def __init__(self, *, batch_size: int = 4, fails: str = "", **more: Any) -> None:
        self.batches: list[list[str]] = []
        self.prepared: list[int] = []
        self.threads: set[int] = set()
        self.fails = fails
        self.work = Batchwork(self.prepare, batch_size=batch_size, **more)

    def prepare(self, purchase: int) -> Any:
        self.prepared.append(purchase)
        if self.fails == "prepare":
            raise UserError("There is no such model.")
        if self.fails == "import":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        if self.fails == "nameless":
            raise ModuleNotFoundError("something is missing")
        return self.say

    def say(self, requests: Sequence[Request]) -> list[Reply | str]:
        self.threads.add(threading.get_ident())
        self.batches.append([request.messages[0].content for request in requests])
        return [
            f"too long: {request.hash}"
            if request.messages[0].content == self.fails
            else Reply(request.hash, (Completion(request.messages[0].content),), Usage(1, 5, 5))
            for request in requests
        ]

    def resolve(self, request: Request) -> Request:
        return replace(request, model=self.name)

    def bound(self, request: Request) -> Usage:
        return Usage(1, 5, 5)

    async def answer(self, desk: Any) -> None:
        await self.work.serve(desk)


async def buy(session: Echo, ledger: Any, requests: Any, **more: Any) -> list[Any]:
    purchaser = Purchaser(session, ledger, **more)
    async with aclosing(purchaser.ask(requests, ARM)) as answers:
        return [answer async for answer in answers]


async def test_the_first_request_goes_alone_and_batches_are_full(ledger, asked):
    echo = Echo(batch_size=2)
    got = await buy(echo, ledger, [asked(f"p{k}") for k in range(20)])
    assert sorted(a.reply.text for a in got) == sorted(f"p{k}" for k in range(20))
    assert [len(batch) for batch in echo.batches] == [1, 2 * ROUNDS, 2 * ROUNDS, 3]
    assert [text for batch in echo.batches for text in batch] == [f"p{k}" for k in range(20)]
    assert threading.get_ident() not in echo.threads


async def test_a_finished_purchase_prepares_nothing(ledger, asked):
    requests = [asked(f"p{k}") for k in range(9)]
    first = await buy(Echo(), ledger, requests)
    again = Echo()
    assert await buy(again, ledger, requests) == sorted(first, key=lambda a: a.position)
    assert again.prepared == [] and again.batches == []


async def test_batches_are_full_between_many_known_requests(ledger, asked):
    """Long runs of hits are looked through in several transactions."""
    known = [asked(f"p{k}") for k in range(3000) if k % 300]
    await buy(Echo(batch_size=500), ledger, known)
    echo = Echo(batch_size=4)
    await buy(echo, ledger, [asked(f"p{k}") for k in range(3000)])
    assert sum(map(len, echo.batches)) == 10
    assert len(echo.batches) <= 4


async def test_a_cap_smaller_than_a_batch_is_used_up_and_kept(ledger, asked):
    echo = Echo(batch_size=4)
    limits = Limits(study=Limit.of(tokens=75))
    with pytest.raises(BudgetReached):
        await buy(echo, ledger, [asked(f"p{k}") for k in range(30)], limits=limits)
    assert ledger.balance(ARM)[0].tokens == 70
    assert [len(batch) for batch in echo.batches] == [1, 6]


async def test_a_model_that_cannot_be_had_reserves_one_request_and_pays_none(ledger, asked):
    with pytest.raises(UserError, match="no such model"):
        await buy(Echo(fails="prepare"), ledger, [asked(f"p{k}") for k in range(30)])
    assert ledger.balance(ARM)[0].tokens == 0 and not ledger.presumed()


async def test_a_package_that_is_missing_is_told_with_the_extra_that_brings_it(ledger, asked):
    with pytest.raises(UserError, match="needs the package torch") as told:
        await buy(Echo(fails="import"), ledger, [asked("p")])
    assert "tutelage[train]" in str(told.value) and not ledger.presumed()
    with pytest.raises(ModuleNotFoundError, match="something is missing"):
        await buy(Echo(fails="nameless"), ledger, [asked("q")])


async def test_what_is_broken_off_is_not_presumed_paid(ledger, asked):
    """Nobody sends a bill for what a model here did not finish; it is asked again."""
    loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    echo = Echo()
    own = echo.say

    def held(requests: Sequence[Request]) -> list[Reply | str]:
        if len(requests) > 1:
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(20)
        return own(requests)

    echo.say = held  # type: ignore[method-assign]
    requests = [asked(f"p{k}") for k in range(9)]
    buying = asyncio.create_task(buy(echo, ledger, requests))
    await begun.wait()
    buying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await buying
    go_on.set()
    assert ledger.balance(ARM)[0].tokens == 10 and not ledger.presumed()
    got = await buy(Echo(), ledger, requests)
    assert [answer.reply.text for answer in got if answer.reply] == [f"p{k}" for k in range(9)]


async def test_one_request_may_fail_and_the_others_go_on(ledger, asked):
    got = await buy(Echo(fails="p3"), ledger, [asked(f"p{k}") for k in range(8)])
    (failed,) = [answer for answer in got if answer.reply is None]
    assert failed.position == 3 and failed.why.startswith("too long")
    assert ledger.balance(ARM)[0].tokens == 70


async def test_purchases_are_answered_by_their_own_models(ledger, asked):
    echo = Echo(batch_size=8)
    await buy(echo, ledger, [replace(asked("p"), purchase=k % 2, draw=k) for k in range(12)])
    assert set(echo.prepared) == {0, 1}
    assert [len(batch) for batch in echo.batches] == [1, 6, 5]


async def test_seconds_are_paid_by_the_hour(ledger, asked):
    echo = Echo(usd_per_gpu_hour=3600.0)
    echo.usd_per_gpu_hour = 3600.0
    got = await buy(echo, ledger, [asked(f"p{k}") for k in range(9)])
    paid = sum(answer.reply.usage.nanousd for answer in got)
    assert paid == ledger.balance(ARM)[0].nanousd > 0
    seconds = {answer.reply.seconds for answer in got}
    assert len(seconds) == len(echo.batches) == 2
    assert paid == pytest.approx(sum(seconds) * 1e9, abs=2)


async def test_a_dollar_cap_needs_a_price_of_tokens(ledger, asked):
    echo = Echo()
    echo.usd_per_gpu_hour = 2.0
    with pytest.raises(UserError, match=r"not known beforehand[\s\S]*teacher\.budget\.tokens"):
        await buy(echo, ledger, [asked("p")], limits=Limits(study=Limit.of(usd=1)))


@given(
    st.lists(st.none() | st.integers(0, 1000), max_size=20),
    st.floats(0, 1e4),
    st.floats(0, 100),
)
def test_shares_add_up(tokens: list[int | None], seconds: float, rate: float):
    outcomes = [
        "failed" if n is None else Reply(str(i), (), Usage(1, n, 0)) for i, n in enumerate(tokens)
    ]
    priced = shared_price(outcomes, seconds, rate)
    shares = [r.usage.nanousd for r in priced if isinstance(r, Reply)]
    assert min(shares, default=0) >= 0
    if sum(filter(None, tokens)):
        assert sum(shares) == round(seconds * rate / 3600 * 1e9)
