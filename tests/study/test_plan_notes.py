import asyncio

import pytest

from tutelage.recipe import load_recipe
from tutelage.study.checking import check_study
from tutelage.study.plan_notes import uncapped
from tutelage.study.planning import plan_study
from tutelage.teacher.prices import FREE, Price

PAID = Price.per_million(1, 2)
MINI = {"model": "gpt-4o-mini"}


def told(recipe, price):
    return " ".join(uncapped(load_recipe(recipe).recipe, {"": price}))


def test_a_teacher_that_costs_without_any_cap_is_told(small_recipe):
    assert "Write teacher.budget: {usd: 5}." in told(small_recipe(teacher=MINI), PAID)
    mystery = small_recipe(teacher={"model": "mystery"})
    assert "Write teacher.budget: {requests: 1000}." in told(mystery, None)


@pytest.mark.parametrize(
    "cap", [{"usd": 1}, {"tokens": 9}, {"requests": 9}, {"arm": {"usd": 1}}, {"turn": {"usd": 1}}]
)
def test_any_cap_is_one(small_recipe, cap):
    assert told(small_recipe(teacher={**MINI, "budget": cap}), PAID) == ""


def test_what_costs_nothing_needs_no_cap(small_recipe):
    assert told(small_recipe(teacher={"kind": "scripted", "world": "composition"}), FREE) == ""
    hourly = {"kind": "local", "model": "m", "usd_per_gpu_hour": 2}
    assert told(small_recipe(teacher=hourly), None) == "", "it costs as much while it is idle"
    silent = small_recipe(teacher=MINI, arms={"gold_only": {}}, rivals=["majority"], primary="")
    assert told(silent, PAID) == "", "nobody asks it"
    rival = {**silent, "rivals": ["teacher_zero_shot"]}
    assert told(rival, PAID)


def test_check_and_plan_say_it_once(small_recipe, tmp_path):
    loaded = load_recipe(small_recipe(teacher=MINI), folder=tmp_path)
    looked = asyncio.run(check_study(loaded))
    plan = asyncio.run(plan_study(loaded, ledger=tmp_path / "ledger.sqlite"))
    for notes in (looked.warnings, plan.notes):
        assert sum("No cap is set" in note for note in notes) == 1
    assert looked.ok
