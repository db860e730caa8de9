"""A whole study: every arm, grid point and seed under one budget, then the sealed test, once.

The order is the promise. First all students; then, and only with `final`, the test is opened and
the rivals that read its texts are asked. Without `final` a run ends on dev.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from tutelage.buying import Answers
from tutelage.contracts import Executor
from tutelage.evaluation.scorecard import merge_folds, score
from tutelage.exceptions import TrainingError, TutelageError, UserError
from tutelage.gold.opening import Gold
from tutelage.loop import Learned, examine, learn
from tutelage.plugins import NoOptions, find, nearest
from tutelage.recipe import LoadedRecipe
from tutelage.records import Example, Request, Scorecard
from tutelage.steps import Unit, Workbench
from tutelage.store.encoding import encode
from tutelage.store.ledger import Ledger
from tutelage.store.runs import Run, write_whole
from tutelage.store.status import Listener, StatusBoard
from tutelage.store.trails import Trail, forget_trails
from tutelage.study.building import Prepared, prepare
from tutelage.study.faculty import teachers_beside
from tutelage.study.prompt_trials import refused_prompts
from tutelage.study.results import Evidence, results_of
from tutelage.study.returns import turn_cards
from tutelage.study.rivalry import rival_cards
from tutelage.study.shop import Shop, limits_of, open_shop
from tutelage.study.teacher_facts import teacher_facts


@dataclass(frozen=True)
class Choices:
    """What a user decides at each start, beside the recipe."""

    final: bool = False
    """Open the sealed test at the end."""
    limit: int | None = None
    """Use at most so many rows of each role: a quick trial."""
    arms: tuple[str, ...] = ()
    """Run these arms only; all where empty."""


@dataclass(frozen=True)
class Outcome:
    """A finished run: its folder and the facts that its report shows."""

    folder: Path
    results: dict[str, Any]


def run_study(
    loaded: LoadedRecipe,
    folder: Path,
    *,
    choices: Choices | None = None,
    ledger: Path | None = None,
    listener: Listener | None = None,
) -> Outcome:
    """Run a recipe in `folder`, or go on with what is there.

    Args:
        loaded: From `load_recipe`.
        folder: The run's folder.
        choices: What is decided at each start.
        ledger: Where replies are kept; `ledger.sqlite` beside the run's folder where absent, so
            that runs side by side share what they buy.
        listener: Told a few times a second what the run is doing.

    Raises:
        BudgetReached: the study's cap stopped it; run again with a higher one to go on.
        TrainingError: no arm has a student. Where others have theirs, an arm without one is left
            out and told of under `failed` in the results.
        TutelageError: anything else that can go wrong, told in three parts.
    """
    chosen = choices or Choices()
    prepared = prepare(loaded, limit=chosen.limit)
    with Run(folder) as run, StatusBoard(run, listener) as board:
        place = ledger or default_ledger(folder)
        identity = identify(run, loaded, place, prepared)
        study = Study(prepared, run, board, chosen, identity, place)
        return asyncio.run(study.complete())


def default_ledger(folder: Path) -> Path:
    return folder.resolve().parent / "ledger.sqlite"


def identify(run: Run, loaded: LoadedRecipe, ledger: Path, prepared: Prepared | None = None) -> str:
    """The run's id: made once and kept, so that a resumed run goes on with its own accounts.

    Beside it stand the folder where the recipe's relative paths start, the ledger, and once gold
    was read the task and the folds, for whoever looks at the run later. Under another recipe than
    the last start's no unit has begun: what units told of that one is forgotten.

    Raises:
        UserError: the folder belongs to a recipe of another name.
    """
    path, name = run.folder / "run.json", loaded.recipe.name
    facts: dict[str, Any] = {"id": f"{name}-{uuid4().hex[:8]}", "recipe": name}
    if path.exists():
        facts = orjson.loads(path.read_bytes())
    if facts["recipe"] != name:
        raise UserError(
            f"{run.folder} is a run of the recipe {facts['recipe']!r}, not of {name!r}.",
            do="Name another folder with --out.",
        )
    facts |= {"folder": str(loaded.folder.resolve()), "ledger": str(ledger.resolve())}
    if prepared is not None:
        facts |= {"task": encode(prepared.task), "folds": [gold.fold for gold in prepared.golds]}
    write_whole(path, orjson.dumps(facts))
    place = run.folder / "recipe.json"
    resolved = orjson.dumps(loaded.resolved(), option=orjson.OPT_INDENT_2)
    if place.exists() and place.read_bytes() != resolved:
        forget_trails(run.folder)
    write_whole(place, resolved)
    return str(facts["id"])


@dataclass
class Study:
    """One run of a recipe."""

    prepared: Prepared
    run: Run
    board: StatusBoard
    choices: Choices
    identity: str
    ledger: Path
    failed: dict[str, TrainingError] = field(default_factory=dict)
    """Arms that could not be trained. One unit that fails takes its arm along, since scores of the
    seeds or folds that are left would not compare."""

    async def complete(self) -> Outcome:
        """Make every student, examine them, and write down what came of it."""
        started = time.time()
        async with AsyncExitStack() as stack:
            book = stack.enter_context(Ledger.open(self.ledger, owner=self.identity))
            shop = await self._open_shop(stack, book)
            learned = await self._learn_all(shop)
            evidence = Evidence(
                self.prepared,
                learned,
                failed=self.failed,
                dev_cards=self._dev_cards(learned, shop),
                charged={
                    entry.unit: shop.charged(entry.unit) for entry in learned if shop is not None
                },
            )
            turns = turn_cards(
                self.prepared, learned, evidence.chosen, lambda unit: self.bench(unit, shop)
            )
            evidence = replace(evidence, turn_cards=turns)
            if self.choices.final:
                evidence = await self._open_test(evidence, shop, book)
            else:
                evidence = await self._rivals_on_dev(evidence)
            if shop is not None:
                told = teacher_facts(self.prepared.recipe, shop.sessions, learned)
                evidence = replace(evidence, teachers=told)
            results = results_of(evidence, ledger=book, study=self.identity, started=started)
        write_whole(
            self.run.folder / "results.json", orjson.dumps(results, option=orjson.OPT_INDENT_2)
        )
        self.board.set(phase="done")
        return Outcome(self.run.folder, results)

    async def _open_shop(self, stack: AsyncExitStack, book: Ledger) -> Shop | None:
        shop = await stack.enter_async_context(
            open_shop(
                self.prepared.loaded,
                self.prepared.golds[0],
                book,
                study=self.identity,
                folder=teachers_beside(self.ledger),
            )
        )
        if shop is not None:
            loaded, gold = self.prepared.loaded, self.prepared.golds[0]
            for refusal in refused_prompts(loaded, gold, shop.sessions, self.choices.arms):
                raise refusal
            self.board.watch("teacher", shop.snapshot)
            self.board.watch("learning", shop.learning)
        return shop

    # --- students -----------------------------------------------------------------------------

    async def _learn_all(self, shop: Shop | None) -> list[Learned]:
        units = self._units()
        self.board.set(units=len(units), units_done=0)
        executor: Executor = find("executor", "local").make(NoOptions())
        found = await executor.map(lambda unit: self._learn(unit, shop), units)
        self.board.set(unit="")
        learned = [entry for entry in found if entry and entry.unit.arm not in self.failed]
        if not learned:
            raise next(iter(self.failed.values()))
        return learned

    async def _learn(self, unit: Unit, shop: Shop | None) -> Learned | None:
        """None where the unit, or one of its arm before it, cannot be trained."""
        self.board.set(unit=str(unit))
        learned = None
        if unit.arm not in self.failed:
            bench = self.bench(unit, shop)
            try:
                learned = await learn(bench)
            except TrainingError as error:
                self.failed[unit.arm] = error
            bench.trail.end()
        self.board.set(units_done=self.board.facts()["units_done"] + 1)
        return learned

    def _units(self) -> list[Unit]:
        known = tuple(self.prepared.arms)
        for name in self.choices.arms:
            if name not in known:
                raise UserError(f"The recipe has no arm {name!r}.", do=nearest(name, known))
        chosen = self.choices.arms or known
        return [unit for unit in self.prepared.units() if unit.arm in chosen]

    def bench(self, unit: Unit, shop: Shop | None) -> Workbench:
        """What one unit works with."""
        parts = self.prepared.parts(unit)
        gold = self.gold(unit)
        if hasattr(parts.learner, "progress"):
            parts.learner.progress = lambda facts: self.board.set(training=dict(facts))
        caps = limits_of(self.prepared.recipe) if shop else None
        return Workbench(
            unit=unit,
            parts=parts,
            gold=gold,
            run=self.run,
            ask=shop.ask if shop else _no_teacher,
            resolve=shop.resolve(unit.arm) if shop else _same,
            caps={"arm": asdict(caps.arm), "turn": asdict(caps.turn)} if caps else {},
            buyer=shop.buyer(unit) if shop else unit.arm,
            say=self._say,
            trail=Trail(self.run.folder, asdict(unit)),
        )

    def gold(self, unit: Unit) -> Gold:
        return next(gold for gold in self.prepared.golds if gold.fold == unit.fold)

    def _say(self, phase: str, unit: Unit, turn: int) -> None:
        self.board.set(phase=phase, unit=str(unit), turn=turn, since=time.time(), training={})

    # --- examinations -------------------------------------------------------------------------

    def _dev_cards(self, learned: Sequence[Learned], shop: Shop | None) -> list[Scorecard]:
        self.board.set(phase="examining on dev")
        rows = [row for gold in self.prepared.golds for row in gold.dev]
        cards = [
            card
            for entry in learned
            for card in self._cards(entry, self.gold(entry.unit).dev, "dev", shop)
        ]
        return (
            merge_folds(self.prepared.task, rows, cards, self.prepared.metrics)
            if self._folded
            else cards
        )

    @property
    def _folded(self) -> bool:
        return len(self.prepared.golds) > 1

    def _cards(
        self, entry: Learned, rows: Sequence[Example], split: str, shop: Shop | None
    ) -> list[Scorecard]:
        """Scorecards of one unit under each checkpoint rule."""
        unit = entry.unit
        answers = examine(self.bench(unit, shop), entry, lambda: rows)
        return [
            score(
                self.prepared.task,
                rows,
                predictions,
                arm=unit.arm,
                rule=rule,
                grid=unit.grid,
                student_seed=unit.student_seed,
                purchase_seed=unit.purchase_seed,
                split="dev" if split == "dev" else "test",
                charged=shop.charged(unit) if shop else None,
                facts={"rows": entry.rows},
                metrics=self.prepared.metrics,
            )
            for rule, predictions in answers.items()
        ]

    async def _open_test(self, evidence: Evidence, shop: Shop | None, book: Ledger) -> Evidence:
        """The last line: every student is final, the test is opened, the rivals are asked."""
        self.board.set(phase="opening the test")
        openings: list[str] = []
        opened = {gold.fold: self._opened(gold, book, openings) for gold in self.prepared.golds}
        rows = [row for fold in opened.values() for row in fold]
        cards = [
            card
            for entry in evidence.learned
            for card in self._cards(entry, opened[entry.unit.fold], "test", shop)
        ]
        cards = (
            merge_folds(self.prepared.task, rows, cards, self.prepared.metrics)
            if self._folded
            else cards
        )
        self.board.set(phase="asking rivals")
        rivals = await rival_cards(self.prepared, opened, "test", shop, self.run)
        return evidence.with_test(rows, [*cards, *rivals], openings)

    def _opened(self, gold: Gold, book: Ledger, openings: list[str]) -> tuple[Example, ...]:
        recipe = self.prepared.recipe.name

        def record(opening: str) -> None:
            openings.append(opening)
            book.record_opening(
                gold.test.fingerprint, run=self.identity, recipe=recipe, why=opening
            )

        if not gold.test:
            raise TutelageError(
                "There is no test to open.", do="Give gold.test or let some of train be carved."
            )
        gold.test.release()
        return gold.test.open("final scores of all arms and rivals", record)

    async def _rivals_on_dev(self, evidence: Evidence) -> Evidence:
        rows = {gold.fold: gold.dev for gold in self.prepared.golds}
        rivals = await rival_cards(self.prepared, rows, "dev", None, self.run)
        return evidence.with_rivals(rivals)


async def _no_teacher(unit: Unit, turn: int, requests: Sequence[Request]) -> Answers:
    raise AssertionError(f"{unit} asks a teacher that the recipe does not have")


def _same(request: Request) -> Request:
    return request
