"""The real prompts of a recipe, a few real replies, and how good the teacher is, before a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from tutelage.buying import split_step
from tutelage.exceptions import UserError
from tutelage.gold.opening import Gold, load_gold
from tutelage.recipe import ArmSpec, LoadedRecipe
from tutelage.recipe.named_teachers import asked_teachers, is_tuned, label_of, teachers_of
from tutelage.records import Draft, Example, Order, Refusal, Reply, Request
from tutelage.store.ledger import Ledger
from tutelage.study.building import build_synthesizer
from tutelage.study.faculty import Sessions, all_sketched, only_teacher, teachers_beside
from tutelage.study.pilot import ROWS, Asking, Pilot, annotating_arms, try_teacher
from tutelage.study.planning import brief_of, first_requests, known_arms, naming
from tutelage.study.shop import Shop, open_shop
from tutelage.teacher.annotator import AnnotatorOptions


@dataclass(frozen=True, slots=True)
class Shown:
    """One order's prompt, and what came of it where it was bought."""

    arm: str
    order: int
    source: str
    """Id of the row that it is about; empty where it is about none."""
    label: str | None
    messages: tuple[tuple[str, str], ...]
    """Role and text of each message."""
    reply: str | None = None
    parsed: str = ""
    """What was read out of the reply, or why nothing was."""


@dataclass(frozen=True)
class Preview:
    """Prompts, replies and the teacher's score."""

    name: str
    teacher: str
    prompts: tuple[Shown, ...]
    score: Pilot | None = None

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "name": self.name,
            "teacher": self.teacher,
            "prompts": [asdict(shown) for shown in self.prompts],
            "score": self.score.to_facts() if self.score else None,
        }


async def preview_study(
    loaded: LoadedRecipe,
    *,
    arms: Sequence[str] = (),
    count: int = 3,
    buy: bool = False,
    score: int | None = None,
    ledger: Path,
    limit: int | None = None,
) -> Preview:
    """Show the first orders of each buying arm.

    Args:
        loaded: From `load_recipe`.
        arms: These arms only; all where empty.
        count: Orders to show of each arm.
        buy: Also buy their replies. A later run finds them in the ledger.
        score: Let the teacher answer so many gold train rows; not asked where None.
        ledger: Where what is bought is kept.
        limit: Rows of each role, as for a run.

    Raises:
        UserError: the recipe has no teacher, or an arm that it does not have.
    """
    recipe = loaded.recipe
    known_arms(recipe, arms)
    gold = load_gold(
        recipe.gold, recipe.task, folder=loaded.folder, seed=recipe.seeds.gold, limit=limit
    )[0]
    if not asked_teachers(recipe):
        raise UserError(
            f"The recipe {recipe.name!r} has no teacher: there are no prompts to show.",
            do="Add one under `teacher`, or train on gold alone with `tutelage run`.",
        )
    if not buy and score is None:
        async with all_sketched(loaded, gold, teachers_beside(ledger)) as sessions:
            shown = [
                _shown(arm, order, request)
                for arm, order, request in _orders(loaded, gold, arms, count, sessions)
            ]
        return Preview(recipe.name, _names(sessions), tuple(shown))
    async with _shopping(loaded, gold, ledger) as shop:
        sessions = shop.sessions
        orders = list(_orders(loaded, gold, arms, count, sessions))
        if buy:
            shown = await _bought(loaded, gold, orders, shop)
        else:
            shown = [_shown(*entry) for entry in orders]
        pilot = await _score(loaded, gold, arms, score, shop) if score is not None else None
        return Preview(recipe.name, _names(sessions), tuple(shown), pilot)


def _names(sessions: Sessions) -> str:
    return ", ".join(session.name for session in sessions.values())


