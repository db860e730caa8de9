"""What the flags of `tutelage quickstart` change in its recipe, and its last words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHORT = (
    "gold.train.rows=400",
    "gold.dev.rows=100",
    "gold.test.rows=200",
    "student.steps=40",
    "seeds.student=1",
)
"""Small enough for a test of the machinery; its figures show nothing."""
NULL_WORLD = (
    "name=quickstart_null",
    "task={kind: nli}",
    "gold.train.world=monotonicity",
    "gold.dev.world=monotonicity",
    "gold.test.world=monotonicity",
    "teacher.world=monotonicity",
)


def assignments_for(*, short: bool, seeds: int | None, null_world: bool) -> list[str]:
    """Overrides of the shipped recipe.

    >>> assignments_for(short=False, seeds=5, null_world=False)
    ['seeds.student=5']
    """
    chosen: list[str] = []
    if null_world:
        chosen += NULL_WORLD
    if short:
        chosen += SHORT
    if seeds is not None:
        chosen.append(f"seeds.student={seeds}")
    return chosen


def farewell(results: Mapping[str, Any], *, short: bool) -> str:
    """What stands behind the figures, and the command that does the same for real."""
    seeds = len(results["recipe"]["seeds"]["student"])
    students = "one student seed stands" if seeds == 1 else f"{seeds} student seeds stand"
    told = (
        f"The teacher was scripted, not a language model; {students} behind each figure of a "
        "trained arm."
    )
    if short:
        told += " The short form only shows that everything runs."
    elif seeds < 5:
        told += " `tutelage quickstart --seeds 5` gives the full interval."
    return (
        f"{told}\n\nThe same with a real LLM and your own data:\n\n"
        "  export OPENAI_API_KEY=...\n"
        "  tutelage init my.csv --text text --label label\n"
        "  tutelage plan recipe.yaml\n"
        "  tutelage run recipe.yaml"
    )
