"""The teachers of a study: built, opened side by side, and what each of them costs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from tutelage.contracts import Session
from tutelage.exceptions import UserError
from tutelage.gold.opening import Gold
from tutelage.plugins import find
from tutelage.recipe import LoadedRecipe, TeacherSpec
from tutelage.recipe.fault_finding import build_options
from tutelage.recipe.named_teachers import (
    MAIN,
    asked_teachers,
    is_tuned,
    label_of,
    teacher_of,
    teachers_of,
)
from tutelage.study.building import build_teacher
from tutelage.teacher.annotator import AnnotatorOptions
from tutelage.teacher.prices import Price
from tutelage.teacher.templating import placed

COPIED = 0.5
"""Share of a text's runs of eight words in one held-out row from which it is taken for a copy."""
Sessions = Mapping[str, Session]
"""Open teachers by their names in the recipe; the recipe's own one under the empty name."""


@runtime_checkable
class Sketching(Protocol):
    """A teacher that can resolve and bound requests without a key or a connection."""

    def sketch(self) -> AbstractAsyncContextManager[Session]: ...


@runtime_checkable
class Reading(Protocol):
    """A session that learns from plain texts of the user's, too."""

    @property
    def read(self) -> Sequence[str]: ...


def teachers_beside(ledger: Path) -> Path:
    """Where teachers keep what they make: beside the replies, so that runs which share these share
    tuned models too."""
    return ledger.parent / "teachers"


@asynccontextmanager
async def opened(loaded: LoadedRecipe, gold: Gold, folder: Path) -> AsyncIterator[Sessions]:
    """Every teacher that the recipe asks, open.

    Args:
        loaded: Names the teachers.
        gold: What they may learn from.
        folder: Of `teachers_beside`.

    Raises:
        TeacherError: one cannot be opened.
        UserError: one that is tuned would see test rows of another fold, or reads held-out texts.
    """
    refuse_folds(loaded, gold)
    async with AsyncExitStack() as stack:
        sessions: dict[str, Session] = {}
        for name in asked_teachers(loaded.recipe):
            teacher = build_teacher(loaded, gold.task, name)
            sessions[name] = await stack.enter_async_context(
                teacher.open(gold.train, dev=gold.dev, folder=folder)
            )
            refuse_held_out(loaded, gold, name, sessions[name])
        yield sessions


@asynccontextmanager
async def sketched(
    loaded: LoadedRecipe, gold: Gold, folder: Path, name: str
) -> AsyncIterator[Session]:
    """One teacher as far as counting needs it: without a key where it can do without."""
    teacher = build_teacher(loaded, gold.task, name)
    opening = (
        teacher.sketch()
        if isinstance(teacher, Sketching)
        else teacher.open(gold.train, dev=gold.dev, folder=folder)
    )
    async with opening as session:
        refuse_held_out(loaded, gold, name, session)
        yield session


@asynccontextmanager
async def all_sketched(loaded: LoadedRecipe, gold: Gold, folder: Path) -> AsyncIterator[Sessions]:
    """The same of every teacher that the recipe asks."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(sketched(loaded, gold, folder, name))
            for name in asked_teachers(loaded.recipe)
        }


def refuse_folds(loaded: LoadedRecipe, gold: Gold) -> None:
    """Refuse a tuned teacher where each row is test in some fold.

    Raises:
        UserError: names the teacher, and says how to have one test.
    """
    folds = int(gold.facts.get("folds", 1))
    for name, spec in asked_teachers(loaded.recipe).items():
        if folds > 1 and is_tuned(spec):
            raise UserError(
                f"The teacher {label_of(name)!r} is tuned on gold rows, and each of them is test "
                f"in one of {folds} folds.",
                "A teacher tuned on one fold's train rows has seen the other folds' tests.",
                "Set gold.cross_fit: off (one test is carved), or give gold.test.",
            )


def refuse_held_out(loaded: LoadedRecipe, gold: Gold, name: str, session: Session) -> None:
    """Refuse a teacher that would learn the language from dev or test rows.

    Raises:
        UserError: tells how many there are, and one of them. Not where `gold.allow_overlap: true`
            says that they may be there.
    """
    if not isinstance(session, Reading) or loaded.recipe.gold.allow_overlap is True:
        return
    found = [text for text in session.read if gold.sealed.overlap(text) >= COPIED]
    if found:
        raise UserError(
            f"{len(found):,} of {len(session.read):,} texts that the teacher {label_of(name)!r} "
            f"pre-trains on stand in dev or test, such as {found[0][:60]!r}.",
            "A teacher that has read them writes and answers as it could not for new rows.",
            "Remove them from the file under pretrain.path.",
        )


def only_teacher(loaded: LoadedRecipe, arms: Mapping[str, object]) -> str:
    """The teacher to try where no arm decides which: that of the first of `arms` with a synthesis,
    else the first that the recipe asks."""
    recipe = loaded.recipe
    buying = [name for name in arms if recipe.arms[name].synthesis]
    asked = asked_teachers(recipe)
    return teacher_of(recipe, buying[0]) if buying else next(iter(asked), MAIN)


def rival_asking(loaded: LoadedRecipe, rival: str) -> AnnotatorOptions:
    """How the rival's teacher is asked: by the template it was tuned on, where it was tuned."""
    spec = loaded.recipe.rivals[rival]
    teacher = teachers_of(loaded.recipe)[spec.teacher]
    name = spec.template or tuned_on(teacher) or AnnotatorOptions().template
    return AnnotatorOptions(shots=spec.shots, template=placed(name, loaded.folder))


def tuned_on(spec: TeacherSpec) -> str:
    """The template by whose prompts a teacher is tuned; empty where it is not, or does not say."""
    if not is_tuned(spec):
        return ""
    options = build_options(find("teacher", spec.kind), spec.options)
    return str(getattr(options, "template", "") or "")


def price_given(spec: TeacherSpec) -> Price | None:
    """What the recipe says of the teacher's prices."""
    given = spec.prices
    return Price.per_million(given.input, given.output) if given else None
