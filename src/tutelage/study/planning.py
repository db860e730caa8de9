"""What a recipe would buy, before a cent is spent: requests, tokens, money, and what is reused.

Orders are expanded as a run expands them, and every request is looked up in the ledger, so that
the figures are exact at worst case for the first turn, and for later ones where no student leads
them (`later_turns`); the rest is counted at its most. Nothing is sent and no key is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

from tutelage.buying import number_draws, split_step
from tutelage.contracts import Critic, Session, Synthesizer
from tutelage.exceptions import DataError, UserError
from tutelage.gold.opening import Gold, load_gold
from tutelage.plugins import nearest
from tutelage.recipe import ArmSpec, BudgetSpec, LoadedRecipe, Recipe, RivalSpec
from tutelage.recipe.named_teachers import asked_teachers, teachers_of
from tutelage.records import Brief, Order, Request, Task, Usage
from tutelage.row_sets import calibration_rows
from tutelage.store.ledger import Ledger
from tutelage.study.building import build_synthesizer, grid_points, most_rows, plugged
from tutelage.study.faculty import (
    Sessions,
    all_sketched,
    price_given,
    refuse_folds,
    rival_asking,
    teachers_beside,
)
from tutelage.study.later_turns import foresee
from tutelage.study.pilot import annotating_arms, pilot_request, pilot_rows
from tutelage.study.plan_facts import ArmPlan, Plan
from tutelage.study.plan_notes import plan_notes, uncounted
from tutelage.study.shop import limits_of
from tutelage.teacher.annotator import ask, choose_shots
from tutelage.teacher.prices import Price, hourly_rate, price_of

CHARACTERS_A_TOKEN = 4
"""Usual in English text; what is expected of prompts that were never counted."""
SHARE_OF_LIMIT = 3
"""A reply is expected to take a third of its limit until replies of this teacher were seen."""


async def plan_study(
    loaded: LoadedRecipe,
    *,
    ledger: Path,
    limit: int | None = None,
    arms: Sequence[str] = (),
    seen: set[str] | None = None,
) -> Plan:
    """Count what a run would buy.

    Args:
        loaded: From `load_recipe`.
        ledger: Where a run would keep its replies; need not exist.
        limit: Rows of each role, as for a run.
        arms: Plan these arms only; all where empty.
        seen: Requests that other studies will have bought by then; those of this one are added.

    Raises:
        UserError: gold, parts or templates that do not fit, or a cap in dollars without a price.
    """
    recipe = loaded.recipe
    chosen = known_arms(recipe, arms)
    golds = load_gold(
        recipe.gold, recipe.task, folder=loaded.folder, seed=recipe.seeds.gold, limit=limit
    )
    if not asked_teachers(recipe):
        silent = tuple(_silent(recipe, name, spec, len(golds)) for name, spec in chosen.items())
        taught = tuple(_trained(recipe, len(golds)))
        return Plan(recipe.name, "", True, silent, taught, len(golds), str(ledger))
    refuse_folds(loaded, golds[0])
    with reading(ledger) as book:
        async with all_sketched(loaded, golds[0], teachers_beside(ledger)) as sessions:
            prices = {name: teacher_price(recipe, name, it) for name, it in sessions.items()}
            counter = Counting(
                loaded, golds, sessions, book, prices, set() if seen is None else seen
            )
            plans = tuple(counter.arm(name, spec) for name, spec in chosen.items())
            trained = _trained(recipe, len(golds))
            rivals = (*counter.pilots(arms), *trained, *counter.rivals())
    return Plan(
        name=recipe.name,
        teacher=", ".join(session.name for session in sessions.values()),
        priced=None not in prices.values(),
        arms=plans,
        rivals=rivals,
        folds=len(golds),
        ledger=str(ledger),
        caps=_caps(recipe),
        notes=(
            *plan_notes(recipe, plans, rivals, prices),
            *uncounted(recipe, chosen, golds[0].task),
        ),
    )


def known_arms(recipe: Recipe, names: Sequence[str]) -> dict[str, ArmSpec]:
    """The arms called `names`, all where there are none.

    Raises:
        UserError: an arm that the recipe does not have.
    """
    for name in names:
        if name not in recipe.arms:
            raise UserError(f"The recipe has no arm {name!r}.", do=nearest(name, [*recipe.arms]))
    return {name: arm for name, arm in recipe.arms.items() if not names or name in names}


def teacher_price(recipe: Recipe, name: str, session: Session) -> Price | None:
    """What the tokens of the teacher called `name` cost; None where that is unknown and no cap
    needs it.

    Raises:
        UserError: it is unknown and a cap in dollars needs it.
    """
    given = price_given(teachers_of(recipe)[name])
    return price_of(
        session.name,
        override=given,
        needed=limits_of(recipe).in_money,
        per_hour=hourly_rate(session),
        called=name,
    )


@contextmanager
def naming(arm: str) -> Iterator[None]:
    """What is wrong with an arm, with the arm's name before it."""
    try:
        yield
    except DataError:
        raise  # about rows, whichever arm asks for them first
    except UserError as e:
        raise UserError(f"arms.{arm}: {e.what}", e.why, e.do) from e


