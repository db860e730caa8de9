"""One transaction at the ledger's counter: results are booked, and further sendings reserved.

What was paid and what may still be spent change together or not at all: replies, charges, open
sendings and balances are written in the same transaction.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from tutelage.records import Reply, Request, Usage
from tutelage.store.caps import (
    SCOPES,
    Account,
    Balance,
    Limits,
    Scope,
    Shortfall,
    shortfall,
)
from tutelage.store.ledger_bodies import read_reply, request_body

_LOOK = """
    SELECT q.id, r.body, r.prompt_tokens, r.completion_tokens, r.nanousd, r.attempts, r.seconds,
           r.estimated, c.request IS NOT NULL, s.owner
    FROM request q LEFT JOIN reply r ON r.request = q.id
                   LEFT JOIN charge c ON c.account = ? AND c.request = q.id
                   LEFT JOIN sending s ON s.request = q.id
    WHERE q.hash = ?
"""
_INSERT_REQUEST = "INSERT INTO request (hash, model, body) VALUES (?, ?, ?)"
_INSERT_SENDING = "INSERT INTO sending VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELETE_SENDING = "DELETE FROM sending WHERE request = ?"
_INSERT_REPLY = "INSERT INTO reply VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_CHARGE = "INSERT OR IGNORE INTO charge VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_PRESUMED = """
    INSERT INTO presumed (request, account, turn, attempt, owner, tokens, nanousd, why, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_FAILURE = "INSERT INTO failure (request, account, turn, why, at) VALUES (?, ?, ?, ?, ?)"
_UPDATE_BALANCE = """
    INSERT INTO balance VALUES (?, ?, ?, ?) ON CONFLICT (scope) DO UPDATE SET
    requests = excluded.requests, tokens = excluded.tokens, nanousd = excluded.nanousd
"""


@dataclass(slots=True)
class Sending:
    """A sending that was granted: its place in the ledger and the worst case reserved for it."""

    request: int
    """Key of the request's row."""
    attempt: int
    tokens: int
    nanousd: int


@dataclass(frozen=True, slots=True)
class Found:
    """A reply that was bought before."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another purchase is sending the same request right now: wait, then look again."""

    owner: str


Outcome = Found | Sending | Shortfall | Elsewhere


class Exchange:
    """What happens inside one transaction, on behalf of one account.

    Args:
        connection: Inside a transaction.
        book: Key of the row of (study, arm, purchase).
        account: Who asks.
        limits: Caps to keep.
        owner: The run in whose name is sent.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        book: int,
        account: Account,
        limits: Limits,
        owner: str,
    ) -> None:
        self._run = connection.execute
        self._book, self._account, self._owner = book, account, owner
        self._keys: dict[Scope, str] = dict(zip(SCOPES, account.scope_keys(), strict=True))
        found = {
            scope: Balance(*numbers)
            for scope, *numbers in self._run(
                "SELECT scope, requests, tokens, nanousd FROM balance WHERE scope IN (?, ?, ?)",
                tuple(self._keys.values()),
            )
        }
        self.balances = {scope: found.get(key, Balance()) for scope, key in self._keys.items()}
        self._now = time.time()
        # Looked at for each request: only the scopes that have a cap.
        self._capped = [
            (scope, balance, limit)
            for scope, balance in self.balances.items()
            if any((limit := getattr(limits, scope)).items())
        ]

    def close(self) -> None:
        """Write the balances back."""
        for scope, balance in self.balances.items():
            row = (self._keys[scope], balance.requests, balance.tokens, balance.nanousd)
            self._run(_UPDATE_BALANCE, row)

    # --- admitting --------------------------------------------------------------------------------

    def admit(self, request: Request, worst: Usage) -> Outcome:
        """Find the reply to `request`, or reserve the worst case of sending it.

        A reply found is charged to the arm, under the same rule as a purchase: its worst case must
        fit under the arm's and the turn's caps. So an arm gets the same set of replies whether it
        buys them or finds them bought.
        """
        row = self._run(_LOOK, (self._book, request.hash)).fetchone()
        if row is None:
            return self._reserve(request, None, 1, worst)
        key, body, prompt, completion, nanousd, attempts, seconds, estimated, charged, owner = row
        if body is None:
            return Elsewhere(owner) if owner else self._reserve(request, key, 1, worst)
        if not charged:
            short = self._short(worst, paid=False)
            if short is not None:
                return short
            self._charge(key, 1, prompt, completion, nanousd)
            self._add(1, prompt + completion, nanousd or 0, paid=False)
        usage = Usage(attempts, prompt, completion, nanousd or 0)
        estimated = bool(estimated)
        return Found(
            read_reply(request.hash, body, usage=usage, seconds=seconds, estimated=estimated)
        )

    def admit_again(self, request: Request, sending: Sending, worst: Usage) -> Sending | Shortfall:
        """Reserve one more sending of a request whose last one has lapsed."""
        return self._reserve(request, sending.request, sending.attempt + 1, worst)

    def _reserve(
        self, request: Request, key: int | None, attempt: int, worst: Usage
    ) -> Sending | Shortfall:
        short = self._short(worst, paid=True)
        if short is not None:
            return short
        if key is None:
            entry = (request.hash, request.model, request_body(request))
            key = self._run(_INSERT_REQUEST, entry).lastrowid
            assert key is not None
        self._run(
            _INSERT_SENDING,
            (
                key,
                self._book,
                self._account.turn,
                attempt,
                self._owner,
                worst.prompt_tokens,
                worst.completion_tokens,
                worst.nanousd,
                self._now,
            ),
        )
        self._add(1, worst.tokens, worst.nanousd, paid=True)
        return Sending(key, attempt, worst.tokens, worst.nanousd)

    # --- booking what came of a sending -----------------------------------------------------------

    def settle(self, sending: Sending, reply: Reply, body: str, nanousd: int | None) -> None:
        """Record a reply, charge it, and correct the balances from worst case to what it cost.

        Args:
            sending: What was reserved.
            reply: What came back.
            body: `reply_body(reply)`.
            nanousd: Its price; None where no price is known.
        """
        usage = reply.usage
        key, prompt, completion = sending.request, usage.prompt_tokens, usage.completion_tokens
        self._run(
            _INSERT_REPLY,
            (
                key,
                self._book,
                self._account.turn,
                body,
                sending.attempt,
                prompt,
                completion,
                nanousd,
                reply.estimated,
                reply.seconds,
                self._now,
            ),
        )
        self._charge(key, sending.attempt, prompt, completion, nanousd)
        self._run(_DELETE_SENDING, (key,))
        tokens = prompt + completion - sending.tokens
        self._add(0, tokens, (nanousd or 0) - sending.nanousd, paid=True)

    def lapse(self, sending: Sending, why: str, *, maybe_paid: bool) -> None:
        """Book a sending that brought no reply: presumed paid at its worst case, or free."""
        self._run(_DELETE_SENDING, (sending.request,))
        if maybe_paid:
            self._run(
                _INSERT_PRESUMED,
                (
                    sending.request,
                    self._book,
                    self._account.turn,
                    sending.attempt,
                    self._owner,
                    sending.tokens,
                    sending.nanousd,
                    why,
                    self._now,
                ),
            )
        else:
            self._add(0, -sending.tokens, -sending.nanousd, paid=True)

    def withdraw(self, sending: Sending) -> None:
        """Take back a reservation that was never sent."""
        self._run(_DELETE_SENDING, (sending.request,))
        self._add(-1, -sending.tokens, -sending.nanousd, paid=True)

    def fail(self, sending: Sending, why: str) -> None:
        """Record that the request was given up. It is asked again by the next run."""
        entry = (sending.request, self._book, self._account.turn, why, self._now)
        self._run(_INSERT_FAILURE, entry)

    def owners_open(self, scope: Scope) -> list[str]:
        """Runs with open sendings that may still lower the balance of `scope`."""
        query = (
            "SELECT DISTINCT s.owner FROM sending s JOIN account a ON a.id = s.account"
            " WHERE a.study = ?"
        )
        values: list[str | int] = [self._account.study]
        if scope != "study":
            query += " AND s.account = ?"
            values.append(self._book)
        if scope == "turn":
            query += " AND s.turn = ?"
            values.append(self._account.turn)
        return [owner for (owner,) in self._run(f"{query} ORDER BY s.owner", values)]

    # --- sums -------------------------------------------------------------------------------------

    def _charge(
        self, key: int, requests: int, prompt: int, completion: int, nanousd: int | None
    ) -> None:
        entry = (self._book, key, self._account.turn, requests, prompt, completion, nanousd)
        self._run(_INSERT_CHARGE, entry)

    def _short(self, worst: Usage, *, paid: bool) -> Shortfall | None:
        tokens, nanousd = worst.tokens, worst.nanousd
        for scope, balance, limit in self._capped:
            if paid or scope != "study":
                short = shortfall(scope, balance, limit, tokens=tokens, nanousd=nanousd)
                if short is not None:
                    return short
        return None

    def _add(self, requests: int, tokens: int, nanousd: int, *, paid: bool) -> None:
        for scope, balance in self.balances.items():
            if paid or scope != "study":
                balance.add(requests, tokens, nanousd)
