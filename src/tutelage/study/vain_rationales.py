"""Arms that buy rationales which no student of theirs learns to write.

Rationales are given to gold rows, and only a target can hold them. A student that writes labels
alone is then the one that gold alone makes, for the price of the rationales. Who buys them to have
them (`tutelage data`) may do so; a comparison that rests on such an arm is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.recipe import ArmSpec, PartSpec, Recipe, StudentSpec
from tutelage.recipe.fault_finding import build_options
from tutelage.recipe.inner_parts import methods_of
from tutelage.recipe.validation import parse_primary, student_of

OWN = "tutelage."
"""Students built from here are known; what others read of a row is their own affair."""
EXPLAINED = ("classification", "nli")
"""Kinds of tasks whose students can learn rationales."""


def vain_comparisons(recipe: Recipe) -> Iterator[UserError]:
    """What is wrong where an arm of the primary comparison buys rationales that nobody learns."""
    compared = parse_primary(recipe.primary)
    return (fault for name, fault in _in_vain(recipe) if name in compared)


def vain_purchases(recipe: Recipe) -> Iterator[str]:
    """Says the same of all other arms: their rationales may be wanted for themselves."""
    compared = parse_primary(recipe.primary)
    for name, fault in _in_vain(recipe):
        if name not in compared:
            yield f"{fault.what} {fault.why} {fault.do} `tutelage data` writes them out either way."


def _in_vain(recipe: Recipe) -> Iterator[tuple[str, UserError]]:
    for name, arm in recipe.arms.items():
        if not any(map(_brings_rationales, methods_of(arm.synthesis))):
            continue
        tried = arm.grid.get("objective")
        points = [{"objective": value} for value in tried] if tried else [{}]
        students = [student_of(recipe, arm, point) for point in points]
        if not any(map(_learns_rationales, students)):
            yield name, _fault(recipe, name, arm, students[0])


def _fault(recipe: Recipe, name: str, arm: ArmSpec, student: StudentSpec) -> UserError:
    writes = student.kind == "seq2seq"
    if recipe.task.kind not in EXPLAINED:
        do = f"Leave arms.{name}.synthesis out: no student of such a task learns rationales."
    elif "objective" in arm.grid:
        do = f"Add split_loss to arms.{name}.grid.objective."
    elif writes:
        do = f"Write arms.{name}.objective: split_loss."
    else:
        do = (
            f"Write arms.{name}.student: {{kind: seq2seq, objective: split_loss}}, and compare it "
            "with an arm of the same kind of student."
        )
    idle = (
        "Its objective label_only teaches none of them"
        if writes
        else f"Only a target can hold them, and a student of kind {student.kind} writes none"
    )
    return UserError(
        f"The rationales that the arm {name!r} buys reach no target.",
        f"{idle}: the arm pays for them, and is trained as without them.",
        do,
    )


def _brings_rationales(part: PartSpec) -> bool:
    return "rationales" in (find("synthesizer", part.name).gives or ())


def _learns_rationales(student: StudentSpec) -> bool:
    plugin = find("learner", student.kind)
    if not plugin.build.startswith(OWN):
        return True
    objective = getattr(build_options(plugin, student.options), "objective", "label_only")
    name = next(iter(objective), "") if isinstance(objective, Mapping) else objective
    return name != "label_only"
