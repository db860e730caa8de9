"""What is wrong with an arm as a whole: keys, methods and a teacher that must fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from tutelage.exceptions import Fault
from tutelage.recipe.inner_parts import methods_of
from tutelage.recipe.named_teachers import teachers_of
from tutelage.recipe.schema import ArmSpec, Recipe

PROMPTED = ("endpoint", "local")
"""Kinds of teachers that know of the task what a prompt tells them: scripted and recorded ones do
not read it, and tuned ones learned it."""


def arm_faults(recipe: Recipe, name: str, arm: ArmSpec) -> Iterator[Fault]:
    """What no single value of the arm called `name` shows."""
    at = f"arms.{name}"
    if arm.synthesis and arm.rows:
        yield Fault(at, "has both synthesis and rows: make two arms of it.")
    if not arm.gold and not arm.synthesis and not arm.rows:
        yield Fault(at, "has nothing to train on: no gold, no synthesis, no rows.")
    if arm.turns > 1 and not arm.synthesis:
        yield Fault(f"{at}.turns", "needs a synthesis that is asked again.")
    if arm.critic and arm.turns == 1:
        yield Fault(f"{at}.critic", "is never heard in a single turn; set turns to 2 or more.")
    methods = [part.name for part in methods_of(arm.synthesis)]
    if arm.turns > len(methods) and not arm.critic and methods[-1:] == ["extrapolate"]:
        yield Fault(
            f"{at}.critic",
            "is missing: later turns of extrapolate vary the rows that a critic names, such as "
            "`errors` or its rival `random_rows`.",
        )
    if arm.turns < len(methods):
        yield Fault(
            f"{at}.turns",
            f"is {arm.turns}, and {len(methods)} methods want a turn each: the last would never "
            f"be asked. Set turns to {len(methods)}.",
        )
    if "annotate" in methods and not recipe.gold.unlabelled:
        yield Fault(f"{at}.synthesis", "needs gold.unlabelled: the texts to annotate.")
    yield from _untold(recipe, at, arm)


def _untold(recipe: Recipe, at: str, arm: ArmSpec) -> Iterator[Fault]:
    """Rows asked of a teacher that nobody tells the task. A template that the recipe names is left
    alone: the teacher may have been tuned on it elsewhere."""
    teacher = teachers_of(recipe).get(arm.teacher)
    if teacher is None or teacher.kind not in PROMPTED:
        return
    for part in methods_of(arm.synthesis):
        if part.name == "generate" and "template" not in part.options:
            yield Fault(
                f"{at}.synthesis",
                "asks by the template compose.v1, which names no task: a teacher that was not "
                "tuned on it cannot know what to write. Write `template: compose_told.v1` inside "
                "generate (`template: compose.v1` where it was tuned on that elsewhere).",
            )
