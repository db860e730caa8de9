"""Parts made of further parts: checked and filled in as those are that a recipe names itself."""

import pytest

from tutelage.exceptions import RecipeError
from tutelage.recipe import PartSpec, load_recipe
from tutelage.recipe.inner_parts import methods_of


def recipe(*parts, turns=2, unlabelled=True):
    gold = {"train": "train.csv", **({"unlabelled": "texts.csv"} if unlabelled else {})}
    arm = {"synthesis": {"in_turns": {"parts": list(parts)}}, "turns": turns}
    return {
        "name": "two",
        "task": {"kind": "classification", "labels": ["a", "b"]},
        "gold": gold,
        "teacher": {"kind": "scripted"},
        "student": {"kind": "linear"},
        "arms": {"both": arm},
    }


WRITE = {"generate": {"rows": 5}}


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        (recipe("annotate", "generat"), "in_turns.parts.1", "no synthesizer called 'generat'"),
        (
            recipe("annotate", {"generate": {"row": 5}}),
            "in_turns.parts.1.generate.row",
            "Did you mean rows?",
        ),
        (recipe("annotate", {**WRITE, "annotate": {}}), "in_turns.parts.1", "is no part"),
        (recipe("annotate", 3), "in_turns.parts.1", "input should be"),
        (
            recipe(WRITE, {"in_turns": {"parts": ["annotate", {"zerogen": {"row": 3}}]}}, turns=3),
            "in_turns.parts.1.in_turns.parts.1.zerogen.row",
            "Did you mean rows?",
        ),
    ],
)
def test_faults_of_inner_parts_name_their_place(raw, where, what):
    with pytest.raises(RecipeError) as error:
        load_recipe(raw)
    (fault,) = error.value.faults
    assert fault.where == f"arms.both.synthesis.{where}"
    assert what in fault.what


def test_what_an_arm_needs_its_inner_parts_need():
    with pytest.raises(RecipeError, match=r"needs gold\.unlabelled"):
        load_recipe(recipe(WRITE, "annotate", unlabelled=False))
    with pytest.raises(RecipeError, match="vary the rows that a critic names"):
        load_recipe(recipe("annotate", "extrapolate", turns=3))
    assert load_recipe(recipe("annotate", "extrapolate")), "it varies nothing in its one turn"
    with pytest.raises(RecipeError, match="is 1, and 2 methods want a turn each"):
        load_recipe(recipe("annotate", WRITE, turns=1))


def test_defaults_of_inner_parts_are_filled_in():
    parts = load_recipe(recipe("annotate", WRITE)).resolved()["arms"]["both"]["synthesis"][
        "options"
    ]["parts"]
    assert parts[0]["annotate"]["template"] == "annotate.v1"
    assert parts[1]["generate"]["rows"] == 5 and "top_p" in parts[1]["generate"]


def test_methods_are_those_that_do_the_work():
    both = PartSpec(name="in_turns", options={"parts": ["annotate", WRITE]})
    deep = PartSpec(name="in_turns", options={"parts": ["explain", {"in_turns": both.options}]})
    assert [part.name for part in methods_of(deep)] == ["explain", "annotate", "generate"]
    assert list(methods_of(PartSpec(name="annotate"))) == [PartSpec(name="annotate")]
    assert list(methods_of(None)) == []
