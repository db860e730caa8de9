"""The rule and its wording on figures that can be checked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tutelage.report.return_curves import answer_of, return_curves

Told = dict[str, Any]


def last(**more: Any) -> Told:
    return {
        "turns": [3],
        "rows": 80.0,
        "usage": {"requests": 40.0, "nanousd": 120_000_000.0},
        "difference": 0.012,
        "low": -0.008,
        "high": 0.031,
        "p": 0.2,
        "dev_rows": 200,
        "margin": 0.02,
        "level": 0.95,
        "covers": "test rows and student seeds",
        **more,
    }


def arm(**more: Any) -> Told:
    return {
        "arm": "extrapolate",
        "rival": False,
        "buys": True,
        "planned_turns": 4,
        "patience": None,
        "taken": [3, 3, 3],
        "points": [],
        "last": last(),
        **more,
    }


def told(**more: Any) -> Any:
    return return_curves({"task": {"metric": "accuracy"}, "returns": [arm(**more)]})[0]


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ({}, "undecided"),
        ({"low": 0.001}, "buy more"),
        ({"low": 0.0}, "undecided"),
        ({"low": 0.001, "high": 0.0199}, "enough"),
        ({"low": -0.05, "high": -0.01}, "enough"),
        ({"high": 0.02}, "undecided"),
        ({"rows": 0.0, "low": 0.001}, "nothing to buy"),
    ],
)
def test_rule(step: Told, answer: str) -> None:
    assert answer_of(arm(last=last(**step))) == answer


def test_undecided_says_what_it_cost_and_moved() -> None:
    assert told().sentence == (
        "The last turn cost $0.12 for 40 requests, added 80 rows and moved dev accuracy by +1.2 "
        "points (95 % interval −0.8 to +3.1): undecided. 200 dev rows cannot tell a gain from none "
        "here; more dev rows or seeds can."
    )


def test_buying_more_has_a_price_for_a_point() -> None:
    found = told(last=last(difference=0.03, low=0.01, high=0.06))
    assert found.sentence.endswith(
        "(95 % interval +1.0 to +6.0): buy more. A point cost $0.0400 ($0.0200 to $0.12); the next "
        "turn may cost more for one."
    )


def test_a_free_teacher_has_no_price_for_a_point() -> None:
    free = {"requests": 40.0, "nanousd": 0.0}
    found = told(last=last(difference=0.03, low=0.01, high=0.06, usage=free))
    assert found.sentence.endswith("buy more. The next turn may bring less.")


def test_enough_names_what_is_ruled_out() -> None:
    found = told(last=last(difference=-0.01, low=-0.03, high=0.01))
    assert found.sentence.endswith("enough. A gain of 2.0 points or more from it is ruled out.")


def test_turns_before_gold_joins_are_told_to_be_that() -> None:
    usage = {"requests": 1.0, "prompt_tokens": 1.0, "completion_tokens": 1.0, "nanousd": 1.0}
    point = {"turn": 2, "students": 3, "rows": 9.0, "usage": usage, "score": 0.5}
    point |= {"low": 0.4, "high": 0.6, "covers": ""}
    assert told(points=[{**point, "with_gold": True}]).sentence.endswith("before gold joins.")
    assert "gold" not in told(points=[{**point, "with_gold": False}]).sentence


def test_a_turn_that_a_cap_cut_short_is_not_judged() -> None:
    found = told(last=last(cut_short=2, rows=0.0))
    assert found.answer == "cut short"
    assert "for 2 of 3 students a cap or failed requests cut that turn short" in found.sentence


def test_the_turn_that_the_stop_rule_chose_is_not_judged() -> None:
    assert told(patience=1).answer == "stopped early"
    assert told(patience=1, taken=[4, 4, 4]).answer == "undecided"


def test_a_turn_that_added_nothing() -> None:
    found = told(last=last(rows=0.0))
    assert found.sentence == "Nothing to buy: the last turn added no row. It cost $0.12."


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"taken": [1, 1]}, "a single point tells no return"),
        ({"buys": False, "taken": [1]}, "Gold alone"),
        ({"taken": [2, 2]}, "no value for each row"),
    ],
)
def test_without_a_turn_before_there_is_no_answer(more: Told, words: str) -> None:
    found = told(last=None, **more)
    assert (found.answer, found.last) == ("one turn", None)
    assert words in found.sentence


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ""),
        ({"patience": 1, "planned_turns": 1}, ""),
        (
            {"patience": 1},
            "3 of 3 students stopped after turn 3 of 4 planned: a turn without a better dev score.",
        ),
        (
            {"patience": 2, "taken": [3, 4, 3]},
            "2 of 3 students stopped after turn 3 of 4 planned: 2 turns without a better dev "
            "score.",
        ),
        (
            {"patience": 1, "taken": [2, 3, 4]},
            "2 of 3 students stopped after turn 2 and 3 of 4 planned: a turn without a better dev "
            "score.",
        ),
        (
            {"patience": 1, "taken": [4, 4, 4]},
            "No student met the stop rule (a turn without a better dev score) before turn 4, the "
            "last planned.",
        ),
    ],
)
def test_what_the_stop_rule_did(more: Told, words: str) -> None:
    assert told(**more).stopping == words


def test_rivals_and_older_runs_have_no_curve() -> None:
    task = {"metric": "accuracy"}
    assert return_curves({"task": task, "returns": [arm(rival=True)]}) == []
    assert return_curves({"task": task}) == []
