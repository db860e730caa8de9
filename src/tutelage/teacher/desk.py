"""The desk between a teacher's session and the ledger: hands out requests, takes in replies.

All that workers bring and want during one wake-up of the event loop is settled in one transaction
right after it: replies and failures are booked, then as many requests are reserved as workers are
waiting. So a request counts as sent exactly while a worker holds it, a commit is shared by all that
arrived together, and no task, lock or timer exists for a single request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator

from tutelage.contracts import Housed, Session
from tutelage.records import Reply, Request, Usage
from tutelage.store.caps import Account, Limits, Shortfall
from tutelage.store.ledger import Ledger
from tutelage.store.ledger_bodies import reply_body
from tutelage.store.ledger_exchange import Elsewhere, Exchange, Found, Sending
from tutelage.teacher.flights import Answer, Flight, Lapse, News, Retry, Want
from tutelage.teacher.prices import Price
from tutelage.teacher.tally import FailureCeiling, Tally

BACKLOG = 2048
"""Answers that may wait for the caller; beyond it nothing new is handed out, so memory is flat."""
AT_ONCE = 512
"""Requests looked at in one transaction, so that long runs of hits do not hold up the loop."""
POLL = 0.05
"""Seconds between looks at what another purchase is doing."""
POLLS_PER_CHECK = 20
"""Looks between two checks whether that other purchase is still alive."""


def answers_here(session: Session) -> bool:
    """Whether a session's replies are made in this process, so that what died unanswered with it is
    on nobody's bill."""
    return isinstance(session, Housed) and session.answers_here


