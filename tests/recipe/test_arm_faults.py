"""What an arm, its methods and its teacher must have in common."""

import pytest

from tutelage.exceptions import RecipeError
from tutelage.recipe import load_recipe


def recipe(synthesis, teacher, **arm):
    return {
        "task": {"kind": "classification", "labels": ["a", "b"]},
        "gold": {"train": "train.csv", "unlabelled": "texts.csv"},
        "teacher": teacher,
        "student": {"kind": "linear"},
        "arms": {"writes": {"synthesis": synthesis, **arm}},
    }


ENDPOINT = {"model": "gpt-4o-mini"}
TOLD = {"generate": {"rows": 5, "template": "compose_told.v1"}}


@pytest.mark.parametrize("teacher", [ENDPOINT, {"kind": "local", "model": "m"}])
@pytest.mark.parametrize(
    ("synthesis", "turns"),
    [
        ({"generate": {"rows": 5}}, 1),
        ({"generate": {"rows": 5, "then": "annotate"}}, 1),
        ({"in_turns": {"parts": ["annotate", "generate"]}}, 2),
    ],
)
def test_a_teacher_that_was_not_tuned_has_to_be_told_the_task(synthesis, turns, teacher):
    with pytest.raises(RecipeError) as error:
        load_recipe(recipe(synthesis, teacher, turns=turns))
    (fault,) = error.value.faults
    assert fault.where == "arms.writes.synthesis"
    assert "compose.v1, which names no task" in fault.what
    assert "`template: compose_told.v1`" in fault.what


@pytest.mark.parametrize(
    ("synthesis", "teacher"),
    [
        (TOLD, ENDPOINT),
        ({"generate": {"template": "compose.v1"}}, ENDPOINT),  # it serves a model tuned elsewhere
        ({"generate": {"rows": 5}}, {"kind": "tuned", "family": "causal"}),
        ({"generate": {"rows": 5}}, {"kind": "scripted"}),
    ],
)
def test_templates_that_teachers_know_or_that_are_chosen_stay(synthesis, teacher):
    assert load_recipe(recipe(synthesis, teacher))
