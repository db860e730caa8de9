"""Who pays, how much is spent, and how much may be: accounts, balances and caps.

Two kinds of balance are kept. A study's balance holds what was *paid*: every sending once, whoever
asked. The balances of an arm and of a turn hold what was *charged*: each reply that the arm used,
as if it had bought it alone. So arms stay comparable although they share replies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import orjson

from tutelage.exceptions import BudgetReached

Unit = Literal["requests", "tokens", "nanousd"]
Scope = Literal["study", "arm", "turn"]
UNITS: tuple[Unit, ...] = ("requests", "tokens", "nanousd")
SCOPES: tuple[Scope, ...] = ("study", "arm", "turn")


@dataclass(frozen=True, slots=True)
class Account:
    """On whose behalf a request is asked.

    Charges are kept for each (study, arm, purchase): a reply that an arm uses in two turns, or for
    several student seeds, is charged to it once, in the turn that used it first. An arm's caps hold
    for each of its purchase seeds, since each of them is a whole, independent purchase.
    """

    study: str
    arm: str
    purchase: int = 0
    turn: int = 0

    def scope_keys(self) -> tuple[str, str, str]:
        """Keys of the balances of study, arm and turn, in this order."""
        parts: list[list[str | int]] = [
            ["paid", self.study],
            ["charged", self.study, self.arm, self.purchase],
            ["charged", self.study, self.arm, self.purchase, self.turn],
        ]
        study, arm, turn = (orjson.dumps(part).decode() for part in parts)
        return study, arm, turn


@dataclass(frozen=True, slots=True)
class Limit:
    """Hard caps of one scope. None is no cap of that unit."""

    requests: int | None = None
    """Sendings, counted as the server counts them: a retry is one more."""
    tokens: int | None = None
    nanousd: int | None = None

    @classmethod
    def of(
        cls, *, usd: float | None = None, tokens: int | None = None, requests: int | None = None
    ) -> Limit:
        """The caps as a recipe says them.

        >>> Limit.of(usd=0.1).nanousd
        100000000
        """
        nanousd = None if usd is None else int(Decimal(str(usd)) * 1_000_000_000)
        return cls(requests=requests, tokens=tokens, nanousd=nanousd)

    def items(self) -> Iterator[tuple[Unit, int]]:
        """Unit and cap of each cap that is set."""
        pairs = zip(UNITS, (self.requests, self.tokens, self.nanousd), strict=True)
        return ((unit, cap) for unit, cap in pairs if cap is not None)


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps that one purchase must keep. Raising one changes no identity."""

    study: Limit = Limit()
    arm: Limit = Limit()
    turn: Limit = Limit()

    @property
    def in_money(self) -> bool:
        """Whether any cap is in dollars, so that prices must be known."""
        return any(getattr(self, scope).nanousd is not None for scope in SCOPES)


@dataclass(slots=True)
class Balance:
    """Running sums of one scope, open sendings at their worst case included."""

    requests: int = 0
    tokens: int = 0
    nanousd: int = 0

    def add(self, requests: int, tokens: int, nanousd: int) -> None:
        self.requests += requests
        self.tokens += tokens
        self.nanousd += nanousd


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A cap that the next request does not fit under."""

    scope: Scope
    unit: Unit
    cap: int
    spent: int
    needed: int
    """The most that the next request can use."""

    def error(self, account: Account) -> BudgetReached:
        """What the user is told, with the setting to raise."""
        where = {
            "study": f"the study {account.study!r}",
            "arm": f"arm {account.arm!r} (purchase seed {account.purchase})",
            "turn": f"turn {account.turn} of arm {account.arm!r}",
        }[self.scope]
        setting = "usd" if self.unit == "nanousd" else self.unit
        path = f"teacher.budget.{setting}"
        if self.scope != "study":
            path = f"teacher.budget.{self.scope}.{setting}"
        return BudgetReached(
            f"The cap of {_said(self.cap, self.unit)} of {where} is reached.",
            f"{_said(self.spent, self.unit)} are spent, and the next request can take up to "
            f"{_said(self.needed, self.unit)}. All replies bought so far are kept.",
            f"Raise {path}, for instance with --set {path}=..., and run again: nothing is bought "
            "twice.",
            scope=self.scope,
        )


def shortfall(
    scope: Scope, balance: Balance, limit: Limit, *, tokens: int, nanousd: int
) -> Shortfall | None:
    """The first cap of `limit` that one more request of so many tokens would pass, if any."""
    if limit.requests is not None and balance.requests + 1 > limit.requests:
        return Shortfall(scope, "requests", limit.requests, balance.requests, 1)
    if limit.tokens is not None and balance.tokens + tokens > limit.tokens:
        return Shortfall(scope, "tokens", limit.tokens, balance.tokens, tokens)
    if limit.nanousd is not None and balance.nanousd + nanousd > limit.nanousd:
        return Shortfall(scope, "nanousd", limit.nanousd, balance.nanousd, nanousd)
    return None


def dollars(nanousd: int) -> str:
    """Money as people read it: cents, and more places only where they matter.

    >>> dollars(5_000_000_000), dollars(1_234_567), dollars(0)
    ('$5.00', '$0.001235', '$0.00')
    """
    usd = Decimal(nanousd) / 1_000_000_000
    if usd == 0 or abs(usd) >= 1:
        return f"${usd:,.2f}"
    return f"${usd:.6f}" if abs(usd) < Decimal("0.01") else f"${usd:.4f}"


def _said(amount: int, unit: Unit) -> str:
    return dollars(amount) if unit == "nanousd" else f"{amount:,} {unit}"