def texts_of(request: Request) -> int:
    """Texts that a request asks for. Reasons or values in one reply are no texts."""
    gist = request.gist
    return gist.count if gist is not None and gist.kind in ("text", "variation") else 1


def critic_of(arm: ArmSpec, task: Task) -> Critic | None:
    """What looks at the arm's students; None where nothing does."""
    made: Critic | None = plugged("critic", arm.critic).make(task=task) if arm.critic else None
    return made


def brief_of(synthesizer: Synthesizer, gold: Gold, name: str, arm: ArmSpec, seed: int) -> Brief:
    """What the arm's method sees in its first turn."""
    return Brief(
        task=gold.task,
        arm=name,
        train=tuple(gold.train),
        unlabelled=tuple(gold.sample_unlabelled(arm.candidates, seed)),
        dev=calibration_rows(synthesizer, gold),
        seed=seed,
    )


def first_requests(
    synthesizer: Synthesizer, brief: Brief, session: Session
) -> Iterator[tuple[Order, Request]]:
    """The first level of a first turn's requests, exactly as a run would send them."""
    draws: Counter[str] = Counter()
    for order in synthesizer.orders(synthesizer.stages[0], brief):
        asked = split_step(synthesizer.step(order, ()))[1]
        wanted = [replace(request, purchase=brief.seed) for request in asked]
        for request in number_draws(wanted, draws):
            yield order, session.resolve(request)


@dataclass
class Counting:
    """Counts requests, arm by arm: what one arm buys the next ones find."""

    loaded: LoadedRecipe
    golds: Sequence[Gold]
    sessions: Sessions
    book: Ledger | None
    prices: Mapping[str, Price | None]
    """By the teacher's name in the recipe, as the sessions are."""
    seen: set[str] = field(default_factory=set)
    """Requests that earlier arms would have bought by then."""

    @property
    def recipe(self) -> Recipe:
        return self.loaded.recipe

    def arm(self, name: str, arm: ArmSpec) -> ArmPlan:
        """What the arm would buy.

        Raises:
            UserError: its orders or its teacher refuse what it asks for; names the arm.
        """
        with naming(name):
            return self._arm(name, arm)

    def _arm(self, name: str, arm: ArmSpec) -> ArmPlan:
        plan = _silent(self.recipe, name, arm, len(self.golds))
        if arm.synthesis is None:
            return plan
        synthesizer = build_synthesizer(self.loaded, arm.synthesis, self.golds[0].task)
        find = self.book.find if self.book else lambda _: None
        critic = critic_of(arm, self.golds[0].task)
        matched = most_rows(self.recipe) is not None
        session = self.sessions[arm.teacher]
        texts: dict[tuple[int, int, int, int], int] = {}
        wanted: dict[str, Request] = {}
        later: list[Usage] = []
        for seed in self.recipe.seeds.purchase:
            for gold in self.golds:
                brief = brief_of(synthesizer, gold, name, arm, seed)
                seen = foresee(
                    synthesizer, critic, brief, gold, session, find, arm, matched=matched
                )
                for turn, asked in enumerate(seen.turns):
                    for one in asked:
                        texts[seed, gold.fold, turn, one.order.number] = texts_of(one.request)
                        wanted.setdefault(one.key, one.request)
                later += seen.bounds
        students = len(self.recipe.seeds.student) * len(grid_points(arm.grid))
        later *= students if critic else 1
        counted = self._counted(plan, len(texts), wanted, arm.teacher)
        return replace(
            counted,
            waves=synthesizer.waves,
            texts=sum(texts.values()),
            later_orders=sum(turn > 0 for _, _, turn, _ in texts),
            later_requests=len(later),
            later=self._priced(later, arm.teacher),
        )

    def _counted(
        self, plan: ArmPlan, orders: int, wanted: Mapping[str, Request], teacher: str
    ) -> ArmPlan:
        replies = {h: self.book.find(h) if self.book else None for h in wanted}
        recorded = [reply.usage for reply in replies.values() if reply is not None]
        there = {h for h, reply in replies.items() if reply is not None} | self.seen
        new = [request for h, request in wanted.items() if h not in there]
        reused = len(wanted) - len(new)
        self.seen.update(wanted)
        bounds = [self.sessions[teacher].bound(request) for request in new]
        expected = [
            expected_use(request, bound, recorded)
            for request, bound in zip(new, bounds, strict=True)
        ]
        return replace(
            plan,
            orders=orders,
            requests=len(wanted),
            reused=reused,
            worst=self._priced(bounds, teacher),
            expected=self._priced(expected, teacher),
            measured=len(recorded),
        )

    def pilots(self, arms: Sequence[str]) -> Iterator[ArmPlan]:
        """What trying the teacher on gold train rows takes, before a run."""
        gold = self.golds[0]
        for way in annotating_arms(self.loaded, gold.task, arms):
            asked = [pilot_request(way.options, gold, row) for row in pilot_rows(gold)]
            resolved = map(self.sessions[way.teacher].resolve, asked)
            wanted = {request.hash: request for request in resolved}
            yield self._counted(ArmPlan(f"pilot of {way.arm}"), len(asked), wanted, way.teacher)

    def rivals(self) -> Iterator[ArmPlan]:
        """Teachers as rivals, from the prompts of dev rows: test rows stay sealed."""
        for name, rival in self.recipe.rivals.items():
            if rival.kind == "teacher":
                yield self._rival(name, rival)

    def _rival(self, name: str, rival: RivalSpec) -> ArmPlan:
        gold = self.golds[0]
        rows = sum(min(rival.rows or len(g.test), len(g.test)) for g in self.golds)
        like = (gold.dev or gold.train)[:200]
        shots = choose_shots(gold.task, gold.train, rival.shots, seed=0) if rival.shots else ()
        options, session = rival_asking(self.loaded, name), self.sessions[rival.teacher]
        asked = [session.resolve(ask(gold.task, row, shots=shots, options=options)) for row in like]
        if not asked:
            return ArmPlan(name, orders=rows, requests=rows)
        bounds = [session.bound(request) for request in asked]
        likely = [expected_use(r, b, ()) for r, b in zip(asked, bounds, strict=True)]
        largest = Usage(
            rows,
            rows * max(b.prompt_tokens for b in bounds),
            rows * max(b.completion_tokens for b in bounds),
        )
        usual = Usage(
            rows,
            round(rows * fmean(u.prompt_tokens for u in likely)),
            round(rows * fmean(u.completion_tokens for u in likely)),
        )
        return ArmPlan(
            name,
            orders=rows,
            requests=rows,
            worst=self._priced([largest], rival.teacher),
            expected=self._priced([usual], rival.teacher),
        )

    def _priced(self, uses: Sequence[Usage], teacher: str) -> Usage:
        price = self.prices[teacher]
        if price is None:
            return replace(sum(uses, Usage()), nanousd=0)
        return sum((replace(use, nanousd=price.cost(use)) for use in uses), Usage())


