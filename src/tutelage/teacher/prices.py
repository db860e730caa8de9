"""What teachers cost: US dollars per million tokens, and money in whole nano-dollars."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from tutelage.exceptions import UserError
from tutelage.records import Usage

LOCAL_PROVIDERS = frozenset({"localhost", "local", "recorded", "scripted", "corpus", "tuned"})
"""Providers that send no bill: servers on this machine, and teachers inside this process."""


@dataclass(frozen=True, slots=True)
class Price:
    """Price of one token in pico-dollars (1e-12 USD), whole, so that costs are exact."""

    input: int
    output: int

    @classmethod
    def per_million(cls, input: float | str, output: float | str) -> Price:
        """The price as price lists say it, in US dollars per million tokens.

        >>> Price.per_million(0.15, 0.60).cost(Usage(1, 1000, 500))
        450000
        """
        scale = Decimal(1_000_000)
        return cls(int(Decimal(str(input)) * scale), int(Decimal(str(output)) * scale))

    def cost(self, usage: Usage) -> int:
        """Nano-dollars for the tokens of `usage`, rounded up."""
        pico = usage.prompt_tokens * self.input + usage.completion_tokens * self.output
        return -(-pico // 1000)


FREE = Price(0, 0)


@runtime_checkable
class Metered(Protocol):
    """A session in this process whose replies cost the time that they take."""

    usd_per_gpu_hour: float


def hourly_rate(session: Any) -> float:
    """US dollars per hour of a session's machine; 0 for sessions that know of none."""
    return session.usd_per_gpu_hour if isinstance(session, Metered) else 0.0


PRICES_DATE = "2025-08"
PRICES_SOURCE = (
    "OpenAI's public price list for standard processing, without discounts for cached input or "
    "batches; check https://openai.com/api/pricing and set teacher.prices where it has changed"
)
_LISTED: dict[str, tuple[str, str]] = {
    "api.openai.com/gpt-3.5-turbo": ("0.50", "1.50"),
    "api.openai.com/gpt-4": ("30", "60"),
    "api.openai.com/gpt-4-turbo": ("10", "30"),
    "api.openai.com/gpt-4.1": ("2", "8"),
    "api.openai.com/gpt-4.1-mini": ("0.40", "1.60"),
    "api.openai.com/gpt-4.1-nano": ("0.10", "0.40"),
    "api.openai.com/gpt-4o": ("2.50", "10"),
    "api.openai.com/gpt-4o-2024-05-13": ("5", "15"),
    "api.openai.com/gpt-4o-mini": ("0.15", "0.60"),
    "api.openai.com/gpt-5": ("1.25", "10"),
    "api.openai.com/gpt-5-mini": ("0.25", "2"),
    "api.openai.com/gpt-5-nano": ("0.05", "0.40"),
    "api.openai.com/o1": ("15", "60"),
    "api.openai.com/o3": ("2", "8"),
    "api.openai.com/o3-mini": ("1.10", "4.40"),
    "api.openai.com/o4-mini": ("1.10", "4.40"),
}


def listed_price(name: str) -> Price | None:
    """The price of the teacher called `name` (provider and model), None where we do not know it.

    >>> listed_price("localhost/llama") == FREE
    True
    >>> listed_price("api.openai.com/gpt-4o-mini-2024-07-18").input
    150000
    """
    if name.partition("/")[0] in LOCAL_PROVIDERS:
        return FREE
    undated = re.sub(r"-\d{4}-\d{2}-\d{2}$", "", name)
    listed = _LISTED.get(name) or _LISTED.get(undated)
    return None if listed is None else Price.per_million(*listed)


def price_of(
    name: str,
    *,
    override: Price | None = None,
    needed: bool,
    per_hour: float = 0.0,
    called: str = "",
) -> Price | None:
    """The price to count with.

    Args:
        name: Provider and model, as in `Session.name`.
        override: What the recipe says; it wins over the list.
        needed: Whether a cap in dollars depends on it.
        per_hour: US dollars per hour of the session's machine, of `hourly_rate`. Each reply then
            brings its own price, which nobody knows beforehand.
        called: Its name among the recipe's `teachers`; empty for the recipe's own.

    Returns:
        None where no price is known and none is needed: money is then counted as unknown.

    Raises:
        UserError: the price is unknown and a cap in dollars could not be kept without it, or there
            are two prices.
    """
    if per_hour:
        _check_timed(name, override, needed=needed, called=called)
        return None
    price = override if override is not None else listed_price(name)
    if price is None and needed:
        raise UserError(
            f"The price of {name} is not known.",
            "A cap in dollars can only be kept with a price.",
            f"Add what its provider asks, in US dollars per million tokens:\n{_place(called)}",
        )
    return price


def _place(called: str) -> str:
    """Where prices stand in a recipe.

    >>> print(_place("writer"))
    teachers:
      writer:
        prices: {input: 0.00, output: 0.00}
    """
    keys = ["teachers", called] if called else ["teacher"]
    last = "prices: {input: 0.00, output: 0.00}"
    lines = [*(f"{key}:" for key in keys), last]
    return "\n".join(f"{'  ' * depth}{line}" for depth, line in enumerate(lines))


def _check_timed(name: str, override: Price | None, *, needed: bool, called: str) -> None:
    if override is not None:
        raise UserError(
            f"The teacher {name} has two prices.",
            "`usd_per_gpu_hour` counts seconds, and `prices` counts tokens.",
            "Keep one: prices, which caps in dollars need, or usd_per_gpu_hour.",
        )
    if needed:
        raise UserError(
            f"What a request to {name} will cost is not known beforehand.",
            "It is priced by usd_per_gpu_hour, and nobody knows how long a reply takes before it "
            "is there: a cap in dollars could not be kept.",
            "Cap tokens in its place (teacher.budget.tokens), or replace usd_per_gpu_hour by a "
            f"price of tokens:\n{_place(called)}",
        )
