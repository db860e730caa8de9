import pytest

from tutelage.cli.quickstart_choices import Choice, farewell, runs
from tutelage.exceptions import UserError
from tutelage.recipe import load_recipe

WRONG = {"kind": "scripted", "world": "composition", "zero_shot_errors": 1.0,
         "few_shot_errors": 1.0}  # fmt: skip


def test_a_run_ends_with_verdict_table_and_paths(call, recipe_file, tmp_path):
    said = call("run", recipe_file(), "--final")
    assert said.code == 0
    assert "accuracy on test" in said.out
    assert "teacher_zero_shot" in said.out
    assert "runs/small/report.html" in said.out.replace("\\", "/")
    assert (tmp_path / "runs" / "small" / "report.html").exists()
    assert any(line.startswith("done") for line in said.err.splitlines())


def test_an_arm_without_a_student_is_told_of_after_the_others_results(call, recipe_file):
    nothing = {"synthesis": {"annotate": {"rows": 5}}, "gold": False,
               "checks": [{"format": {"min_words": 500}}]}  # fmt: skip
    recipe = recipe_file(arms={"gold_only": {}, "nothing": nothing}, primary="")
    said = call("run", recipe)
    assert said.code == 1
    assert "gold_only" in said.out and "Traceback" not in said.screen
    assert "Failed: nothing, seed 1: no student could be trained." in said.err
    assert "Dropped: 5 by format" in said.err
    assert call("run", recipe, "--json").facts["failed"][0]["arm"] == "nothing"
    alone = call("run", recipe, "--arm", "nothing")
    assert alone.code == 1 and alone.is_one_screen()


def test_a_run_without_final_ends_on_dev_and_says_so(call, recipe_file):
    said = call("run", recipe_file(), "--arm", "gold_only")
    assert said.code == 0
    assert "--final" in said.err


def test_a_run_again_buys_nothing(call, recipe_file):
    path = recipe_file()
    first = call("run", path, "--json").facts
    second = call("run", path, "--json").facts
    assert first["standings"] == second["standings"]
    assert (first["paid_usd"], second["paid_usd"]) == (0, 0)
    assert (len(first["pilots"]), len(second["pilots"])) == (1, 0)
    accounts = call("ledger", "--json").facts["accounts"]
    assert sum(account["replies"] for account in accounts) == 40 + 20 + 50


def test_a_poor_teacher_stops_the_run_with_the_figure_and_what_to_do(call, recipe_file):
    said = call("run", recipe_file(teacher=WRONG))
    assert said.code == 2
    assert "The teacher answers 0%" in said.err
    assert "--yes" in said.err
    assert said.is_one_screen()
    agreed = call("run", recipe_file(teacher=WRONG), "--yes")
    assert agreed.code == 0
    assert "The teacher answers 0%" in agreed.out


def test_a_budget_that_is_reached_ends_with_3_and_a_higher_one_goes_on(call, recipe_file):
    teacher = {"kind": "scripted", "world": "composition", "budget": {"requests": 75}}
    path = recipe_file(teacher=teacher)
    said = call("run", path, "--json")
    assert said.code == 3
    assert said.facts["error"] == "budget reached"
    assert "teacher.budget.requests" in said.facts["do"]
    assert said.is_one_screen()
    assert call("run", path, "--set", "teacher.budget.requests=500").code == 0
    accounts = call("ledger", "--json").facts["accounts"]
    assert sum(account["replies"] for account in accounts) == 40 + 20 + 50


def test_limit_is_a_quick_trial(call, recipe_file):
    said = call("run", recipe_file(), "--limit", "20", "--yes", "--json")
    assert said.code == 0
    assert {s["rows"] for s in said.facts["standings"]} == {20}


@pytest.mark.parametrize(
    "flags",
    [{}, {"full": True}, {"rationales": True}, {"null_world": True}, {"world": True},
     {"world": True, "full": True}],
)  # fmt: skip
@pytest.mark.parametrize("short", [False, True])
def test_the_quickstart_recipes_are_right_under_every_flag(flags, short):
    choice = Choice(**flags, short=short, seeds=3)
    for title, assignments in runs(choice):
        recipe = load_recipe(choice.recipe, assignments=assignments).recipe
        assert len(recipe.seeds.student) == 3
        assert recipe.task.kind == ("nli" if choice.null_world else "classification")
        assert bool(title) == choice.world
        assert (recipe.student.kind == "classifier") == choice.full


@pytest.mark.parametrize("flags", [{"world": True, "rationales": True},
                                   {"full": True, "null_world": True}])  # fmt: skip
def test_flags_of_two_comparisons_are_refused(flags):
    with pytest.raises(UserError):
        runs(Choice(**flags))


def test_the_farewell_names_the_seeds_and_the_next_command():
    results = {"recipe": {"seeds": {"student": [1, 2]}}}
    words = farewell(Choice(rationales=True), results)
    assert "scripted" in words
    assert "2 student seeds stand behind" in words
    assert "tutelage init" in words
    assert "short form" in farewell(Choice(short=True), results)


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("which", [[], ["--rationales"], ["--world"]])
def test_the_short_quickstart_runs_to_its_end(call, which):
    pytest.importorskip("torch")
    said = call("quickstart", "--short", *which)
    assert said.code == 0
    assert "tutelage run recipe.yaml" in said.out
