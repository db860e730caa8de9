"""How large students are beside the teachers they learned from, and what the teachers took.

A student learns from a larger teacher in what is called distillation. One that is as large as its
teacher, or larger, learned from it all the same; the report says so and does not use the word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tutelage.report import numbers

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """Parameters of an arm's student and of the teacher it bought from."""

    arm: str
    student: int
    teacher: str
    """Its name in the recipe."""
    teacher_parameters: int
    ratio: float
    """Student over teacher."""

    @property
    def distils(self) -> bool:
        """Whether the student is smaller than its teacher."""
        return self.ratio < 1

    @property
    def sentence(self) -> str:
        """The ratio in words."""
        sizes = (
            f"{numbers.magnitude(self.student)} parameters, its teacher "
            f"{numbers.magnitude(self.teacher_parameters)}"
        )
        if self.distils:
            return f"The student has {numbers.percent(self.ratio)} of its teacher's size ({sizes})."
        how = "as large as" if self.ratio < 1.005 else "larger than"
        return f"The student is {how} its teacher ({sizes}): no distillation."


@dataclass(frozen=True, slots=True)
class TeacherFacts:
    """One teacher of the recipe."""

    name: str
    kind: str
    session: str
    """Provider and model."""
    tuned: bool
    arms: tuple[str, ...]
    rivals: tuple[str, ...]
    parameters: int | None
    trained: int | None
    """Of them, those that tuning changed; None where nothing was tuned here."""
    facts: Mapping[str, Any]
    """What else it says of itself."""

    @property
    def reached(self) -> list[str]:
        """What each of its tunings came to on dev, at the step that was kept."""
        told: Mapping[str, Facts] = self.facts.get("purchases", {})
        return [
            (f"purchase {seed}: " if len(told) > 1 else "") + _reached(tuning)
            for seed, tuning in told.items()
        ]


def _reached(tuning: Facts) -> str:
    kept = f"step {numbers.count(tuning['best_step'])} of {numbers.count(tuning['steps_planned'])}"
    if tuning.get("dev_accuracy") is not None:
        score = f"accuracy {numbers.score(tuning['dev_accuracy'])}"
    elif tuning.get("dev_loss") is not None:
        score = f"loss {tuning['dev_loss']:.2f}"
    else:
        return kept
    return f"{score} on {numbers.plural(tuning['dev_rows'], 'row')}, {kept}"


def teacher_sizes(results: Facts) -> list[Size]:
    """Arms whose student and whose teacher both know their size."""
    return [
        Size(
            arm,
            told["student_parameters"],
            told["teacher"],
            told["teacher_parameters"],
            told["size_ratio"],
        )
        for arm, told in results.get("sizes", {}).items()
        if "size_ratio" in told
    ]


def teachers(results: Facts) -> list[TeacherFacts]:
    """Every teacher that the recipe asked."""
    return [
        TeacherFacts(
            name=name,
            kind=told["kind"],
            session=told["session"],
            tuned=told["tuned"],
            arms=tuple(told["arms"]),
            rivals=tuple(told["rivals"]),
            parameters=told["facts"].get("parameters"),
            trained=told["facts"].get("trained_parameters"),
            facts=told["facts"],
        )
        for name, told in results.get("teachers", {}).items()
    ]


def upper_bounds(results: Facts) -> set[str]:
    """Arms that train on all gold rows, those too that the others do not have."""
    arms = results["recipe"].get("arms") or {}
    return {name for name, arm in arms.items() if (arm or {}).get("gold") == "whole"}
