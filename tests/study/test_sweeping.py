"""One recipe at several values of one of its keys."""

import asyncio
from pathlib import Path

import pytest

from tutelage.exceptions import RecipeError, UserError
from tutelage.recipe import load_recipe
from tutelage.study.sweeping import Axis, load_points, plan_sweep, read_axis


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("gold.few=10,20", ("10", "20")),
        ("gold.few= 10 , 20 ", ("10", "20")),
        ("checks=[format, refusal],[]", ("[format, refusal]", "[]")),
        ("student={kind: linear, c: 1},{kind: linear}", ("{kind: linear, c: 1}", "{kind: linear}")),
        ("task.instruction='a, b','c'", ("'a, b'", "'c'")),
        ("gold.few=10", ("10",)),
    ],
)
def test_commas_part_values_and_nothing_inside_them(text, values):
    assert read_axis(text).values == values


@pytest.mark.parametrize("text", ["", "gold.few", "=1,2", "gold.few=", "gold.few=1,,2", "a=1,1"])
def test_what_is_no_axis_is_told(text):
    with pytest.raises(UserError) as told:
        read_axis(text)
    assert told.value.do


def test_each_value_has_a_folder_of_its_own_beside_the_others():
    axis = Axis("student", ("{kind: linear}", "../x", "0.1"))
    folders = [axis.folder(Path("runs/n"), value) for value in axis.values]
    assert {folder.parent for folder in folders} == {Path("runs")}
    assert len(set(folders)) == 3
    assert axis.page(Path("runs/n")) == Path("runs/n-over-student")


def test_a_value_that_makes_the_recipe_wrong_is_told_before_anything_runs(small_recipe):
    with pytest.raises(RecipeError, match=r"at gold\.few=no"):
        load_points(small_recipe(), Axis("gold.few", ("20", "no")))


def test_a_recipe_that_is_read_already_cannot_be_varied(small_recipe):
    with pytest.raises(UserError, match="read already"):
        load_points(load_recipe(small_recipe()), Axis("gold.few", ("20",)))


def test_what_one_value_buys_the_next_ones_find(small_recipe, tmp_path):
    axis = Axis("arms.annotate.synthesis.annotate.rows", ("10", "30"))
    points = load_points(small_recipe(rivals=["majority"]), axis)
    plan = asyncio.run(plan_sweep(points, axis, ledger=tmp_path / "none.sqlite"))
    buying = [
        next(arm.to_buy for arm in one.arms if arm.arm == "annotate") for one in plan.plans.values()
    ]
    assert buying == [10, 20], "the first ten are among the thirty"
    assert plan.to_buy == sum(
        part.to_buy for one in plan.plans.values() for part in (*one.arms, *one.rivals)
    )
    assert plan.students == 12
    facts = plan.to_facts()
    assert facts["expected"]["usd"] == 0 and set(facts["plans"]) == {"10", "30"}


def test_a_value_that_cannot_be_planned_does_not_lose_the_others(small_recipe, tmp_path):
    axis = Axis("gold.carve.test", ("0.2", "0.95"))
    recipe = small_recipe(gold={"train": {"world": "composition", "rows": 60},
                                "unlabelled": {"world": "composition", "rows": 60},
                                "cross_fit": "off"})  # fmt: skip
    plan = asyncio.run(plan_sweep(load_points(recipe, axis), axis, ledger=tmp_path / "l.sqlite"))
    assert (list(plan.plans), list(plan.failed)) == (["0.2"], ["0.95"])
