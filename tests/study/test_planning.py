import asyncio
from pathlib import Path

import pytest

from tutelage.exceptions import UserError
from tutelage.recipe import load_recipe
from tutelage.records import Message, Request, Usage
from tutelage.study.planning import expected_use, plan_study
from tutelage.study.previewing import preview_study
from tutelage.study.running import Choices, run_study


def plan(recipe, ledger=Path("none.sqlite"), **how):
    return asyncio.run(plan_study(load_recipe(recipe), ledger=ledger, **how))


def test_what_a_plan_counts_is_what_a_run_buys(small_recipe, tmp_path):
    recipe = small_recipe()
    found = plan(recipe)
    results = run_study(
        load_recipe(recipe), tmp_path / "runs" / "small", choices=Choices(final=True)
    ).results
    bought = {(c["arm"]): c["requests"] for c in results["costs"]["charged"]}
    assert {a.arm: a.to_buy for a in found.arms if a.to_buy} == {"annotate": 40, "explain": 20}
    assert (bought["annotate"], bought["explain"]) == (40, 20)
    assert bought["rival:teacher_zero_shot"] == found.rivals[-1].requests == 60
    assert found.students == len(results["units"])
    after = plan(recipe, tmp_path / "runs" / "ledger.sqlite")
    assert [a.to_buy for a in after.arms] == [0, 0, 0]
    assert after.expected.requests == 50 + 60  # the pilot, and rivals whose texts are sealed


def test_use_stays_between_expectation_and_worst_case(small_recipe, tmp_path):
    found = plan(small_recipe())
    results = run_study(load_recipe(small_recipe()), tmp_path / "r" / "s").results
    used = {c["arm"]: c["prompt_tokens"] + c["completion_tokens"]
            for c in results["costs"]["charged"]}  # fmt: skip
    for arm in found.arms:
        assert arm.expected.tokens <= arm.worst.tokens
        assert used.get(arm.arm, 0) <= arm.worst.tokens


def test_shared_prompts_are_counted_once_over_arms_and_folds(small_recipe):
    recipe = small_recipe(
        gold={"train": {"world": "composition", "rows": 50}},
        arms={"a": {"synthesis": "five_w"}, "b": {"synthesis": "five_w"}},
        primary="",
        rivals=["majority"],
    )
    first, second = plan(recipe).arms
    assert (first.requests, first.reused) == (50, 0)
    assert (second.requests, second.reused) == (50, 50)
    assert first.orders > 50  # each fold explains its own train rows
    assert plan(recipe).folds == 5


def test_grid_seeds_turns_and_folds_multiply_students(small_recipe):
    recipe = small_recipe(
        arms={"a": {"grid": {"c": [0.1, 1.0]}}, "b": {"synthesis": {"annotate": {"rows": 5}},
                    "turns": 3}},
        primary="", rivals=["linear"], seeds={"student": 3, "purchase": 2},
    )  # fmt: skip
    found = plan(recipe)
    assert [a.students for a in found.arms] == [2 * 3, 2 * 3 * 3]
    assert found.students == 6 + 18 + 3
    assert [a.to_buy for a in found.arms] == [0, 2 * 3 * 5]
    assert [a.later_requests for a in found.arms] == [0, 0]
    assert any("Later turns of b are counted among the requests" in n for n in found.notes)
    assert not any("as if a critic" in note for note in found.notes)


def writing(small_recipe, **arm):
    gold = {role: {"world": "reviews", "rows": 40} for role in ("train", "pool", "dev", "test")}
    return small_recipe(
        task={"kind": "classification", "labels": ["positive", "negative"]},
        gold=gold,
        teacher={"kind": "scripted", "world": "reviews", "prices": {"input": 1, "output": 1}},
        arms={"it": arm},
        primary="",
        rivals=[],
        seeds={"student": 3},
    )


def test_later_turns_are_counted_as_if_the_critic_named_every_row(small_recipe):
    varied = {"extrapolate": {"seed": "plain", "seed_rows": 20, "variations": 2}}
    (arm,) = plan(writing(small_recipe, synthesis=varied, critic="errors", turns=3)).arms
    assert (arm.requests, arm.waves) == (20, 5)
    assert arm.later_requests == 2 * (2 * 40) * 3  # turns, variations of 40 pool rows, students
    assert arm.most.requests == arm.worst.requests + arm.later.requests == 20 + 480
    assert arm.later.nanousd == arm.later.tokens * 1000

    few = {"extrapolate": {"seed": "plain", "seed_rows": 20, "rows": 12}}
    (arm,) = plan(writing(small_recipe, synthesis=few, critic="errors", turns=3)).arms
    assert arm.later_requests == 2 * 12 * 3


