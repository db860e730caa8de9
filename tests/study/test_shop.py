from __future__ import annotations

from typing import Any

import pytest

from tutelage.recipe import Recipe
from tutelage.steps import Unit
from tutelage.study.shop import ADDED, Shop, in_all, limits_of, looping_arms
from tutelage.teacher.tally import Snapshot

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


def snapshot(**told: Any) -> Snapshot:
    empty: dict[str, Any] = dict.fromkeys(ADDED, 0)
    empty |= {"total": 0, "failures": {}, "lapses": {}, "waiting_seconds": 0.0, "seconds": 1.0}
    return Snapshot(**{**empty, "projected": None, "stopped": None, "notes": (), **told})


def test_live_numbers_of_several_teachers_are_shown_as_one() -> None:
    one = snapshot(replies=3, sent=4, total=10, paid=30, projected=100, failures={"429": 1},
                   notes=("a",))  # fmt: skip
    other = snapshot(replies=2, sent=2, total=5, paid=5, projected=20, waiting_seconds=4.0,
                     failures={"429": 2, "timeout": 1}, seconds=9.0, notes=("b",))  # fmt: skip
    found = in_all([one, other])
    assert (found.replies, found.sent, found.total, found.paid) == (5, 6, 15, 35)
    assert (found.projected, found.waiting_seconds, found.seconds) == (120, 4.0, 9.0)
    assert found.failures == {"429": 3, "timeout": 1}
    assert found.notes == ("a", "b")
    idle = snapshot()
    assert in_all([one, idle]).projected == 100, "who was not asked yet is expected to cost nothing"
    assert in_all([one, snapshot(total=None, sent=1)]).total is None
    assert in_all([one, snapshot(total=None, sent=1)]).projected is None
    assert in_all([one]) is one