class LedgerDesk:
    """One purchase: see `contracts.Desk` for the session's side.

    The caller's side: `out` holds answers, `changed` wakes when there is something new, `taken`
    says that an answer was taken away, `close` ends it.
    """

    def __init__(
        self,
        requests: Iterable[Request],
        account: Account,
        *,
        session: Session,
        ledger: Ledger,
        limits: Limits,
        price: Price | None,
        ceiling: FailureCeiling,
        tally: Tally,
    ) -> None:
        self._wants: Iterator[tuple[int, Request]] = enumerate(requests)
        self._account, self._session, self._ledger = account, session, ledger
        self._limits, self._price, self._ceiling, self.tally = limits, price, ceiling, tally
        self._loop = asyncio.get_running_loop()
        self._flights: dict[str, Flight] = {}
        self._settled: list[tuple[Flight, Reply, str]] = []
        self._lapsed: list[Lapse] = []
        self._unsent: list[Flight] = []
        self._retries: deque[Retry] = deque()
        self._idle: deque[asyncio.Future[Request | None]] = deque()
        self._head: Want | None = None
        self._scheduled = False
        self._polling = False
        self._polls = 0
        self._closed = False
        self._listener: asyncio.Future[None] | None = None
        self.out: deque[Answer] = deque()
        self.over = False
        """No new request is handed out: all were asked, a cap is reached, or something broke."""
        self.exhausted = False
        """All requests were asked."""
        self.stopped: Shortfall | None = None
        self.error: BaseException | None = None
        """What broke: the ledger, the caller's iterator, or the ceiling of failures."""

    # --- the session's side -----------------------------------------------------------------------

    def __aiter__(self) -> AsyncIterator[Request]:
        return self

    async def __anext__(self) -> Request:
        if self.over:
            raise StopAsyncIteration
        turn: asyncio.Future[Request | None] = self._loop.create_future()
        self._idle.append(turn)
        self._schedule()
        try:
            request = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                granted = turn.result()
                if granted is not None:
                    self._unsent.append(self._flights.pop(granted.hash))
            raise
        if request is None:
            raise StopAsyncIteration
        return request

    def deliver(self, reply: Reply) -> None:
        self._settled.append((self._flights[reply.request], reply, reply_body(reply)))
        self._schedule()

    async def again(self, request: Request, why: str, *, maybe_paid: bool) -> bool:
        flight = self._flights[request.hash]
        self._lapsed.append(Lapse(flight, why, maybe_paid, final=False))
        self.tally.lapsed(why)
        retry = Retry(flight, self._loop.create_future())
        self._retries.append(retry)
        self._schedule()
        try:
            return await retry.granted
        except asyncio.CancelledError:
            if retry.granted.done() and not retry.granted.cancelled() and retry.granted.result():
                self._unsent.append(self._flights.pop(request.hash))
            raise

    def fail(self, request: Request, why: str, *, maybe_paid: bool) -> None:
        self._lapsed.append(Lapse(self._flights[request.hash], why, maybe_paid, final=True))
        self.tally.lapsed(why)
        self._schedule()

    # --- the caller's side ------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        return len(self._flights) - len(self._retries)

    def taken(self) -> None:
        """The caller took an answer: go on if the backlog had stopped us."""
        if len(self.out) == BACKLOG // 2:
            self._schedule()

    def wake(self) -> None:
        """Wake whoever waits for `changed`."""
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    async def changed(self) -> None:
        self._listener = self._loop.create_future()
        await self._listener

    def close(self) -> None:
        """Book what is left when the session has ended. Sendings that it abandoned are presumed
        paid, since they may be under way, unless it answers in this process."""
        if self._closed:
            return
        self.over = self._closed = True
        done = {id(flight) for flight, *_ in self._settled}
        done |= {id(lapse.flight) for lapse in self._lapsed}
        done |= {id(retry.flight) for retry in self._retries}
        here = answers_here(self._session)
        for flight in self._flights.values():
            if id(flight) not in done:
                self._lapsed.append(Lapse(flight, "cancelled", maybe_paid=not here, final=False))
        if self._settled or self._lapsed or self._unsent:
            self._exchange()
        self._dismiss()

    @property
    def halted(self) -> bool:
        """Whether nothing may be sent any more, not even again."""
        return self._closed or self.stopped is not None or self.error is not None

    # --- one transaction for each wake-up ---------------------------------------------------------

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._exchange)

    def _exchange(self) -> None:
        self._scheduled = False
        news = News()
        try:
            with self._ledger.exchange(self._account, self._limits) as exchange:
                self._book(exchange, news)
                if not self.halted:
                    self._admit_retries(exchange, news)
                if not self.over:
                    self._admit_new(exchange, news)
        except Exception as e:  # it would vanish in the event loop: `Purchaser.ask` raises it
            self._break(e)
            return
        self._publish(news)

    def _book(self, exchange: Exchange, news: News) -> None:
        for flight, reply, body in self._settled:
            priced = self._priced(flight, reply)
            exchange.settle(flight.sending, priced, body, self._money(reply.usage))
            self._end(flight, news, priced)
        for lapse in self._lapsed:
            flight = lapse.flight
            exchange.lapse(flight.sending, lapse.why, maybe_paid=lapse.maybe_paid)
            if lapse.maybe_paid:
                self._spent(flight.sending.nanousd)
            if lapse.final:
                exchange.fail(flight.sending, lapse.why)
                self.tally.failed(lapse.why)
                self._end(flight, news, None, lapse.why)
        for flight in self._unsent:
            exchange.withdraw(flight.sending)
            self.tally.sent -= 1
        self._settled, self._lapsed, self._unsent = [], [], []
        if not self.halted and self._ceiling.passed(self.tally):
            self.error, self.over = self._ceiling.error(self.tally), True

    def _admit_retries(self, exchange: Exchange, news: News) -> None:
        while self._retries:
            retry = self._retries[0]
            flight = retry.flight
            if retry.granted.cancelled():
                del self._flights[flight.request.hash]
                self._retries.popleft()
                continue
            outcome = exchange.admit_again(
                flight.request, flight.sending, self._worst(flight.request)
            )
            if isinstance(outcome, Shortfall):
                self._hold(exchange, outcome)
                return
            flight.sending = outcome
            self.tally.sent += 1
            news.regranted.append(self._retries.popleft())

    def _admit_new(self, exchange: Exchange, news: News) -> None:
        if self._retries:
            return  # what was admitted before goes first
        room = sum(not turn.done() for turn in self._idle)
        looked = 0
        while room and len(self.out) + len(news.answers) < BACKLOG:
            if looked == AT_ONCE:
                self._schedule()
                return
            want = self._next()
            if want is None:
                self.over = True
                return
            looked += 1
            twin = self._flights.get(want.request.hash)
            if twin is not None:
                twin.positions.append(want.position)
                continue
            outcome = exchange.admit(want.request, want.worst)
            if isinstance(outcome, Sending):
                news.granted.append(self._take_off(want, outcome))
                room -= 1
            elif isinstance(outcome, Found):
                news.answers.append(Answer(want.position, want.request, outcome.reply))
                self.tally.hits += 1
                self.tally.charged += outcome.reply.usage.nanousd
            else:
                self._head = want
                self._hold(exchange, outcome)
                return

    def _take_off(self, want: Want, sending: Sending) -> Flight:
        flight = self._flights[want.request.hash] = Flight(want.request, [want.position], sending)
        self.tally.sent += 1
        return flight

    def _hold(self, exchange: Exchange, outcome: Shortfall | Elsewhere) -> None:
        """Wait for whatever may let the next request through, or stop at the cap."""
        if isinstance(outcome, Elsewhere):
            self._poll(outcome.owner)
        elif self.in_flight:
            return  # the next result brings us back
        elif owners := exchange.owners_open(outcome.scope):
            self._poll(next((name for name in owners if name != self._ledger.owner), ""))
        else:
            self.stopped, self.over = outcome, True

    def _poll(self, owner: str) -> None:
        """Look again soon; now and then, whether the other run `owner` is still alive."""
        if self._polling:
            return
        self._polling = True
        self._polls += 1
        foreign = owner != self._ledger.owner and self._polls % POLLS_PER_CHECK == 1
        self._loop.call_later(POLL, self._look, owner if foreign else "")

    def _look(self, owner: str) -> None:
        self._polling = False
        if self.halted:
            return
        try:
            if owner:
                self._ledger.release_dead(owner)
        except Exception as e:  # as in `_exchange`
            self._break(e)
            return
        self._schedule()

    # --- after the commit -------------------------------------------------------------------------

    def _publish(self, news: News) -> None:
        for retry in news.regranted:
            if not retry.granted.done():
                retry.granted.set_result(True)
        for flight in news.granted:
            turn = self._idle.popleft()
            while turn.done():
                turn = self._idle.popleft()
            turn.set_result(flight.request)
        self.out.extend(news.answers)
        if self.over:
            self._dismiss()
        if news.answers:
            self.wake()

    def _dismiss(self) -> None:
        """Send idle workers home; once halted, refuse what waits to be tried again."""
        while self._idle:
            turn = self._idle.popleft()
            if not turn.done():
                turn.set_result(None)
        while self.halted and self._retries:
            retry = self._retries.popleft()
            request = retry.flight.request
            self._flights.pop(request.hash, None)
            why = "cap reached" if self.stopped else "stopped"
            self.out.extend(Answer(at, request, None, why) for at in retry.flight.positions)
            if not retry.granted.done():
                retry.granted.set_result(False)
        self.wake()

    def _break(self, error: Exception) -> None:
        self.error, self.over = error, True
        self._dismiss()

    # --- small parts ------------------------------------------------------------------------------

    def _next(self) -> Want | None:
        if self._head is not None:
            head, self._head = self._head, None
            return head
        try:
            want = next(self._wants, None)
            if want is None:
                self.exhausted = True
                return None
            request = self._session.resolve(want[1])
            worst = self._worst(request)
        except Exception as e:  # the caller's iterator broke: what is booked here must still stand
            self.error = e
            return None
        self.tally.wanted += 1
        return Want(want[0], request, worst)

    def _worst(self, request: Request) -> Usage:
        bound = self._session.bound(request)
        return Usage(1, bound.prompt_tokens, bound.completion_tokens, self._money(bound) or 0)

    def _money(self, used: Usage) -> int | None:
        """What `used` costs: a session that knows better (a recording with prices) has its way."""
        if used.nanousd or self._price is None:
            return used.nanousd or None
        return self._price.cost(used)

    def _priced(self, flight: Flight, reply: Reply) -> Reply:
        used = reply.usage
        attempts, money = flight.sending.attempt, self._money(used) or 0
        usage = Usage(attempts, used.prompt_tokens, used.completion_tokens, money)
        return Reply(
            reply.request,
            reply.completions,
            usage,
            reply.served_by,
            reply.seconds,
            reply.estimated,
        )

    def _end(self, flight: Flight, news: News, reply: Reply | None, why: str = "") -> None:
        del self._flights[flight.request.hash]
        if reply is not None:
            self.tally.replies += 1
            self._spent(reply.usage.nanousd)
        for position in flight.positions:
            news.answers.append(Answer(position, flight.request, reply, why))

    def _spent(self, nanousd: int) -> None:
        self.tally.paid += nanousd
        self.tally.charged += nanousd
