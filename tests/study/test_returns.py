"""Return curves and the account of gold, of a small study whose arms take several turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tutelage.recipe import load_recipe
from tutelage.study.running import run_study

RECIPE = {
    "name": "turning",
    "task": {"kind": "classification", "labels": ["positive", "negative"]},
    "gold": {
        "train": {"world": "reviews", "rows": 40},
        "pool": {"world": "reviews", "rows": 50},
        "dev": {"world": "reviews", "rows": 60},
        "test": {"world": "reviews", "rows": 60},
        "unlabelled": {"world": "reviews", "rows": 400},
        "tags": ["phenomenon"],
    },
    "teacher": {
        "kind": "scripted",
        "world": "reviews",
        "budget": {"usd": 1},
        "prices": {"input": 1, "output": 1},
    },
    "student": {"kind": "linear", "c": 10.0, "bootstrap": True},
    "arms": {
        "gold_only": {},
        "thrice": {
            "synthesis": {"annotate": {"rows": 30, "shots": 4, "choose": "near_errors"}},
            "critic": "errors",
            "turns": 3,
        },
        "patient": {"synthesis": {"annotate": {"rows": 10}}, "turns": 6, "patience": 1},
        "gold_last": {"synthesis": {"annotate": {"rows": 30}}, "turns": 2, "gold": "last"},
    },
    "rivals": ["majority", "linear", "teacher_few_shot"],
    "primary": "thrice > gold_only",
    "seeds": {"student": 2},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("turning")


@pytest.fixture(scope="module")
def results(place: Path) -> dict[str, Any]:
    found = run_study(load_recipe(RECIPE), place / "run").results
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def curve(results: dict[str, Any], arm: str) -> dict[str, Any]:
    return next(told for told in results["returns"] if told["arm"] == arm)


def units(results: dict[str, Any], arm: str) -> list[dict[str, Any]]:
    return [unit for unit in results["units"] if unit["arm"] == arm]


def test_one_point_for_each_turn_with_rows_and_money_so_far(results: dict[str, Any]) -> None:
    points = curve(results, "thrice")["points"]
    assert [p["turn"] for p in points] == [1, 2, 3]
    assert [p["rows"] for p in points] == [70, 100, 130]
    assert [p["usage"]["requests"] for p in points] == [30, 60, 90]
    own = units(results, "thrice")
    spent = [sum(t["usage"]["nanousd"] for t in unit["turns"]) for unit in own]
    assert points[-1]["usage"]["nanousd"] == pytest.approx(sum(spent) / len(spent))
    assert all(p["low"] < p["score"] < p["high"] and p["students"] == 2 for p in points)


def test_the_last_turn_of_each_student_is_held_against_its_turn_before(
    results: dict[str, Any],
) -> None:
    points, last = curve(results, "thrice")["points"], curve(results, "thrice")["last"]
    assert last["difference"] == pytest.approx(points[2]["score"] - points[1]["score"])
    assert last["low"] < last["difference"] < last["high"]
    assert (last["turns"], last["rows"], last["usage"]["requests"]) == ([3], 30, 30)
    assert (last["dev_rows"], last["margin"]) == (60, 0.02)


def test_points_of_a_turn_are_the_dev_scores_of_the_final_students(results: dict[str, Any]) -> None:
    for arm in ("gold_only", "thrice"):
        standing = next(s for s in results["dev_standings"] if s["arm"] == arm)
        point = curve(results, arm)["points"][-1]
        assert point["score"] == pytest.approx(standing["mean"])
        assert point["low"] == pytest.approx(standing["interval"]["low"])


def test_a_student_that_stopped_stands_in_later_turns_with_its_last(
    results: dict[str, Any],
) -> None:
    told = curve(results, "patient")
    taken = [len(unit["turns"]) for unit in units(results, "patient")]
    assert (told["taken"], told["planned_turns"], told["patience"]) == (taken, 6, 1)
    assert len(told["points"]) == max(taken)
    for point in told["points"]:
        assert point["students"] == sum(turns >= point["turn"] for turns in taken)
        at = [min(point["turn"], turns) for turns in taken]
        assert point["rows"] == pytest.approx(sum(40 + 10 * turn for turn in at) / len(at))
    assert told["last"]["rows"] == 10


def test_gold_that_joins_last_is_a_point_of_its_own(results: dict[str, Any]) -> None:
    points = curve(results, "gold_last")["points"]
    assert [(p["turn"], p["with_gold"], p["rows"]) for p in points] == [
        (1, False, 30),
        (2, False, 60),
        (2, True, 100),
    ]
    assert points[2]["usage"] == points[1]["usage"]
    last = curve(results, "gold_last")["last"]
    assert last["difference"] == pytest.approx(points[1]["score"] - points[0]["score"])


def test_gold_alone_is_a_single_point_and_rivals_are_marked(results: dict[str, Any]) -> None:
    told = curve(results, "gold_only")
    assert (told["buys"], told["last"], len(told["points"])) == (False, None, 1)
    assert curve(results, "linear")["rival"]


def test_gold_use_counts_distinct_rows_by_what_they_served(results: dict[str, Any]) -> None:
    use = {told["name"]: told for told in results["gold_use"]}
    assert (use["gold_only"]["trained"], use["gold_only"]["total"]) == (40, 100)
    thrice = use["thrice"]
    assert (thrice["trained"], thrice["reviewed"], thrice["chosen_on"]) == (40, 50, 60)
    assert thrice["total"] == 40 + 50 + 60
    assert 0 < thrice["named"] <= 50
    assert thrice["shown"] == 4
    assert use["gold_last"]["trained"] == 40
    assert "teacher_few_shot" not in use  # it is asked with --final only
    assert (use["majority"]["trained"], use["majority"]["rival"]) == (40, True)


def test_a_pool_that_is_train_is_counted_once(tmp_path: Path) -> None:
    gold = {**RECIPE["gold"], "pool": "train"}
    synthesis = {"extrapolate": {"seed": "plain", "seed_rows": 30}}
    arm = {"synthesis": synthesis, "critic": "errors", "turns": 2, "gold": "last"}
    recipe = {**RECIPE, "gold": gold, "arms": {"s3": arm}, "rivals": ["majority"], "primary": ""}
    found = run_study(load_recipe({**recipe, "seeds": {"student": 1}}), tmp_path / "run").results
    use = next(told for told in found["gold_use"] if told["name"] == "s3")
    assert (use["trained"], use["reviewed"], use["total"]) == (40, 40, 40 + 60)
    assert 0 < use["named"] <= 40


def test_slices_are_held_against_gold_only(results: dict[str, Any]) -> None:
    assert results["slices_against"] == "gold_only"
    assert {s["name"] for s in results["slices"]["thrice"]} == {"label", "phenomenon"}
    whole = [s for s in results["slices"]["thrice"] if s["name"] == "label"]
    assert all(s["gap"]["low"] <= s["gap"]["difference"] <= s["gap"]["high"] for s in whole)
    assert all(s["gap"] is None for s in results["slices"]["gold_only"])


def test_a_second_start_finds_the_same(place: Path, results: dict[str, Any]) -> None:
    again = run_study(load_recipe(RECIPE), place / "run").results
    plain = json.loads(json.dumps(again, default=str))
    assert plain["returns"] == results["returns"]
    assert plain["gold_use"] == results["gold_use"]


def test_a_row_with_two_roles_is_one_row(tmp_path: Path) -> None:
    arms = {
        "gold_only": {},
        "near": {
            "synthesis": {"annotate": {"rows": 20, "choose": "near_errors"}},
            "critic": "errors",
            "turns": 2,
            "gold": "last",
        },
    }
    gold = {**RECIPE["gold"], "pool": "train"}
    given = {**RECIPE, "gold": gold, "arms": arms, "rivals": [], "primary": "near > gold_only"}
    found = run_study(load_recipe(given), tmp_path / "run").results["gold_use"]
    assert [(use["trained"], use["reviewed"], use["total"]) for use in found] == [
        (40, 0, 100),
        (40, 40, 100),
    ]
