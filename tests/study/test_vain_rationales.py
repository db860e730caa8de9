import asyncio

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import Plugin, find
from tutelage.recipe import load_recipe
from tutelage.recipe.validation import shipped
from tutelage.study import vain_rationales
from tutelage.study.building import prepare
from tutelage.study.checking import check_study
from tutelage.study.planning import plan_study
from tutelage.study.vain_rationales import vain_comparisons, vain_purchases

SPLIT = {"split_loss": {"label": 0.25, "rationale": 0.75}}


def recipe_of(small_recipe, student, arm=None, *, primary="explain > gold_only"):
    arms = {"gold_only": {}, "explain": {"synthesis": {"explain": {"rows": 20}}, **(arm or {})}}
    return small_recipe(arms=arms, student=student, primary=primary, rivals=["majority"])


def found(recipe):
    return list(vain_comparisons(load_recipe(recipe).recipe))


@pytest.mark.parametrize(
    ("student", "arm", "do"),
    [
        ({"kind": "linear"}, {}, "arms.explain.student: {kind: seq2seq, objective: split_loss}"),
        ({"kind": "classifier"}, {}, "arms.explain.student: {kind: seq2seq"),
        ({"kind": "embedding_head"}, {}, "arms.explain.student: {kind: seq2seq"),
        ({"kind": "seq2seq"}, {}, "arms.explain.objective: split_loss"),
        ({"kind": "seq2seq"}, {"objective": {"label_only": {"padded": True}}}, "split_loss"),
        (
            {"kind": "seq2seq", "objective": "split_loss"},
            {"student": {"kind": "linear"}},
            "seq2seq",
        ),
        ({"kind": "seq2seq"}, {"grid": {"objective": ["label_only"]}}, "grid.objective"),
    ],
)
def test_a_comparison_of_rationales_that_nobody_learns_is_refused(small_recipe, student, arm, do):
    (fault,) = found(recipe_of(small_recipe, student, arm))
    assert fault.what == "The rationales that the arm 'explain' buys reach no target."
    assert "pays for them" in fault.why and do in fault.do


@pytest.mark.parametrize(
    ("student", "arm"),
    [
        ({"kind": "seq2seq"}, {"objective": "split_loss"}),
        ({"kind": "seq2seq", "objective": SPLIT}, {}),
        ({"kind": "seq2seq"}, {"grid": {"objective": ["label_only", SPLIT]}}),
        ({"kind": "linear"}, {"student": {"kind": "seq2seq", "objective": "multi_task"}}),
        ({"kind": "linear"}, {"synthesis": {"zerogen": {"rows": 5}}}),
    ],
)
def test_arms_that_learn_them_or_buy_none_are_right(small_recipe, student, arm):
    recipe = recipe_of(small_recipe, student, arm)
    assert found(recipe) == []
    assert list(vain_purchases(load_recipe(recipe).recipe)) == []


def test_check_tells_it_and_a_run_ends_before_it_buys(small_recipe, tmp_path):
    loaded = load_recipe(recipe_of(small_recipe, {"kind": "linear"}), folder=tmp_path)
    (fault,) = asyncio.run(check_study(loaded)).faults
    assert "reach no target" in fault.what
    with pytest.raises(UserError, match="reach no target"):
        prepare(loaded)
    plan = asyncio.run(plan_study(loaded, ledger=tmp_path / "ledger.sqlite"))
    assert any("reach no target" in note for note in plan.notes)


def test_who_buys_them_for_themselves_is_told_and_may(small_recipe, tmp_path):
    loaded = load_recipe(recipe_of(small_recipe, {"kind": "linear"}, primary=""), folder=tmp_path)
    looked = asyncio.run(check_study(loaded))
    assert looked.ok
    (warning,) = (text for text in looked.warnings if "reach no target" in text)
    assert "tutelage data" in warning
    for arms, told in (((), True), (("gold_only",), False)):
        plan = asyncio.run(plan_study(loaded, ledger=tmp_path / "ledger.sqlite", arms=arms))
        assert any("reach no target" in note for note in plan.notes) == told


def test_tasks_whose_students_write_no_rationales_are_not_sent_to_seq2seq(small_recipe):
    recipe = recipe_of(small_recipe, {"kind": "linear"})
    recipe["task"] = {"kind": "multi_label", "labels": ["routine", "watch", "urgent"]}
    (fault,) = found(recipe)
    assert "seq2seq" not in fault.do and "Leave arms.explain.synthesis out" in fault.do


def test_of_a_third_partys_student_nothing_is_known(small_recipe, monkeypatch):
    linear = find("learner", "linear")
    theirs = Plugin("learner", "linear", "acme_tutelage:build", linear.options)
    monkeypatch.setattr(
        vain_rationales,
        "find",
        lambda kind, name: theirs if kind == "learner" else find(kind, name),
    )
    assert found(recipe_of(small_recipe, {"kind": "linear"})) == []


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_recipes_train_on_the_rationales_they_buy(name):
    recipe = load_recipe(name).recipe
    assert not [*vain_comparisons(recipe), *vain_purchases(recipe)]
