"""The desk under random costs, caps and orders of completion, with a session in this process."""

from __future__ import annotations

import asyncio
import random
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.exceptions import BudgetReached, TeacherError
from tutelage.records import Completion, Message, Reply, Request, Usage
from tutelage.store.caps import Account, Limit, Limits
from tutelage.store.ledger import Ledger
from tutelage.teacher.desk import answers_here
from tutelage.teacher.prices import Price
from tutelage.teacher.purchasing import Purchaser

PRICE = Price(1_000, 2_000)  # 1 and 2 nano-dollars for a token
PROMPT = 3


def number_of(request: Request) -> int:
    return int(request.messages[0].content)


@dataclass
class Session:
    """Answers after a random number of turns of the loop, with several workers."""

    costs: list[int]
    """Completion tokens by request; at most `worst`."""
    worst: int
    workers: int = 3
    seed: int = 0
    refusals: frozenset[int] = frozenset()
    """Requests whose first sending fails."""
    name: str = "local/random"
    sent: list[int] = field(default_factory=list)

    def resolve(self, request: Request) -> Request:
        return replace(request, model=self.name)

    def bound(self, request: Request) -> Usage:
        return Usage(1, PROMPT, self.worst)

    async def answer(self, desk) -> None:
        chance = random.Random(self.seed)

        async def work() -> None:
            async for request in desk:
                await self._pursue(desk, request, chance)

        await asyncio.gather(*(work() for _ in range(self.workers)))

    async def _pursue(self, desk, request: Request, chance: random.Random) -> None:
        number = number_of(request)
        self.sent.append(number)
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        if number in self.refusals:
            if not await desk.again(request, "429", maybe_paid=False):
                return
            self.sent.append(number)
        usage = Usage(1, PROMPT, self.costs[number])
        desk.deliver(Reply(request.hash, (Completion(f"r{number}"),), usage))


def requests(count: int) -> list[Request]:
    return [Request((Message("user", str(k)),)) for k in range(count)]


async def take(purchaser: Purchaser, count: int, account: Account) -> tuple[list[int], bool]:
    """Positions answered, and whether a cap stopped it."""
    got = []
    try:
        async for answer in purchaser.ask(requests(count), account):
            if answer.reply is not None:
                assert answer.reply.text == f"r{answer.position}"
                got.append(answer.position)
    except BudgetReached:
        return sorted(got), True
    return sorted(got), False


def expected(session: Session, limits: Limit) -> int:
    """How many requests fit, one after the other: the rule of `store/ledger.py`."""
    spent = Usage()
    for number, cost in enumerate(session.costs):
        worst = Usage(1, PROMPT, session.worst)
        worst = replace(worst, nanousd=PRICE.cost(worst))
        after = spent + worst
        over = [
            limits.requests is not None and after.requests > limits.requests,
            limits.tokens is not None and after.tokens > limits.tokens,
            limits.nanousd is not None and after.nanousd > limits.nanousd,
        ]
        if any(over):
            return number
        actual = Usage(1, PROMPT, cost)
        spent += replace(actual, nanousd=PRICE.cost(actual))
    return len(session.costs)


@st.composite
def purchases(draw: st.DrawFn) -> tuple[Session, Limit, str]:
    worst = draw(st.integers(1, 30))
    costs = draw(st.lists(st.integers(0, worst), min_size=1, max_size=30))
    some = st.one_of(st.none(), st.integers(0, 25))
    limit = Limit(
        requests=draw(some),
        tokens=draw(st.one_of(st.none(), st.integers(0, 400))),
        nanousd=draw(st.one_of(st.none(), st.integers(0, 700))),
    )
    session = Session(costs, worst, workers=draw(st.integers(1, 9)), seed=draw(st.integers(0, 99)))
    return session, limit, draw(st.sampled_from(["study", "arm", "turn"]))


@settings(max_examples=50, deadline=None)
@given(purchases())
def test_the_set_bought_is_the_same_prefix_whatever_the_timing(case):
    session, limit, scope = case
    account = Account("study", "arm")

    async def check(ledger: Ledger) -> None:
        limits = Limits(**{scope: limit})
        got, stopped = await take(
            Purchaser(session, ledger, limits=limits, price=PRICE), len(session.costs), account
        )
        count = expected(session, limit)
        assert got == list(range(count)) == sorted(session.sent)
        assert stopped == (count < len(session.costs))
        for balance in ledger.balance(account):
            assert balance.requests == count
            assert balance.tokens == sum(PROMPT + c for c in session.costs[:count])
            for unit, cap in limit.items():
                assert getattr(balance, unit) <= cap
        # Again with more room: what was bought comes first and is not bought again.
        session.seed += 1
        got, stopped = await take(
            Purchaser(session, ledger, price=PRICE), len(session.costs), account
        )
        assert got == sorted(session.sent) == list(range(len(session.costs)))

    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(Path(folder) / "l.db", owner="run") as ledger,
    ):
        asyncio.run(check(ledger))