def expected_use(request: Request, bound: Usage, recorded: Sequence[Usage]) -> Usage:
    """What `request` will likely use: as the recorded replies did on average, else by rules of
    thumb; never more than its bound."""
    if recorded:
        prompt = round(fmean(use.prompt_tokens for use in recorded))
        completion = round(fmean(use.completion_tokens for use in recorded))
    else:
        characters = sum(len(message.content) for message in request.messages)
        prompt = -(-characters // CHARACTERS_A_TOKEN)
        completion = -(-bound.completion_tokens // SHARE_OF_LIMIT)
    return Usage(1, min(prompt, bound.prompt_tokens), min(completion, bound.completion_tokens))


def _silent(recipe: Recipe, name: str, arm: ArmSpec, folds: int) -> ArmPlan:
    """The plan of an arm before its purchases are counted."""
    purchases = len(recipe.seeds.purchase) if arm.synthesis else 1
    students = len(grid_points(arm.grid)) * purchases * len(recipe.seeds.student) * folds
    each = arm.turns + (arm.gold == "last")
    return ArmPlan(name, turns=arm.turns, students=students * each)


def _trained(recipe: Recipe, folds: int) -> Iterator[ArmPlan]:
    """Rivals that are students on gold alone."""
    for name, rival in recipe.rivals.items():
        if rival.kind == "student":
            yield ArmPlan(name, students=len(recipe.seeds.student) * folds)


def _caps(recipe: Recipe) -> dict[str, float]:
    budget = recipe.teacher.budget if recipe.teacher else BudgetSpec()
    caps = {"usd": budget.usd, "tokens": budget.tokens, "requests": budget.requests}
    return {unit: cap for unit, cap in caps.items() if cap is not None}


@contextmanager
def reading(path: Path) -> Iterator[Ledger | None]:
    """The ledger for looking; None where there is none yet."""
    if not path.exists():
        yield None
        return
    with Ledger.open(path, read_only=True) as book:
        yield book
