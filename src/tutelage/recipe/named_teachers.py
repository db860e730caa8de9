"""Which teacher each arm and each rival of a recipe asks, and what is wrong with these names."""

from __future__ import annotations

from collections.abc import Iterator

from tutelage.exceptions import Fault
from tutelage.plugins import catalogue, nearest
from tutelage.recipe.schema import BudgetSpec, Recipe, TeacherSpec

MAIN = ""
"""Name of the recipe's own `teacher` among its teachers."""


def teachers_of(recipe: Recipe) -> dict[str, TeacherSpec]:
    """All teachers that the recipe declares; its own `teacher` first, under the empty name."""
    own = {} if recipe.teacher is None else {MAIN: recipe.teacher}
    return {**own, **recipe.teachers}


def asked_teachers(recipe: Recipe) -> dict[str, TeacherSpec]:
    """Those of its teachers that some arm or rival asks; its own `teacher` where none does."""
    wanted = {name for _, name in _asking(recipe)}
    every = teachers_of(recipe)
    found = {name: spec for name, spec in every.items() if name in wanted}
    return found or {name: spec for name, spec in every.items() if name == MAIN}


def teacher_of(recipe: Recipe, contender: str) -> str:
    """Name of the teacher that the arm or rival `contender` asks; empty for the recipe's own."""
    spec = recipe.arms.get(contender) or recipe.rivals.get(contender)
    return spec.teacher if spec else MAIN


def is_tuned(spec: TeacherSpec) -> bool:
    """Whether the teacher learns from the gold train rows before it answers."""
    plugin = catalogue().get(("teacher", spec.kind))
    return plugin is not None and "tuned" in (plugin.gives or ())


def label_of(name: str) -> str:
    """How a teacher is called where the empty name would say nothing.

    >>> label_of(""), label_of("annotator")
    ('teacher', 'annotator')
    """
    return name or "teacher"


def naming_faults(recipe: Recipe) -> Iterator[Fault]:
    """Names of no teacher, teachers that nobody can ask, and budgets where none may stand."""
    every = teachers_of(recipe)
    for at, name in _asking(recipe):
        if name not in every:
            yield Fault(*_missing(recipe, at, name))
    for name, arm in recipe.arms.items():
        if arm.teacher and not (arm.synthesis or arm.rows):
            yield Fault(f"arms.{name}.teacher", "is never asked: the arm has no synthesis.")
    for name, rival in recipe.rivals.items():
        if rival.kind != "teacher":
            for key in ("teacher", "template"):
                if getattr(rival, key):
                    yield Fault(f"rivals.{name}.{key}", "is for rivals of kind teacher alone.")
    for name, spec in recipe.teachers.items():
        at = f"teachers.{name}"
        if spec.budget != BudgetSpec():
            yield Fault(
                f"{at}.budget",
                "has no effect: caps are the whole study's. Set them under teacher.budget.",
            )
        if not name or (name == label_of(MAIN) and recipe.teacher is not None):
            yield Fault(at, "is how the recipe's own teacher is called; take another name.")


def _asking(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Place in the recipe, and teacher, of every arm and rival that asks one."""
    for name, arm in recipe.arms.items():
        if arm.synthesis or (arm.rows and (arm.teacher or recipe.teacher)):
            yield f"arms.{name}", arm.teacher  # rows that came along: their checks may ask
    for name, rival in recipe.rivals.items():
        if rival.kind == "teacher":
            yield f"rivals.{name}", rival.teacher


def _missing(recipe: Recipe, at: str, name: str) -> tuple[str, str]:
    """Where the fault is and what it says."""
    named = tuple(recipe.teachers)
    if name:
        hint = nearest(name, named) if named else _undeclared(recipe, name)
        return f"{at}.teacher", f"names {name!r}. {hint}"
    place = f"{at}.synthesis" if at.startswith("arms.") else at
    if named:
        hint = f"name one of `teachers`: `teacher: {named[0]}`."
        return place, f"asks a teacher, and does not say which of them: {hint}"
    return place, "asks a teacher, but the recipe has none."


def _undeclared(recipe: Recipe, name: str) -> str:
    """What to write where a recipe that declares no `teachers` names one of them."""
    kind = name if ("teacher", name) in catalogue() else "endpoint"
    own = ", or leave the key out, and the recipe's own `teacher` is asked"
    return (
        "The recipe declares no `teachers`, where names are looked up: add "
        f"`teachers: {{{name}: {{kind: {kind}, ...}}}}`{own if recipe.teacher else ''}."
    )
