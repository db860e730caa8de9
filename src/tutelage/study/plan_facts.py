"""What `tutelage plan` tells: requests, tokens and money, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tutelage.records import Usage

NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """What one arm would buy, over all its purchase seeds and folds: what is certain, and at most
    how much more."""

    arm: str
    orders: int = 0
    later_orders: int = 0
    """Of these, in turns after the first."""
    requests: int = 0
    """Different requests: orders that share a prompt on purpose count once."""
    reused: int = 0
    """Of these, recorded in the ledger already, or bought by an arm before this one."""
    worst: Usage = NOTHING
    """The most that the rest of them can use."""
    expected: Usage = NOTHING
    measured: int = 0
    """Recorded replies from which `expected` was taken; 0 where it is a rule of thumb."""
    turns: int = 1
    waves: int = 1
    """Most purchases in a turn: rows that checks refuse are ordered again, which is not counted."""
    texts: int = 0
    """Texts wanted of `requests`; more than these where a reply holds several."""
    later_requests: int = 0
    """Most further requests of turns after the first, which depend on what earlier ones bring."""
    later: Usage = NOTHING
    """The most that these can use."""
    students: int = 0

    @property
    def to_buy(self) -> int:
        return self.requests - self.reused

    @property
    def most(self) -> Usage:
        """The most that all turns can use."""
        return self.worst + self.later


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recipe would buy and train."""

    name: str
    teacher: str
    """Provider and model; empty where the recipe has no teacher."""
    priced: bool
    """Whether the teacher's price is known; money is 0 below where it is not."""
    arms: tuple[ArmPlan, ...]
    rivals: tuple[ArmPlan, ...]
    """Pilots of arms that annotate, and rivals that are trained or bought. The test is sealed, so
    the figures of teachers as rivals follow those of dev rows."""
    folds: int
    ledger: str
    caps: Mapping[str, float] = field(default_factory=dict)
    """Caps of the study by unit (`usd`, `tokens`, `requests`)."""
    notes: tuple[str, ...] = ()

    @property
    def students(self) -> int:
        return sum(part.students for part in (*self.arms, *self.rivals))

    @property
    def worst(self) -> Usage:
        return sum((part.most for part in (*self.arms, *self.rivals)), Usage())

    @property
    def expected(self) -> Usage:
        return sum((part.expected for part in (*self.arms, *self.rivals)), Usage())

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON; money also in dollars."""
        facts = asdict(self)
        for key in ("arms", "rivals"):
            for line, part in zip(facts[key], getattr(self, key), strict=True):
                line["worst"]["usd"], line["expected"]["usd"] = part.worst.usd, part.expected.usd
                line["later"]["usd"] = part.later.usd
                line["to_buy"] = part.to_buy
        worst, expected = self.worst, self.expected
        return {
            **facts,
            "students": self.students,
            "worst": {**asdict(worst), "usd": worst.usd},
            "expected": {**asdict(expected), "usd": expected.usd},
        }
