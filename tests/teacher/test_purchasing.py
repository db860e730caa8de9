from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from tutelage.exceptions import BudgetReached, TeacherError, UserError
from tutelage.records import Usage
from tutelage.store.caps import Account, Limit, Limits
from tutelage.store.ledger import Ledger
from tutelage.teacher.purchasing import Purchaser

ARM = Account("study", "arm")


async def buy(purchaser: Purchaser, requests: Any, account: Account = ARM) -> list[Any]:
    async with aclosing(purchaser.ask(requests, account)) as answers:
        return [answer async for answer in answers]


async def test_a_hundred_draws_of_one_prompt_buy_a_hundred_replies_and_a_rerun_none(
    server, connect, ledger, asked
):
    async with connect() as session:
        first = await buy(Purchaser(session, ledger), [asked("hi", draw=k) for k in range(100)])
        assert server.requests == 100
        assert len({answer.reply.text for answer in first}) == 100
        again = await buy(Purchaser(session, ledger), [asked("hi", draw=k) for k in range(100)])
    assert server.requests == 100
    assert {a.position: a.reply for a in first} == {a.position: a.reply for a in again}


async def test_a_thousand_rows_sharing_a_hundred_premises_buy_a_hundred(
    server, connect, ledger, asked
):
    async with connect() as session:
        answers = await buy(
            Purchaser(session, ledger), [asked(f"premise {k % 100}") for k in range(1000)]
        )
    assert server.requests == 100
    assert sorted(a.position for a in answers) == list(range(1000))
    for answer in answers:
        assert answer.request.messages[0].content == f"premise {answer.position % 100}"
        assert answer.reply.request == answer.request.hash


@pytest.mark.parametrize("unit", ["requests", "tokens", "usd"])
@pytest.mark.parametrize("scope", ["study", "arm", "turn"])
async def test_caps_are_never_passed_by_the_servers_own_count(
    server, connect, ledger, asked, price, say, unit, scope
):
    """At concurrency 64, with a 429 or a 500 now and then."""
    server.script = lambda number, *_: (
        say(status=(429, 500)[number % 2], delay=0.001) if number % 13 == 0 else say(delay=0.001)
    )
    caps = {"requests": 150, "tokens": 2500, "usd": 0.001}
    limits = Limits(**{scope: Limit.of(**{unit: caps[unit]})})
    requests = [asked(f"prompt {k}", max_tokens=30) for k in range(400)]
    async with connect(concurrency=64) as session:
        purchaser = Purchaser(session, ledger, limits=limits, price=price)
        got = []
        with pytest.raises(BudgetReached) as caught:
            async for answer in purchaser.ask(requests, ARM):
                got.append(answer)
    assert server.requests <= 150 or unit != "requests"
    assert server.tokens <= 2500 or unit != "tokens"
    assert server.nanousd <= 1_000_000 or unit != "usd"
    assert len([a for a in got if a.reply]) == server.completions > 40
    path = "teacher.budget." + ("" if scope == "study" else f"{scope}.") + unit
    assert path in str(caught.value)
    study, arm, turn = ledger.balance(ARM)
    assert study == arm == turn
    assert study.requests == server.requests
    assert study.tokens == server.tokens
    assert study.nanousd == server.nanousd


async def test_a_raised_cap_continues_and_buys_nothing_again(server, connect, ledger, asked):
    requests = [asked(f"prompt {k}") for k in range(60)]
    async with connect() as session:
        with pytest.raises(BudgetReached):
            await buy(Purchaser(session, ledger, limits=Limits(arm=Limit(requests=25))), requests)
        assert server.requests == 25
        answers = await buy(
            Purchaser(session, ledger, limits=Limits(arm=Limit(requests=60))), requests
        )
    assert len(answers) == 60
    assert server.requests == 60


async def test_a_shared_reply_is_paid_once_and_charged_to_each_arm_once(
    server, connect, ledger, asked, price
):
    requests = [asked(f"prompt {k}") for k in range(10)]
    accounts = [Account("study", "one"), Account("study", "two"), Account("study", "two", turn=1)]
    async with connect() as session:
        for account in accounts:
            await buy(Purchaser(session, ledger, price=price), requests, account)
    one, two, later = (ledger.balance(account) for account in accounts)
    assert one[0].nanousd == server.nanousd
    assert one[1].nanousd == two[1].nanousd == server.nanousd
    assert later[2].requests == 0
    assert ledger.charged(accounts[1]) == ledger.charged(accounts[0])
    totals = {total.account: total for total in ledger.totals(study="study")}
    assert totals[accounts[0]].paid.nanousd == server.nanousd
    assert accounts[2] not in totals
    assert totals[accounts[1]].paid == Usage()


