"""The teachers' shop: every open teacher behind one ledger, for all arms of a study."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tutelage.buying import UNBOUGHT, Answers
from tutelage.contracts import Learning, Session
from tutelage.exceptions import BudgetReached
from tutelage.gold.opening import Gold
from tutelage.recipe import BudgetSpec, Caps, LoadedRecipe, Recipe, TeacherSpec
from tutelage.recipe.named_teachers import asked_teachers, label_of, teacher_of
from tutelage.records import Reply, Request, Usage
from tutelage.steps import Unit
from tutelage.store.caps import Account, Limit, Limits
from tutelage.store.ledger import Ledger
from tutelage.study.faculty import Sessions, opened, price_given
from tutelage.teacher.purchasing import Purchaser
from tutelage.teacher.tally import Snapshot

RIVAL = "rival:"
"""Accounts of teachers that stand as rivals begin like this: their replies serve no arm."""
PILOT = "pilot:"
"""Accounts of pilots begin like this."""
OWN = " [seed "
"""Before the student in the account of an arm whose students buy each for itself."""


@dataclass(frozen=True)
class Stall:
    """Where replies of one teacher are bought."""

    session: Session
    arms: Purchaser
    """Keeps the caps of study, arm and turn."""
    rivals: Purchaser
    """Keeps the cap of the study alone: a rival has no arm to be fair to."""


@dataclass(frozen=True)
class Shop:
    """Buys on behalf of units, each on its arm's account and from its arm's teacher."""

    recipe: Recipe
    stalls: Mapping[str, Stall]
    """By the teacher's name in the recipe; its own one under the empty name."""
    ledger: Ledger
    study: str

    async def ask(self, unit: Unit, turn: int, requests: Sequence[Request]) -> Answers:
        """Buy a batch for a unit. A cap of the arm or turn ends the purchase and no more.

        Raises:
            BudgetReached: the cap of the whole study stops the run.
        """
        return await _buy(self._at(unit.arm).arms, self._account(unit, turn), requests)

    async def ask_for_rival(self, rival: str, requests: Sequence[Request]) -> Answers:
        """Buy a batch for a rival, on an account of its own."""
        return await _buy(self._at(rival).rivals, Account(self.study, RIVAL + rival), requests)

    async def ask_for_pilot(self, teacher: str, name: str, requests: Sequence[Request]) -> Answers:
        """Buy answers from a teacher before a run, on the account of the pilot `name`."""
        account = Account(self.study, PILOT + name)
        return await _buy(self.stalls[teacher].rivals, account, requests)

    @property
    def sessions(self) -> Sessions:
        """The open teachers by their names in the recipe."""
        return {name: stall.session for name, stall in self.stalls.items()}

    def session(self, contender: str) -> Session:
        """The open teacher that an arm or a rival asks."""
        return self._at(contender).session

    def resolve(self, contender: str) -> Callable[[Request], Request]:
        """How the contender's teacher fills in a request."""
        stall = self.stalls.get(teacher_of(self.recipe, contender))
        return stall.session.resolve if stall else lambda request: request

    def charged(self, unit: Unit) -> Usage:
        """What the unit's arm used under its purchase seed, as if it had bought it alone."""
        return self.ledger.charged(self._account(unit))

    def buyer(self, unit: Unit) -> str:
        """The arm, or the arm and its student where each student buys for itself: its orders follow
        from its students, so each of them buys what no other one buys, with the whole cap."""
        looping = looping_arms(self.recipe)
        return f"{unit.arm}{OWN}{_student(unit)}]" if unit.arm in looping else unit.arm

    def _at(self, contender: str) -> Stall:
        return self.stalls[teacher_of(self.recipe, contender)]

    def _account(self, unit: Unit, turn: int = 0) -> Account:
        return Account(self.study, self.buyer(unit), unit.purchase_seed, turn)

    def charged_to_rival(self, rival: str) -> Usage:
        return self.ledger.charged(Account(self.study, RIVAL + rival))

    def snapshot(self) -> Mapping[str, Any]:
        """Live numbers of the arms' purchases, for the status board."""
        return asdict(in_all([stall.arms.snapshot() for stall in self.stalls.values()]))

    def learning(self) -> Mapping[str, Any]:
        """How far the teacher has come that learns just now, for the status board; empty where none
        does."""
        for name, session in self.sessions.items():
            if isinstance(session, Learning) and (told := session.learning()):
                return {"teacher": label_of(name), **told}
        return {}


def in_all(parts: Sequence[Snapshot]) -> Snapshot:
    """The live numbers of several teachers as one.

    Counts, rates and sums add up; what is not known of one is not known of all.
    """
    first, *others = parts
    if not others:
        return first
    totals, projected = [p.total for p in parts], [p.projected for p in parts if p.sent]
    return replace(
        first,
        **{name: sum(getattr(p, name) for p in parts) for name in ADDED},
        total=sum(t for t in totals if t is not None) if None not in totals else None,
        projected=sum(p for p in projected if p is not None) if None not in projected else None,
        failures=dict(sum((Tally(p.failures) for p in parts), Tally())),
        lapses=dict(sum((Tally(p.lapses) for p in parts), Tally())),
        waiting_seconds=max(p.waiting_seconds for p in parts),
        seconds=max(p.seconds for p in parts),
        stopped=next((p.stopped for p in parts if p.stopped), None),
        notes=tuple(note for p in parts for note in p.notes),
    )


ADDED = (
    "wanted", "hits", "sent", "replies", "failed", "refusals", "in_flight", "rate", "paid",
    "charged",
)  # fmt: skip


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


@asynccontextmanager
async def open_shop(
    loaded: LoadedRecipe, gold: Gold, ledger: Ledger, *, study: str, folder: Path
) -> AsyncIterator[Shop | None]:
    """Open the recipe's teachers for one run; None where it asks none.

    Args:
        folder: Of `teachers_beside`.

    Raises:
        UserError: a dollar cap without a known price, or a teacher that would see the test.
        TeacherError: a teacher cannot be opened.
    """
    recipe, limits = loaded.recipe, limits_of(loaded.recipe)
    specs = asked_teachers(recipe)
    if not specs:
        yield None
        return
    async with opened(loaded, gold, folder) as sessions:
        stalls = {
            name: Stall(
                session,
                _purchaser(session, ledger, limits, specs[name]),
                _purchaser(session, ledger, Limits(study=limits.study), specs[name]),
            )
            for name, session in sessions.items()
        }
        yield Shop(recipe, stalls, ledger, study)


def _purchaser(session: Session, ledger: Ledger, limits: Limits, spec: TeacherSpec) -> Purchaser:
    price = price_given(spec)
    return Purchaser(session, ledger, limits=limits, price=price, max_failed=spec.max_failed)


def looping_arms(recipe: Recipe) -> frozenset[str]:
    """Arms whose orders follow from their students, so that each student buys for itself."""
    return frozenset(name for name, arm in recipe.arms.items() if arm.critic and arm.turns > 1)


def limits_of(recipe: Recipe) -> Limits:
    """The caps of a recipe, with the equal share of each arm that `match` asks for; they stand in
    its own `teacher`, whoever else is asked."""
    budget = recipe.teacher.budget if recipe.teacher else BudgetSpec()
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
