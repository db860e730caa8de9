"""The teacher's shop: one open teacher behind one ledger, for all arms of a study."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutelage.buying import UNBOUGHT, Answers
from tutelage.contracts import Session, Teacher
from tutelage.exceptions import BudgetReached
from tutelage.gold.opening import Gold
from tutelage.recipe import Caps, Recipe, TeacherSpec
from tutelage.records import Reply, Request, Usage
from tutelage.steps import Unit
from tutelage.store.caps import Account, Limit, Limits
from tutelage.store.ledger import Ledger
from tutelage.teacher.prices import Price
from tutelage.teacher.purchasing import Purchaser

RIVAL = "rival:"
"""Accounts of teachers that stand as rivals begin like this: their replies serve no arm."""
PILOT = "pilot:"
"""Accounts of pilots begin like this."""
OWN = " [seed "
"""Before the student in the account of an arm whose students buy each for itself."""


@dataclass(frozen=True)
class Shop:
    """Buys on behalf of units, each on its arm's account."""

    session: Session
    ledger: Ledger
    study: str
    arms: Purchaser
    """Keeps the caps of study, arm and turn."""
    rivals: Purchaser
    """Keeps the cap of the study alone: a rival has no arm to be fair to."""
    looping: frozenset[str] = frozenset()
    """Arms whose orders follow from their students: each student is an account of its own, with
    the whole cap of the arm, since it buys what no other student of the arm buys."""

    async def ask(self, unit: Unit, turn: int, requests: Sequence[Request]) -> Answers:
        """Buy a batch for a unit. A cap of the arm or turn ends the purchase and no more.

        Raises:
            BudgetReached: the cap of the whole study stops the run.
        """
        return await _buy(self.arms, self._account(unit, turn), requests)

    async def ask_for_rival(self, rival: str, requests: Sequence[Request]) -> Answers:
        """Buy a batch for a rival, on an account of its own."""
        return await _buy(self.rivals, Account(self.study, RIVAL + rival), requests)

    async def ask_for_pilot(self, arm: str, requests: Sequence[Request]) -> Answers:
        """Buy the answers to gold train rows by which an arm's teacher is judged beforehand."""
        return await _buy(self.rivals, Account(self.study, PILOT + arm), requests)

    def charged(self, unit: Unit) -> Usage:
        """What the unit's arm used under its purchase seed, as if it had bought it alone."""
        return self.ledger.charged(self._account(unit))

    def buyer(self, unit: Unit) -> str:
        """The arm, or the arm and its student where each student buys for itself."""
        return f"{unit.arm}{OWN}{_student(unit)}]" if unit.arm in self.looping else unit.arm

    def _account(self, unit: Unit, turn: int = 0) -> Account:
        return Account(self.study, self.buyer(unit), unit.purchase_seed, turn)

    def charged_to_rival(self, rival: str) -> Usage:
        return self.ledger.charged(Account(self.study, RIVAL + rival))

    def snapshot(self) -> Mapping[str, Any]:
        """Live numbers of all purchases, for the status board."""
        return asdict(self.arms.snapshot())


def _student(unit: Unit) -> str:
    return f"{unit.student_seed}, {unit.grid}" if unit.grid else str(unit.student_seed)


def arm_of(buyer: str) -> str:
    """The arm of what `Shop.buyer` named.

    >>> arm_of("s3 [seed 2]"), arm_of("rival:teacher")
    ('s3', 'rival:teacher')
    """
    return buyer.partition(OWN)[0]


async def _buy(purchaser: Purchaser, account: Account, requests: Sequence[Request]) -> Answers:
    replies: list[Reply | str] = [UNBOUGHT] * len(requests)
    stopped = ""
    try:
        async with aclosing(purchaser.ask(requests, account)) as answers:
            async for answer in answers:
                replies[answer.position] = answer.reply or answer.why
    except BudgetReached as cap:
        if cap.scope == "study":
            raise
        stopped = cap.what
    return Answers(replies, stopped)


def teachers_beside(ledger: Path) -> Path:
    """Where teachers keep what they make: beside the replies, so that runs which share these share
    tuned models too."""
    return ledger.parent / "teachers"


@asynccontextmanager
async def open_shop(
    teacher: Teacher, recipe: Recipe, gold: Gold, ledger: Ledger, *, study: str, folder: Path
) -> AsyncIterator[Shop]:
    """Open the teacher for one run.

    Args:
        folder: Of `teachers_beside`.

    Raises:
        UserError: a dollar cap without a known price.
        TeacherError: the teacher cannot be opened.
    """
    spec = recipe.teacher
    assert spec is not None
    limits = limits_of(recipe)
    price = Price.per_million(spec.prices.input, spec.prices.output) if spec.prices else None
    async with teacher.open(gold.train, dev=gold.dev, folder=folder) as session:
        yield Shop(
            session,
            ledger,
            study,
            _purchaser(session, ledger, limits, price, spec),
            _purchaser(session, ledger, Limits(study=limits.study), price, spec),
            looping_arms(recipe),
        )


def _purchaser(
    session: Session, ledger: Ledger, limits: Limits, price: Price | None, spec: TeacherSpec
) -> Purchaser:
    return Purchaser(session, ledger, limits=limits, price=price, max_failed=spec.max_failed)


def looping_arms(recipe: Recipe) -> frozenset[str]:
    """Arms whose orders follow from their students, so that each student buys for itself."""
    return frozenset(name for name, arm in recipe.arms.items() if arm.critic and arm.turns > 1)


def limits_of(recipe: Recipe) -> Limits:
    """The caps of a recipe, with the equal share of each arm that `match` asks for."""
    assert recipe.teacher is not None
    budget = recipe.teacher.budget
    arm = _limit(budget.arm)
    if recipe.match and recipe.match.by in ("usd", "calls"):
        looping, students = looping_arms(recipe), len(recipe.seeds.student)
        buyers = [name for name, arm in recipe.arms.items() if arm.synthesis]
        buying = sum(students if name in looping else 1 for name in buyers)
        buying *= len(recipe.seeds.purchase)
        by_usd = recipe.match.by == "usd"
        whole = budget.usd if by_usd else budget.requests
        share = recipe.match.to or (whole or 0) / max(buying, 1)
        matched = Limit.of(usd=share) if by_usd else Limit.of(requests=int(share))
        arm = _tighter(arm, matched)
    return Limits(study=_limit(budget), arm=arm, turn=_limit(budget.turn))


def _limit(caps: Caps) -> Limit:
    return Limit.of(usd=caps.usd, tokens=caps.tokens, requests=caps.requests)


def _tighter(one: Limit, other: Limit) -> Limit:
    def least(a: int | None, b: int | None) -> int | None:
        return min(x for x in (a, b) if x is not None) if (a, b) != (None, None) else None

    return Limit(
        requests=least(one.requests, other.requests),
        tokens=least(one.tokens, other.tokens),
        nanousd=least(one.nanousd, other.nanousd),
    )
