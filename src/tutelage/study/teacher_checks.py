"""What is known of a recipe's teachers before a run: names, prices, keys, what they really do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable
from uuid import uuid4

from tutelage.exceptions import TutelageError, UserError
from tutelage.gold.opening import Gold
from tutelage.plugins import find
from tutelage.recipe import LoadedRecipe, TeacherSpec
from tutelage.recipe.fault_finding import build_options
from tutelage.recipe.named_teachers import asked_teachers, is_tuned, label_of
from tutelage.store.ledger import Ledger
from tutelage.study.building import build_teacher
from tutelage.study.faculty import sketched, teachers_beside
from tutelage.study.plan_notes import uncapped, unpriced
from tutelage.study.planning import teacher_price
from tutelage.study.prompt_trials import refused_prompts
from tutelage.study.shop import limits_of
from tutelage.teacher.prices import Price, hourly_rate
from tutelage.teacher.probing import Findings, probe


@runtime_checkable
class Examining(Protocol):
    """A session that can tell whether its parts belong together before its model is loaded."""

    def examine(self) -> str:
        """What could not be looked at and why; empty where all was. Raises UserError where they do
        not."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """One teacher as far as it can be known before a run."""

    called: str
    """Its name in the recipe; `teacher` for the recipe's own."""
    name: str
    """Provider and model."""
    price: tuple[float, float] | None = None
    """Dollars for a million tokens in and out."""
    per_hour: float = 0.0
    """Dollars for an hour of its machine, where that is what it costs."""
    online: Findings | None = None
    """What it really does, where that was tried."""


async def look_at_teachers(
    loaded: LoadedRecipe,
    gold: Gold,
    *,
    faults: list[TutelageError],
    warnings: list[str],
    online: Path | None,
) -> tuple[Known, ...]:
    """Every teacher that the recipe asks; what is wrong with one is told beside all others.

    Args:
        loaded: Names the teachers.
        gold: What they may learn from.
        faults: Gets what would stop a run.
        warnings: Gets what a user should know.
        online: Ledger in which they are tried with eight small requests each; not tried where None.
            Teachers that are tuned are not: they would have to be tuned for it.
    """
    found, prices = [], dict[str, Price | None]()
    for called, spec in asked_teachers(loaded.recipe).items():
        known, price = await _sketch(loaded, gold, called, faults, warnings)
        if known is None:
            continue
        prices[called] = price
        warnings += unpriced(loaded.recipe, {called: price})
        if online is None:
            warnings += _key_warnings(spec)
        elif not is_tuned(spec):
            known = await _tried_out(loaded, gold, called, known, price, online, faults)
        found.append(known)
    warnings += uncapped(loaded.recipe, prices)
    return tuple(found)


async def _sketch(
    loaded: LoadedRecipe,
    gold: Gold,
    called: str,
    faults: list[TutelageError],
    warnings: list[str],
) -> tuple[Known | None, Price | None]:
    at = f"teachers.{called}: " if called else ""
    try:
        async with sketched(loaded, gold, Path(), called) as session:
            price = teacher_price(loaded.recipe, called, session)
            faults += refused_prompts(loaded, gold, {called: session})
            if isinstance(session, Examining):
                untold = await asyncio.to_thread(session.examine)
                warnings += [f"{at}{untold}"] if untold else []
            told = None if price is None else (price.input / 1e6, price.output / 1e6)
            return Known(label_of(called), session.name, told, hourly_rate(session)), price
    except TutelageError as e:
        faults.append(UserError(f"{at}{e.what}", e.why, e.do) if at else e)
        return None, None


async def _tried_out(
    loaded: LoadedRecipe,
    gold: Gold,
    called: str,
    known: Known,
    price: Price | None,
    ledger: Path,
    faults: list[TutelageError],
) -> Known:
    """What the endpoint does, asked on an account of its own."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    teacher = build_teacher(loaded, gold.task, called)
    try:
        async with teacher.open(
            gold.train, dev=gold.dev, folder=teachers_beside(ledger)
        ) as session:
            with Ledger.open(ledger, owner=f"check-{uuid4().hex[:8]}") as book:
                findings = await probe(
                    session,
                    book,
                    study=f"{loaded.recipe.name}-check",
                    limits=limits_of(loaded.recipe),
                    price=price,
                )
    except TutelageError as e:
        faults.append(e)
        return known
    return replace(known, online=findings)


def _key_warnings(spec: TeacherSpec) -> Iterator[str]:
    """Says when there is no key yet: a run needs it, a look at the recipe does not. A command that
    prints the key is not run for it."""
    options = build_options(find("teacher", spec.kind), spec.options)
    source = getattr(options, "key_source", None)
    if source is None or source.command or (options.api_key is None and options.url):
        return
    try:
        source.read()
    except UserError as e:
        yield f"{e.what} A run needs it."
