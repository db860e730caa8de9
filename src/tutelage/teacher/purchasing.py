"""Buying replies: ask many requests on an account, get answers as they come.

    purchaser = Purchaser(session, ledger, price=price, limits=limits)
    async with aclosing(purchaser.ask(requests, account)) as answers:
        async for answer in answers:
            ...

Whatever stands in the ledger is not bought again; whatever is bought is reserved before it is sent
and recorded before it is handed on. See `store/ledger.py` for what holds when a run is killed or a
cap is reached, and `desk.py` for how it is made fast.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sized

from tutelage.contracts import Session
from tutelage.exceptions import TeacherError
from tutelage.records import Request
from tutelage.store.caps import Account, Limits, Shortfall
from tutelage.store.ledger import Ledger
from tutelage.teacher.desk import LedgerDesk, answers_here
from tutelage.teacher.flights import Answer
from tutelage.teacher.prices import Price, hourly_rate, price_of
from tutelage.teacher.tally import FailureCeiling, Paced, Snapshot, Tally

RATE_WINDOW = 10.0
"""Seconds over which the rate of replies is taken."""


class Purchaser:
    """Buys from one session through one ledger. Several purchases may go on at the same time.

    Args:
        session: An open teacher, over a network or in this process alike.
        ledger: Opened with the run as its owner.
        limits: Caps to keep.
        price: What the recipe says; where absent, the price list is asked.
        max_failed: Share (`5%`) or count of requests that may fail before a purchase stops.

    Raises:
        UserError: a cap in dollars is set and the teacher's price is unknown, or known only
            afterwards.
    """

    def __init__(
        self,
        session: Session,
        ledger: Ledger,
        *,
        limits: Limits | None = None,
        price: Price | None = None,
        max_failed: str | int = "5%",
    ) -> None:
        self._session, self._ledger = session, ledger
        self._limits = limits or Limits()
        self.price = price_of(
            session.name,
            override=price,
            needed=self._limits.in_money,
            per_hour=hourly_rate(session),
        )
        if answers_here(session):
            ledger.house(session.name)
        self._ceiling = FailureCeiling.read(max_failed)
        self._tally = Tally()
        self._desks: list[LedgerDesk] = []
        self._stopped: Shortfall | None = None
        self._began = time.monotonic()
        self._marks: deque[tuple[float, int]] = deque([(self._began, 0)])

    async def ask(
        self, requests: Iterable[Request], account: Account
    ) -> AsyncGenerator[Answer, None]:
        """Answers to `requests` in order of arrival, one for each position.

        Positions that share a request (the same hash) are bought once and answered each. A request
        that was given up is answered too, with no reply and the reason. `requests` is read as
        workers need more, so a generator of any length will do. Close the generator
        (`contextlib.aclosing`) where it is not read to its end: sendings under way are then
        presumed paid, but for those that are answered in this process.

        Raises:
            BudgetReached: the next request does not fit under a cap. Raised after all replies
                that were bought were handed on.
            TeacherError: the endpoint refuses us or cannot be reached, or more requests failed
                than `max_failed` allows; equally after all replies.
        """
        tally = Tally(total=len(requests) if isinstance(requests, Sized) else None)
        desk = LedgerDesk(
            requests,
            account,
            session=self._session,
            ledger=self._ledger,
            limits=self._limits,
            price=self.price,
            ceiling=self._ceiling,
            tally=tally,
        )
        self._desks.append(desk)
        work = asyncio.create_task(self._session.answer(desk), name="tutelage-teacher")
        work.add_done_callback(lambda _: desk.wake())
        try:
            while desk.out or not work.done():
                if not desk.out:
                    await desk.changed()
                while desk.out:
                    answer = desk.out.popleft()
                    desk.taken()
                    yield answer
            desk.close()
            while desk.out:
                yield desk.out.popleft()
        finally:
            await _end(work)
            desk.close()
            self._retire(desk)
        self._judge(desk, work, account)

    def snapshot(self) -> Snapshot:
        """Where all purchases of this object stand together; cheap enough for a timer."""
        now = time.monotonic()
        tally = self._tally.total_of(desk.tally for desk in self._desks)
        paced = self._session if isinstance(self._session, Paced) else None
        return Snapshot(
            wanted=tally.wanted,
            total=tally.total,
            hits=tally.hits,
            sent=tally.sent,
            replies=tally.replies,
            failed=tally.failures.total(),
            failures=dict(tally.failures),
            lapses=dict(tally.lapses),
            refusals=paced.refusals() if paced else 0,
            in_flight=sum(desk.in_flight for desk in self._desks),
            waiting_seconds=paced.waiting() if paced else 0.0,
            seconds=now - self._began,
            rate=self._rate(now, tally.replies),
            paid=tally.paid,
            charged=tally.charged,
            projected=tally.projected(),
            stopped=self._stopped,
            notes=tuple(paced.notes) if paced else (),
        )

    def _rate(self, now: float, replies: int) -> float:
        while len(self._marks) > 1 and now - self._marks[0][0] > RATE_WINDOW:
            self._marks.popleft()
        then, before = self._marks[0]
        self._marks.append((now, replies))
        return (replies - before) / (now - then) if now > then else 0.0

    def _retire(self, desk: LedgerDesk) -> None:
        self._desks.remove(desk)
        self._tally = self._tally.total_of([desk.tally])
        self._stopped = desk.stopped or self._stopped

    def _judge(self, desk: LedgerDesk, work: asyncio.Task[None], account: Account) -> None:
        """Raise what ended the purchase before its time."""
        if desk.error is not None:
            raise desk.error
        broken = work.exception()
        if broken is not None:
            raise broken
        if desk.stopped is not None:
            raise desk.stopped.error(account)
        if not desk.exhausted:
            raise TeacherError(
                f"The teacher {self._session.name} stopped before all requests were asked.",
                "Its `answer` returned while the desk had more.",
                "This is a fault of the teacher's plug-in.",
            )
        if self._ceiling.passed(desk.tally, last=True):
            raise self._ceiling.error(desk.tally)


async def _end(work: asyncio.Task[None]) -> None:
    """Stop the session's work where it still goes on; what it raises then is of no interest."""
    if not work.done():
        work.cancel()
        await asyncio.wait([work])