def test_without_a_critic_students_share_their_later_turns(small_recipe, tmp_path):
    recipe = writing(small_recipe, synthesis={"zerogen": {"rows": 10}}, turns=3)
    (arm,) = plan(recipe).arms
    assert (arm.orders, arm.later_orders) == (30, 20)
    # Each label's text is asked for by one prompt: later turns draw it anew, and all cost alike.
    (one,) = plan(writing(small_recipe, synthesis={"zerogen": {"rows": 10}})).arms
    assert arm.worst.tokens == 3 * one.worst.tokens
    assert arm.later_requests == 0
    run_study(load_recipe(recipe), tmp_path / "r" / "s")
    (after,) = plan(recipe, tmp_path / "r" / "ledger.sqlite").arms
    assert (after.requests, after.to_buy) == (arm.requests, 0) == (30, 0)


def bought(recipe, tmp_path):
    results = run_study(load_recipe(recipe), tmp_path / "r" / "s").results
    (charged,) = (c["requests"] for c in results["costs"]["charged"] if c["arm"] == "it")
    return charged


def alone(small_recipe, **arm):
    return small_recipe(arms={"it": arm}, primary="", rivals=[])


def test_turns_that_no_student_leads_are_to_be_bought(small_recipe, tmp_path):
    # 100 unlabelled rows: 60 in the first turn, the 40 left in the second, none in the third.
    arm = {"synthesis": {"annotate": {"rows": 60}}, "turns": 3}
    recipe = alone(small_recipe, **arm)
    (found,) = plan(recipe).arms
    assert (found.orders, found.later_orders, found.to_buy) == (100, 40, 100)
    assert (found.later_requests, found.later) == (0, Usage())
    assert found.worst.requests == found.expected.requests == 100
    assert bought(recipe, tmp_path) == 100
    (after,) = plan(recipe, tmp_path / "r" / "ledger.sqlite").arms
    assert (after.to_buy, after.most.requests) == (0, 0)


def test_each_turn_of_several_methods_is_counted_as_its_own_method_orders(small_recipe, tmp_path):
    parts = [{"annotate": {"rows": 20}}, {"explain": {"rows": 10}}]
    recipe = alone(small_recipe, synthesis={"in_turns": {"parts": parts}}, turns=3)
    (found,) = plan(recipe).arms
    assert (found.to_buy, found.later_requests) == (20 + 10 + 10, 0)
    assert bought(recipe, tmp_path) == 40


def test_a_turn_that_patience_may_leave_out_is_a_bound(small_recipe):
    # With patience 1 two turns come for certain, and the other two at most.
    arm = {"synthesis": {"annotate": {"rows": 10}}, "turns": 4, "patience": 1}
    found = plan(alone(small_recipe, **arm))
    (it,) = found.arms
    assert (it.to_buy, it.later_requests, it.most.requests) == (20, 20, 40)
    assert any("only if patience does not end" in note for note in found.notes)


def test_where_rows_are_matched_later_turns_are_bounds(small_recipe, tmp_path):
    arm = {"synthesis": {"annotate": {"rows": 60}}, "turns": 3}
    recipe = {**alone(small_recipe, **arm), "match": {"rows": 30}}
    found = plan(recipe)
    (it,) = found.arms
    assert (it.to_buy, it.later_requests, it.most.requests) == (60, 40, 100)
    assert any("only as long as fewer than 30 rows are kept" in note for note in found.notes)
    assert bought(recipe, tmp_path) == 60

    recipe["arms"]["it"]["patience"] = 1
    found = plan(recipe)
    assert (found.arms[0].to_buy, found.arms[0].later_requests) == (60, 40)
    assert any("before, and only as long as fewer than" in note for note in found.notes)


