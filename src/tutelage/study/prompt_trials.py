"""Whether teachers take the requests of those that ask them, told before a run begins.

A teacher that is tuned on one kind of prompt refuses all others, and none but a model in this
process can have its probabilities bent. A run would hear of it where the first such request is
made, which may be after every student is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

from tutelage.buying import split_step
from tutelage.contracts import Session
from tutelage.exceptions import UserError
from tutelage.gold.opening import Gold
from tutelage.plugins import find
from tutelage.recipe import LoadedRecipe, PartSpec
from tutelage.recipe.fault_finding import build_options
from tutelage.recipe.inner_parts import methods_of
from tutelage.recipe.named_teachers import asked_teachers, is_tuned
from tutelage.study.building import build_synthesizer
from tutelage.study.faculty import Sessions, rival_asking
from tutelage.study.planning import brief_of
from tutelage.teacher.annotator import ask, choose_shots

BENDING = ("self_debiasing", "repetition")
"""Options of methods that bend probabilities."""


def refused_prompts(
    loaded: LoadedRecipe, gold: Gold, sessions: Sessions, arms: Sequence[str] = ()
) -> Iterator[UserError]:
    """What teachers say to the first requests of each arm and rival that asks them, as far as they
    may refuse them.

    Args:
        loaded: Holds arms and rivals.
        gold: Of the first fold.
        sessions: Open or sketched.
        arms: These arms only; all where empty. Rivals are always looked at.
    """
    recipe = loaded.recipe
    tuned = {name for name, spec in asked_teachers(recipe).items() if is_tuned(spec)}
    for name, session in sessions.items():
        for arm, spec in recipe.arms.items():
            if spec.teacher != name or (arms and arm not in arms):
                continue
            if any(name in tuned or _bends(part) for part in methods_of(spec.synthesis)):
                yield from _tried(f"arms.{arm}", partial(_ask, loaded, gold, arm, session))
        for rival, wanted in recipe.rivals.items():
            if name in tuned and wanted.kind == "teacher" and wanted.teacher == name:
                asking = partial(_ask_as_rival, loaded, gold, rival, session)
                yield from _tried(f"rivals.{rival}", asking)


def _bends(method: PartSpec) -> bool:
    """Whether a method wants the teacher's probabilities bent, or may."""
    options = build_options(find("synthesizer", method.name), method.options)
    ways = [getattr(options, way) for way in BENDING if hasattr(options, way)]
    return bool(ways) and (any(ways) or bool(getattr(options, "as_published", False)))


def _tried(where: str, asking: Callable[[], None]) -> Iterator[UserError]:
    try:
        asking()
    except UserError as e:
        yield UserError(f"{where}: {e.what}", e.why, e.do)


def _ask(loaded: LoadedRecipe, gold: Gold, arm: str, session: Session) -> None:
    """Make the first request of each stage of each turn, for each label; of turns whose orders
    follow from a critic nothing is known yet."""
    spec = loaded.recipe.arms[arm]
    assert spec.synthesis is not None
    synthesizer = build_synthesizer(loaded, spec.synthesis, gold.task)
    brief = brief_of(synthesizer, gold, arm, spec, loaded.recipe.seeds.purchase[0])
    turns = range(1 if spec.critic else spec.turns)
    for turn, stage in product(turns, synthesizer.stages):
        orders = synthesizer.orders(stage, replace(brief, turn=turn))
        for order in {order.label: order for order in reversed(orders)}.values():
            for request in split_step(synthesizer.step(order, ()))[1][:1]:
                session.resolve(replace(request, purchase=brief.seed))


def _ask_as_rival(loaded: LoadedRecipe, gold: Gold, rival: str, session: Session) -> None:
    """Make a request as the rival does, about a row of dev: the test is sealed."""
    spec, task = loaded.recipe.rivals[rival], gold.task
    shots = choose_shots(task, gold.train, spec.shots, seed=0) if spec.shots else ()
    for row in gold.dev[:1] or gold.train[:1]:
        session.resolve(ask(task, row, shots=shots, options=rival_asking(loaded, rival)))
