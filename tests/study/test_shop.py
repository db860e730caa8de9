from __future__ import annotations

import pytest

from tutelage.recipe import Recipe
from tutelage.steps import Unit
from tutelage.study.shop import Shop, limits_of, looping_arms

RECIPE = {
    "task": {"kind": "classification", "labels": ["a", "b"]},
    "gold": {"train": "train.csv", "pool": "train"},
    "teacher": {"kind": "scripted", "budget": {"usd": 4}},
    "student": {"kind": "linear"},
    "arms": {
        "gold_only": {},
        "plain": {"synthesis": "zerogen"},
        "loop": {"synthesis": "extrapolate", "critic": "errors", "turns": 3, "gold": False},
    },
    "match": "usd",
    "seeds": {"student": 3},
}


def test_students_that_buy_for_themselves_have_the_whole_cap_each() -> None:
    """Four purchases share the budget: one of the plain arm, one of each looping student."""
    recipe = Recipe.model_validate(RECIPE)
    assert looping_arms(recipe) == {"loop"}
    assert limits_of(recipe).arm.nanousd == 1_000_000_000


@pytest.mark.parametrize(
    ("unit", "arm"),
    [
        (Unit("plain", "", 1, 2), "plain"),
        (Unit("loop", "", 1, 2), "loop [seed 2]"),
        (Unit("loop", "c=1", 1, 2, fold=4), "loop [seed 2, c=1]"),
    ],
)
def test_accounts_by_arm_or_by_student(unit: Unit, arm: str) -> None:
    shop = Shop(Recipe.model_validate(RECIPE), {}, None, "s")  # type: ignore[arg-type]
    account = shop._account(unit, 2)
    assert (account.arm, account.purchase, account.turn) == (arm, 1, 2)