def test_what_depends_on_verdicts_is_certain_as_far_as_it_comes_either_way(small_recipe):
    # The second method labels what the first left over: 50 rows if checks keep all of the 50 that
    # the first one asked about, and all 100 if they keep none.
    parts = [{"annotate": {"rows": 50}}, "annotate"]
    found = plan(alone(small_recipe, synthesis={"in_turns": {"parts": parts}}, turns=2))
    (it,) = found.arms
    assert (it.to_buy, it.later_requests) == (50 + 50, 50)
    assert any("depends on which rows checks keep" in note for note in found.notes)


def test_turns_in_which_nothing_is_ordered_are_told(small_recipe):
    found = plan(alone(small_recipe, synthesis="explain", turns=2))
    assert (found.arms[0].to_buy, found.arms[0].later_requests) == (80, 0)
    assert any("it orders in the first one only" in note for note in found.notes)


def test_what_rows_of_later_turns_will_be_nobody_knows_where_they_are_not_bought_yet(small_recipe):
    arm = {"synthesis": {"extrapolate": {"seed": "plain", "seed_rows": 6}}, "turns": 2}
    found = plan(writing(small_recipe, **arm, critic="influence"))
    assert found.arms[0].later_requests == 0
    assert any("it orders in 2 turns; one is counted" in note for note in found.notes)


def test_texts_that_share_a_request_save_prompts(small_recipe):
    (one,) = plan(writing(small_recipe, synthesis={"zerogen": {"rows": 20}})).arms
    shared = {"zerogen": {"rows": 20, "texts_per_request": 5}}
    found = plan(writing(small_recipe, synthesis=shared))
    (five,) = found.arms
    assert (one.requests, one.texts, five.requests, five.texts) == (20, 20, 4, 20)
    assert five.expected.prompt_tokens < one.expected.prompt_tokens
    assert any("it: 4 orders for 20 texts." in note for note in found.notes)


def test_money_follows_the_price(small_recipe):
    teacher = {"model": "m", "prices": {"input": 1, "output": 2}, "budget": {"usd": 1e-6}}
    found = plan(small_recipe(teacher=teacher))
    arm = next(a for a in found.arms if a.arm == "explain")
    assert arm.worst.nanousd == arm.worst.prompt_tokens * 1000 + arm.worst.completion_tokens * 2000
    assert any("the cap of $0.000001 would stop it" in note for note in found.notes)


def test_no_key_and_no_price_are_needed_without_a_cap(small_recipe, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = plan(small_recipe(teacher={"model": "mystery"}))
    assert not found.priced
    assert found.worst.nanousd == 0
    assert any("teacher.prices" in note for note in found.notes)


def test_expected_use_follows_recorded_replies_and_never_passes_the_bound():
    request = Request((Message("user", "x" * 400),))
    bound = Usage(1, 480, 30)
    assert expected_use(request, bound, ()) == Usage(1, 100, 10)
    recorded = [Usage(1, 90, 12), Usage(1, 110, 20)]
    assert expected_use(request, bound, recorded) == Usage(1, 100, 16)
    assert expected_use(request, bound, [Usage(1, 900, 90)]) == Usage(1, 480, 30)


def test_without_a_teacher_only_students_are_counted(small_recipe):
    found = plan(small_recipe(teacher=None, arms={"g": {}}, rivals=["majority"], primary=""))
    assert (found.teacher, found.students, found.worst) == ("", 2, Usage())


def test_an_unknown_arm_is_refused(small_recipe):
    with pytest.raises(UserError, match="no arm 'expain'"):
        plan(small_recipe(), arms=["expain"])


def test_what_is_wrong_with_an_arm_s_orders_names_the_arm(small_recipe, tmp_path):
    world = {"world": "composition", "rows": 60}
    gold = {"train": world, "test": world | {"rows": 20}, "unlabelled": world,
            "carve": {"dev": 0}}  # fmt: skip
    arms = {"fine": {"synthesis": "annotate"},
            "sure": {"synthesis": {"annotate": {"keep_accuracy": 0.9}}}}  # fmt: skip
    recipe = small_recipe(gold=gold, arms=arms, primary="", rivals=["majority"])
    with pytest.raises(UserError, match=r"arms\.sure: There are no dev rows"):
        plan(recipe)
    with pytest.raises(UserError, match=r"arms\.sure: There are no dev rows"):
        asyncio.run(preview_study(load_recipe(recipe), ledger=tmp_path / "x.sqlite"))
