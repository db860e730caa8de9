"""Which teachers a recipe asks."""

import pytest

from tutelage.recipe import Recipe
from tutelage.recipe.named_teachers import (
    asked_teachers,
    is_tuned,
    label_of,
    naming_faults,
    teacher_of,
)

BUYING = {"synthesis": "zerogen"}


def recipe(**changes):
    return Recipe.model_validate(
        {
            "task": {"kind": "classification", "labels": ["a", "b"]},
            "gold": {"train": "train.csv"},
            "teacher": {"kind": "scripted"},
            "teachers": {"big": {"kind": "scripted"}, "small": {"kind": "scripted"}},
            "student": {"kind": "linear"},
            "arms": {"gold_only": {}},
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, [""]),
        ({"teacher": None}, []),
        ({"arms": {"a": {**BUYING, "teacher": "small"}}}, ["small"]),
        ({"arms": {"a": BUYING, "b": {**BUYING, "teacher": "big"}}}, ["", "big"]),
        ({"arms": {"a": BUYING}, "rivals": {"r": {"kind": "teacher", "teacher": "small"}}},
         ["", "small"]),
        ({"arms": {"a": {"rows": "rows.csv"}}}, [""]),
    ],
)  # fmt: skip
def test_teachers_are_opened_where_someone_asks_them(changes, asked):
    assert list(asked_teachers(recipe(**changes))) == asked


def test_whom_an_arm_a_rival_and_a_stranger_ask():
    arms = {"a": {**BUYING, "teacher": "big"}, "b": BUYING}
    found = recipe(arms=arms, rivals={"r": {"kind": "teacher", "teacher": "small"}})
    assert [teacher_of(found, name) for name in ("a", "b", "r", "?")] == ["big", "", "small", ""]
    assert [label_of(name) for name in ("", "big")] == ["teacher", "big"]
    assert not is_tuned(found.teachers["big"])


@pytest.mark.parametrize(
    ("own", "name", "told"),
    [
        ({"kind": "scripted"}, "tuned", "add `teachers: {tuned: {kind: tuned, ...}}`, or leave"),
        (None, "big", "add `teachers: {big: {kind: endpoint, ...}}`."),
    ],
)
def test_a_name_without_any_declared_teacher_says_what_to_write(own, name, told):
    (fault,) = naming_faults(
        recipe(teacher=own, teachers={}, arms={"a": {**BUYING, "teacher": name}})
    )
    assert fault.where == "arms.a.teacher"
    assert f"names {name!r}. The recipe declares no `teachers`" in fault.what
    assert told in fault.what
