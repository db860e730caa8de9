"""The pilot before a run: a teacher that is no better than a gold-only student needs a yes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tutelage.exceptions import UserError
from tutelage.gold.opening import Gold, load_gold
from tutelage.recipe import LoadedRecipe
from tutelage.recipe.named_teachers import asked_teachers
from tutelage.store.encoding import rows_fingerprint
from tutelage.store.ledger import Ledger
from tutelage.store.runs import Run, Step
from tutelage.store.status import Listener, StatusBoard
from tutelage.study.faculty import teachers_beside
from tutelage.study.pilot import Asking, Pilot, annotating_arms, try_teacher
from tutelage.study.running import Choices, default_ledger, identify
from tutelage.study.shop import open_shop

Agree = Callable[[Pilot], bool]
"""Told what a pilot found; says whether the run shall go on."""


async def seek_consent(
    loaded: LoadedRecipe,
    folder: Path,
    *,
    choices: Choices,
    agree: Agree,
    ledger: Path | None = None,
    listener: Listener | None = None,
) -> list[Pilot]:
    """Try the teacher on gold train rows for each arm that annotates.

    A pilot that was agreed to is not made again when the run is resumed.

    Args:
        loaded: The recipe.
        folder: The run's folder.
        choices: As for the run.
        agree: Asked about each pilot that was made.
        ledger: As for the run.
        listener: Told what is going on.

    Returns:
        The pilots that were made now.

    Raises:
        UserError: a pilot was not agreed to.
        BudgetReached: the study's cap.
    """
    recipe = loaded.recipe
    if not asked_teachers(recipe):
        return []
    gold = load_gold(
        recipe.gold,
        recipe.task,
        folder=loaded.folder,
        seed=recipe.seeds.gold,
        limit=choices.limit,
    )[0]
    ways = annotating_arms(loaded, gold.task, choices.arms)
    with Run(folder) as run:
        steps = {way.arm: _step(run, loaded, way, gold) for way in ways}
        wanted = [way for way in ways if not steps[way.arm].done]
        if not wanted:
            return []
        place = ledger or default_ledger(folder)
        pilots = await _make(loaded, gold, wanted, run, place, listener)
        for pilot in pilots:
            if not agree(pilot):
                raise _refused(pilot)
            steps[pilot.arm].finish(pilot.to_facts())
    return pilots


def _step(run: Run, loaded: LoadedRecipe, way: Asking, gold: Gold) -> Step:
    teachers = loaded.resolved()
    told = teachers["teachers"][way.teacher] if way.teacher else teachers["teacher"]
    return run.step(
        "pilot",
        {
            "asking": asdict(way.options),
            "teacher": told["kind"],
            "options": told["options"],
            "train": rows_fingerprint(gold.train),
        },
    )


async def _make(
    loaded: LoadedRecipe,
    gold: Gold,
    ways: Sequence[Asking],
    run: Run,
    ledger: Path,
    listener: Listener | None,
) -> list[Pilot]:
    study = identify(run, loaded, ledger)
    pilots = []
    with StatusBoard(run, listener) as board, Ledger.open(ledger, owner=study) as book:
        async with open_shop(
            loaded, gold, book, study=study, folder=teachers_beside(ledger)
        ) as shop:
            assert shop is not None
            board.watch("teacher", shop.snapshot)
            for way in ways:
                board.set(phase="trying the teacher", unit=way.arm)
                buy = partial(shop.ask_for_pilot, way.teacher)
                name = shop.stalls[way.teacher].session.name
                pilots.append(await try_teacher(way, gold, buy=buy, teacher=name))
    return pilots


def _refused(pilot: Pilot) -> UserError:
    return UserError(
        pilot.sentence,
        f"Labels that it writes for the arm {pilot.arm!r} can hardly teach the student more than "
        "the gold rows do.",
        "Look at its mistakes with `tutelage preview RECIPE --score 50`, mend the prompt or take "
        "another model; or go on all the same with --yes.",
    )