@asynccontextmanager
async def _shopping(loaded: LoadedRecipe, gold: Gold, ledger: Path) -> AsyncIterator[Shop]:
    """A shop for previews, on an account of its own under the recipe's caps."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    study = f"{loaded.recipe.name}-preview"
    with Ledger.open(ledger, owner=f"{study}-{uuid4().hex[:8]}") as book:
        async with open_shop(
            loaded, gold, book, study=study, folder=teachers_beside(ledger)
        ) as shop:
            assert shop is not None
            yield shop


Entry = tuple[str, Order, Request]


def _orders(
    loaded: LoadedRecipe, gold: Gold, arms: Sequence[str], count: int, sessions: Sessions
) -> list[Entry]:
    """The first `count` orders of each buying arm with their first request."""
    found: list[Entry] = []
    for name, arm in known_arms(loaded.recipe, arms).items():
        if arm.synthesis is None:
            continue
        with naming(name):
            found += _firsts(loaded, gold, name, arm, count, sessions)
    return found


def _firsts(
    loaded: LoadedRecipe, gold: Gold, name: str, arm: ArmSpec, count: int, sessions: Sessions
) -> list[Entry]:
    assert arm.synthesis is not None
    synthesizer = build_synthesizer(loaded, arm.synthesis, gold.task)
    brief = brief_of(synthesizer, gold, name, arm, loaded.recipe.seeds.purchase[0])
    firsts: dict[int, Entry] = {}
    for order, request in first_requests(synthesizer, brief, sessions[arm.teacher]):
        if order.number not in firsts and len(firsts) == count:
            break
        firsts.setdefault(order.number, (name, order, request))
    return list(firsts.values())


def _shown(arm: str, order: Order, request: Request) -> Shown:
    return Shown(
        arm,
        order.number,
        order.source.id if order.source else "",
        order.label,
        tuple((message.role, message.content) for message in request.messages),
    )


async def _bought(
    loaded: LoadedRecipe, gold: Gold, orders: Sequence[Entry], shop: Shop
) -> list[Shown]:
    """The same prompts with their replies and what was read out of them."""
    replies: list[Reply | str] = []
    for name in dict.fromkeys(arm for arm, *_ in orders):
        asked = [request for arm, _, request in orders if arm == name]
        teacher = loaded.recipe.arms[name].teacher
        replies += (await shop.ask_for_pilot(teacher, "preview", asked)).replies
    shown = []
    for (arm, order, request), reply in zip(orders, replies, strict=True):
        synthesis = loaded.recipe.arms[arm].synthesis
        assert synthesis is not None
        synthesizer = build_synthesizer(loaded, synthesis, gold.task)
        entry = asdict(_shown(arm, order, request))
        entry["messages"] = tuple((m.role, m.content) for m in request.messages)
        if isinstance(reply, Reply):
            drafts, more = split_step(synthesizer.step(order, (reply,)))
            entry["reply"] = reply.text
            entry["parsed"] = (
                f"{len(more)} further requests follow" if more else "; ".join(map(_told, drafts))
            )
        else:
            entry["parsed"] = f"no reply: {reply}"
        shown.append(Shown(**entry))
    return shown


def _told(draft: Draft) -> str:
    """What a draft is, in a few words."""
    content = draft.content
    if isinstance(content, Refusal):
        return f"refused: {content.reason}"
    if not isinstance(content, Example):
        return f"{content.kind}: {content.text}"
    answer = content.answer
    said = ", ".join(answer) if isinstance(answer, tuple) else str(answer)
    what = "label" if content.spans is None else "answer"
    return f"{what} {said or 'none'}" + (
        f"; rationale: {content.rationale}" if content.rationale else ""
    )


async def _score(
    loaded: LoadedRecipe, gold: Gold, arms: Sequence[str], rows: int, shop: Shop
) -> Pilot:
    """A teacher on gold train rows, asked as the first annotating arm asks, else zero-shot.

    Raises:
        UserError: it is tuned on these rows.
    """
    first = only_teacher(loaded, known_arms(loaded.recipe, arms))
    ways = annotating_arms(loaded, gold.task, arms) or [Asking("", AnnotatorOptions(), first)]
    name = ways[0].teacher
    if is_tuned(teachers_of(loaded.recipe)[name]):
        raise UserError(
            f"The teacher {label_of(name)!r} is tuned on the gold train rows: it knows them.",
            "How many of them it gets right says nothing about rows that it has not seen.",
            "Let it stand as a rival (rivals: {tuned: {kind: teacher, teacher: NAME}}) and run "
            "with --final.",
        )
    return await try_teacher(
        ways[0],
        gold,
        buy=partial(shop.ask_for_pilot, name),
        teacher=shop.stalls[name].session.name,
        rows=rows or ROWS,
    )
