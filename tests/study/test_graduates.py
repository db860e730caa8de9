import pytest

from tutelage.exceptions import UserError
from tutelage.recipe import load_recipe
from tutelage.study.archive import PastRun
from tutelage.study.graduates import find_unit, load_student, primary_arm
from tutelage.study.running import run_study


def test_the_primary_arms_first_student_is_loaded(finished):
    student = load_student(finished)
    assert (student.arm, student.seed) == ("annotate", 1)
    assert load_student(finished, "gold_only", seed=2).folder != student.folder


def test_every_checkpoint_rule_can_be_asked(finished):
    for rule in ("dev_loss", "dev_accuracy"):
        assert load_student(finished, rule=rule).folder.name == rule
    with pytest.raises(UserError, match="no checkpoint 'dev_acuracy'"):
        load_student(finished, rule="dev_acuracy")


def test_rows_that_do_not_fit_the_task(finished):
    student = load_student(finished)
    with pytest.raises(UserError, match="Row 1 has no 'text'"):
        student.predict(["fine", {"body": "x"}])
    assert student.predict([]) == []


def test_a_pair_needs_both_texts(small_recipe, tmp_path):
    recipe = small_recipe(
        task="nli", gold={"train": {"world": "monotonicity", "rows": 60}, "cross_fit": "off"},
        teacher=None, arms={"gold_only": {}}, rivals=["majority"], primary="",
    )  # fmt: skip
    run_study(load_recipe(recipe), tmp_path / "pair")
    student = load_student(tmp_path / "pair")
    with pytest.raises(UserError, match="reads premise and hypothesis"):
        student.predict(["only one"])
    assert len(student.predict([{"premise": "It rains.", "hypothesis": "It is wet."}])) == 1


def test_the_grid_point_that_dev_chose_is_loaded(small_recipe, tmp_path):
    recipe = small_recipe(
        arms={"a": {"grid": {"c": [0.001, 10.0]}}}, rivals=["majority", "linear"], primary=""
    )
    results = run_study(load_recipe(recipe), tmp_path / "grid").results
    unit = find_unit(PastRun(tmp_path / "grid"))
    assert unit["grid"] == results["chosen"]["a"]["grid"] != ""
    assert load_student(tmp_path / "grid", "linear").arm == "linear"


def test_the_arm_that_a_recipe_is_about(small_recipe):
    recipe = load_recipe(small_recipe()).recipe
    assert primary_arm(recipe, ["gold_only", "annotate", "explain"]) == "annotate"
    assert primary_arm(recipe, ["gold_only", "explain"]) == "explain"
