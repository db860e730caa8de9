"""What is told of a study's teachers: who asked them, how large they are, what they took.

A student that is no smaller than the teacher it learned from is not a distilled one: the ratio of
their parameters stands beside each arm that bought from a teacher which knows its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tutelage.contracts import Informed
from tutelage.evaluation.standings import Contender
from tutelage.loop import Learned
from tutelage.recipe import Recipe
from tutelage.recipe.named_teachers import asked_teachers, is_tuned, label_of, teacher_of
from tutelage.recipe.validation import student_of
from tutelage.study.faculty import Sessions
from tutelage.study.returns import by_arm

HEADS = ("embedding_head", "setfit")
"""Students that count the parameters of their head alone, on an encoder that is as it was."""


def teacher_facts(
    recipe: Recipe, sessions: Sessions, learned: Sequence[Learned]
) -> dict[str, dict[str, Any]]:
    """Every teacher that the recipe asks, by its name; `teacher` for the recipe's own.

    Args:
        recipe: Names teachers, arms and rivals.
        sessions: The open teachers.
        learned: Students of the arms that ran.
    """
    ran = {entry.unit.arm for entry in learned}
    specs = asked_teachers(recipe)
    return {
        label_of(name): {
            "kind": specs[name].kind,
            "session": session.name,
            "tuned": is_tuned(specs[name]),
            "arms": [
                arm
                for arm, spec in recipe.arms.items()
                if arm in ran and (spec.synthesis or spec.rows) and spec.teacher == name
            ],
            "rivals": [
                rival
                for rival, spec in recipe.rivals.items()
                if spec.kind == "teacher" and spec.teacher == name
            ],
            "facts": dict(session.facts()) if isinstance(session, Informed) else {},
        }
        for name, session in sessions.items()
    }


def without_seconds(told: Any) -> Any:
    """The same without clock times, which differ from run to run."""
    if isinstance(told, Mapping):
        return {k: without_seconds(v) for k, v in told.items() if "seconds" not in str(k)}
    if isinstance(told, (list, tuple)):
        return [without_seconds(value) for value in told]
    return told


def seconds_in(told: Any, at: str = "") -> dict[str, float]:
    """The clock times alone, by their place.

    >>> seconds_in({"rows": 3, "tuning": {"seconds": 2.5}})
    {'tuning.seconds': 2.5}
    """
    if not isinstance(told, Mapping):
        return {}
    found: dict[str, float] = {}
    for key, value in told.items():
        place = f"{at}.{key}" if at else str(key)
        if "seconds" in str(key) and isinstance(value, (int, float)):
            found[place] = value
        else:
            found |= seconds_in(value, place)
    return found


def size_facts(
    recipe: Recipe,
    learned: Sequence[Learned],
    chosen: Mapping[str, Contender],
    teachers: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Parameters of each arm's student and of the teacher it bought from: `sizes` of results.json.

    Arms stand in it whose student counts its parameters; `size_ratio` is there where the arm bought
    something and the teacher's are known too.
    """
    found = {}
    for arm, entries in by_arm(learned, chosen).items():
        spec = recipe.arms.get(arm)
        counts = [entry.fitted.facts.get("parameters") for entry in entries]
        if spec is None or student_of(recipe, spec, {}).kind in HEADS or None in counts:
            continue
        size = max(int(count) for count in counts if count is not None)
        told: dict[str, Any] = {"student_parameters": size}
        bought = any(turn.harvest.requests for entry in entries for turn in entry.turns)
        name = label_of(teacher_of(recipe, arm))
        if bought and (known := teachers.get(name, {}).get("facts", {}).get("parameters")):
            told |= {
                "teacher": name,
                "teacher_parameters": int(known),
                "size_ratio": size / int(known),
            }
        found[arm] = told
    return found
