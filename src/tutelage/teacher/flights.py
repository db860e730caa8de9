"""What passes over the desk: wants, flights, lapses, retries, and the answers in the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from tutelage.records import Reply, Request, Usage
from tutelage.store.ledger_exchange import Sending


class Answer(NamedTuple):
    """What came of one requested position."""

    position: int
    """Place in the requests that were asked, from 0."""
    request: Request
    """As it was resolved and sent."""
    reply: Reply | None
    """None where the request was given up."""
    why: str = ""
    """Why there is no reply."""


class Want(NamedTuple):
    """A request that was asked for, and not looked at yet."""

    position: int
    request: Request
    worst: Usage


@dataclass(slots=True)
class Flight:
    """A request that a worker holds, with all positions that wait for its reply."""

    request: Request
    positions: list[int]
    sending: Sending


@dataclass(slots=True)
class Lapse:
    """A sending that brought no reply; `final` where the request is given up with it."""

    flight: Flight
    why: str
    maybe_paid: bool
    final: bool


@dataclass(slots=True)
class Retry:
    """A worker that waits for leave to send its request once more."""

    flight: Flight
    granted: asyncio.Future[bool]


@dataclass(slots=True)
class News:
    """What a transaction brought about; it is shown only after the commit."""

    answers: list[Answer] = field(default_factory=list)
    granted: list[Flight] = field(default_factory=list)
    regranted: list[Retry] = field(default_factory=list)