async def test_an_arm_gets_the_same_set_whether_it_buys_or_finds(server, connect, ledger, asked):
    requests = [asked(f"prompt {k}", max_tokens=50) for k in range(40)]
    limits = Limits(arm=Limit(tokens=600))

    async def taken(arm: str) -> list[int]:
        got = []
        with pytest.raises(BudgetReached):
            async for answer in Purchaser(session, ledger, limits=limits).ask(
                requests, Account("study", arm)
            ):
                got.append(answer.position)
        return sorted(got)

    async with connect() as session:
        bought = await taken("buyer")
        paid = server.requests
        assert await taken("finder") == bought == list(range(len(bought)))
        assert server.requests == paid


async def test_failures_pass_the_ceiling(server, connect, ledger, asked, say):
    server.script = lambda *_: say(status=400, body={"error": {"message": "no such <thing>"}})
    async with connect() as session:
        with pytest.raises(TeacherError, match="no such <thing>") as caught:
            await buy(
                Purchaser(session, ledger, max_failed="5%"), [asked(f"p{k}") for k in range(500)]
            )
    assert "max_failed" in str(caught.value)
    assert server.requests < 60
    assert ledger.failures()[0].reason == "http 400"


async def test_a_failed_request_is_answered_without_a_reply_and_asked_again_by_the_next_run(
    server, connect, ledger, asked, say
):
    server.script = lambda number, body, _: (
        say(status=400) if body["messages"][0]["content"] == "p3" else None
    )
    requests = [asked(f"p{k}") for k in range(40)]
    async with connect() as session:
        answers = await buy(Purchaser(session, ledger), requests)
        assert [a.position for a in answers if a.reply is None] == [3]
        assert next(a.why for a in answers if a.reply is None).startswith("http 400")
        server.script = lambda *_: None
        answers = await buy(Purchaser(session, ledger), requests)
    assert all(a.reply for a in answers)
    assert server.requests == 41


async def test_requests_are_read_lazily_and_a_broken_source_loses_nothing(
    server, connect, ledger, asked
):
    def source():
        for k in range(30):
            yield asked(f"p{k}")
        raise ValueError("the source broke")

    got = []
    async with connect() as session:
        with pytest.raises(ValueError, match="the source broke"):
            async for answer in Purchaser(session, ledger).ask(source(), ARM):
                got.append(answer)
    assert len(got) == server.requests == 30
    assert not ledger.presumed()


async def test_cancelling_leaves_the_ledger_consistent(server, connect, ledger, asked):
    never = asyncio.Event()
    full = asyncio.Event()

    async def gate() -> None:
        if server.requests > 10:
            if server.in_flight == 8:
                full.set()
            await never.wait()

    server.gate = gate
    async with connect() as session:
        purchaser = Purchaser(session, ledger)
        task = asyncio.create_task(buy(purchaser, [asked(f"p{k}") for k in range(50)]))
        await full.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    presumed = ledger.presumed()
    assert len(presumed) == 8
    assert {p.why for p in presumed} == {"cancelled"}
    total = ledger.totals()[0]
    assert total.replies == server.completions == 10
    assert ledger.balance(ARM)[0].requests == server.requests == 18
    never.set()


async def test_two_runs_never_buy_the_same_request_at_the_same_time(
    server, connect, ledger, asked, say
):
    server.script = lambda *_: say(delay=0.005)
    requests = [asked(f"p{k}") for k in range(40)]
    with Ledger.open(ledger.path, owner="another run") as other:
        async with connect() as one, connect() as two:
            first, second = await asyncio.gather(
                buy(Purchaser(one, ledger), requests),
                buy(Purchaser(two, other), requests, Account("other study", "arm")),
            )
    assert server.requests == 40
    assert len(first) == len(second) == 40


async def test_an_unknown_price_is_refused_under_a_cap_in_dollars_only(connect, ledger):
    async with connect(provider="elsewhere.example") as session:
        with pytest.raises(UserError, match=r"prices: \{input"):
            Purchaser(session, ledger, limits=Limits(turn=Limit.of(usd=1)))
        assert Purchaser(session, ledger).price is None


async def test_the_snapshot_adds_up(server, connect, ledger, asked, price):
    async with connect() as session:
        purchaser = Purchaser(session, ledger, price=price)
        await buy(purchaser, [asked(f"p{k}") for k in range(20)])
        await buy(purchaser, [asked(f"p{k}") for k in range(30)])
        snapshot = purchaser.snapshot()
    assert (snapshot.wanted, snapshot.hits, snapshot.sent, snapshot.replies) == (50, 20, 30, 30)
    assert snapshot.paid == snapshot.projected == server.nanousd
    assert snapshot.in_flight == 0