@settings(max_examples=30, deadline=None)
@given(purchases(), st.frozensets(st.integers(0, 29)))
def test_caps_hold_when_sendings_fail_and_are_repeated(case, refusals):
    session, limit, scope = case
    session.refusals = refusals
    account = Account("study", "arm")

    async def check(ledger: Ledger) -> None:
        limits = Limits(**{scope: limit})
        purchaser = Purchaser(session, ledger, limits=limits, price=PRICE)
        got, _ = await take(purchaser, len(session.costs), account)
        study = ledger.balance(account)[0]
        assert study.requests == len(session.sent)
        assert study.tokens == sum(PROMPT + session.costs[k] for k in got)
        for unit, cap in limit.items():
            assert getattr(study, unit) <= cap
        assert not ledger.presumed()
        assert purchaser.snapshot().in_flight == 0

    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(Path(folder) / "l.db", owner="run") as ledger,
    ):
        asyncio.run(check(ledger))


async def test_two_purchases_under_one_cap_wait_for_each_other(ledger):
    """A purchase that does not fit waits while another one may still make room."""
    session = Session([1] * 20, worst=30, workers=2)
    limits = Limits(study=Limit(tokens=2 * (PROMPT + 30) + 39 * (PROMPT + 1)))
    purchaser = Purchaser(session, ledger, limits=limits, price=PRICE)
    other = Session([1] * 20, worst=30, workers=2, name="local/other")
    other_purchaser = Purchaser(other, ledger, limits=limits, price=PRICE)
    one, two = await asyncio.gather(
        take(purchaser, 20, Account("study", "one")),
        take(other_purchaser, 20, Account("study", "two")),
    )
    assert one == two == (list(range(20)), False)


async def test_a_session_that_leaves_early_is_told(ledger):
    class Lazy(Session):
        async def answer(self, desk) -> None:
            await desk.__anext__()

    with pytest.raises(TeacherError, match="stopped before all requests were asked"):
        await take(Purchaser(Lazy([1, 1], 5), ledger), 2, Account("s", "a"))
    (left,) = ledger.presumed()
    assert left.why == "cancelled"


async def test_what_a_session_in_this_process_leaves_behind_is_not_presumed_paid(ledger):
    class Lazy(Session):
        answers_here = True

        async def answer(self, desk) -> None:
            await desk.__anext__()

    with pytest.raises(TeacherError, match="stopped before all requests were asked"):
        await take(Purchaser(Lazy([1, 1], 5), ledger), 2, Account("s", "a"))
    assert not ledger.presumed()
    study = ledger.balance(Account("s", "a"))[0]
    assert (study.requests, study.tokens, study.nanousd) == (1, 0, 0)


def test_a_session_answers_here_where_it_says_so():
    session = Session([1], 5)
    assert not answers_here(session)
    for said in (False, True):
        session.answers_here = said
        assert answers_here(session) is said


async def test_a_request_granted_to_a_cancelled_worker_is_taken_back(ledger):
    class Hasty(Session):
        async def answer(self, desk) -> None:
            task = asyncio.create_task(desk.__anext__())
            while not desk.in_flight:
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

    with pytest.raises(TeacherError, match="stopped before all requests were asked"):
        await take(Purchaser(Hasty([1, 1], 5), ledger), 2, Account("s", "a"))
    assert ledger.balance(Account("s", "a"))[0].requests == 0
    assert not ledger.presumed()


async def test_a_slow_caller_holds_back_the_purchase(ledger, monkeypatch):
    monkeypatch.setattr("tutelage.teacher.desk.BACKLOG", 16)
    session = Session([1] * 200, worst=5, workers=4)
    count = 0
    async for _ in Purchaser(session, ledger).ask(requests(200), Account("s", "a")):
        count += 1
        for _ in range(3):
            await asyncio.sleep(0)
        assert len(session.sent) - count <= 16 + 4
    assert count == 200


async def test_a_session_that_knows_its_own_price_is_believed(ledger):
    """A recording with prices: its replies cost what was recorded, and dollar caps hold for it."""

    class Priced(Session):
        def bound(self, request: Request) -> Usage:
            return Usage(1, PROMPT, self.worst, 100)

        async def answer(self, desk) -> None:
            async for request in desk:
                desk.deliver(Reply(request.hash, (Completion("x"),), Usage(1, PROMPT, 1, 100)))

    limits = Limits(study=Limit(nanousd=350))
    got = []
    with pytest.raises(BudgetReached):
        async for answer in Purchaser(Priced([1] * 9, 1), ledger, limits=limits).ask(
            requests(9), Account("s", "a")
        ):
            got.append(answer.reply.usage.nanousd)
    assert got == [100, 100, 100]
    assert ledger.balance(Account("s", "a"))[0].nanousd == 300
