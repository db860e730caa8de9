"""Runs that were stopped: what they paid for is given out, and what is missing is told."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tutelage.exceptions import BudgetReached, UserError
from tutelage.recipe import load_recipe
from tutelage.steps import Unit
from tutelage.store.encoding import read_records, write_records
from tutelage.store.runs import Run
from tutelage.store.trails import Told
from tutelage.study.archive import PastRun
from tutelage.study.building import prepare, units_of
from tutelage.study.graduates import task_of
from tutelage.study.run_purchases import Purchase, Shortfall, nothing_yet, shortfalls
from tutelage.study.running import identify, run_study
from tutelage.study.saved_rows import SavedRow, flat_row, saved_rows

Stop = Callable[..., PastRun]


@pytest.fixture
def stop(small_recipe: Callable[..., dict[str, Any]], tmp_path: Path) -> Stop:
    """Run the small recipe until so many requests are paid for."""

    def run(requests: int, *, arm: int | None = None, **changes: Any) -> PastRun:
        budget = {"requests": requests} | ({"arm": {"requests": arm}} if arm else {})
        teacher = {"kind": "scripted", "world": "composition", "budget": budget}
        recipe = small_recipe(**{"teacher": teacher, "rivals": ["majority"], **changes})
        run_study(load_recipe(recipe), tmp_path / "run")
        return PastRun(tmp_path / "run")

    def stopped(requests: int, **changes: Any) -> PastRun:
        with pytest.raises(BudgetReached):
            run(requests, **changes)
        return PastRun(tmp_path / "run")

    stopped.on = run  # type: ignore[attr-defined]
    return stopped


def told(rows: list[SavedRow], run: PastRun) -> list[dict[str, Any]]:
    return [flat_row(row, task_of(run)) for row in rows]


def test_a_stopped_run_gives_out_what_it_has_judged_and_goes_on(stop: Stop) -> None:
    run = stop(50)  # annotate buys 40, and explain 10 of its 20
    assert not run.finished
    before = told(list(saved_rows(run)), run)
    assert Counter(row["arm"] for row in before) == {"annotate": 40}
    assert shortfalls(run) == [Shortfall("explain", 1, 0, 1, 0)]
    assert shortfalls(run, ["annotate"]) == []
    assert list(saved_rows(run, ["explain"])) == []

    over = stop.on(500)  # type: ignore[attr-defined]
    assert over.spent().requests == 60
    after = told(list(saved_rows(over)), over)
    assert after[:40] == before and len(after) == 60
    assert shortfalls(over) == []


def test_turns_that_are_complete_stand_of_a_purchase_that_is_not(stop: Stop) -> None:
    arms = {"gold_only": {}, "two": {"synthesis": {"annotate": {"rows": 30}}, "turns": 2}}
    run = stop(45, arms=arms, primary="", seeds={"student": 2})
    assert Counter(row.turn for row in saved_rows(run)) == {0: 30}
    (missing,) = shortfalls(run)
    assert str(missing) == "two: 0 of 1 purchases complete (1 of 2 turns)"


def test_every_purchase_seed_and_every_student_with_a_critic_buys_for_itself(stop: Stop) -> None:
    arm = {"synthesis": {"annotate": {"rows": 20}}}
    critic = {"critic": "uncertainty", "turns": 2}
    arms = {"gold_only": {}, "a": arm, "b": arm | critic}
    run = stop(30, arms=arms, primary="", seeds={"student": 2, "purchase": 2})
    assert list(map(str, shortfalls(run))) == [
        "a: 1 of 2 purchases complete",
        "b: 0 of 4 purchases complete (0 of 8 turns)",
    ]


def test_a_run_without_rows_says_so_in_three_parts(stop: Stop) -> None:
    run = stop(15)
    assert list(saved_rows(run)) == []
    error = nothing_yet(run)
    assert error.what == f"The run {run.folder} has no rows yet."
    assert "not finished" in error.why and "The 15 replies that it has paid for" in error.why
    assert "run its recipe again" in error.do
    assert "has no rows of explain yet" in nothing_yet(run, ["explain"]).what


def test_of_arms_that_never_buy_it_is_said_so(stop: Stop) -> None:
    run = stop(15)
    error = nothing_yet(run, ["gold_only"])
    assert error.what == f"The run {run.folder} has no rows of gold_only, and will have none."
    assert "buys nothing" in error.why
    assert error.do == "Name an arm that buys: --arm annotate, --arm explain."
    assert nothing_yet(run, ["gold_only", "explain"]).what.endswith("yet.")


def test_a_run_that_was_only_named_has_bought_nothing(
    small_recipe: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    with Run(tmp_path / "run") as run:
        identify(run, load_recipe(small_recipe()), tmp_path / "ledger.sqlite")
    past = PastRun(tmp_path / "run")
    assert list(saved_rows(past)) == []
    assert shortfalls(past) == []
    assert nothing_yet(past).why == "It is not finished. It has bought nothing yet."


def test_rows_of_an_arm_that_failed_are_given_out_too(
    small_recipe: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    checks = {"checks": [{"format": {"min_words": 500}}], "gold": False}
    arms = {"gold_only": {}, "fails": {"synthesis": {"annotate": {"rows": 12}}, **checks}}
    recipe = small_recipe(arms=arms, primary="", rivals=["majority"])
    run_study(load_recipe(recipe), tmp_path / "run")
    past = PastRun(tmp_path / "run")
    assert [unit["arm"] for unit in past.results["units"]] == ["gold_only"] * 2
    assert Counter(row.verdict.decision for row in saved_rows(past)) == {"dropped": 12}
    assert shortfalls(past) == []


def test_verdicts_are_never_given_to_drafts_that_were_bought_after_them(stop: Stop) -> None:
    run = stop(50)
    (file,) = {row for row in run.folder.glob("steps/buy-*/drafts.jsonl") if row.stat().st_size}
    drafts = read_records(file, type(next(saved_rows(run)).draft))
    write_records(file, drafts[:-1])
    assert list(saved_rows(run)) == []


def test_a_run_that_goes_on_is_not_finished_by_its_old_results(stop: Stop) -> None:
    run = stop.on(500)  # type: ignore[attr-defined]
    assert run.ended
    more = {"explain": {"synthesis": {"explain": {"rows": 20}}},
            "annotate": {"synthesis": {"annotate": {"rows": 70}}}}  # fmt: skip
    run = stop(65, arms=more, primary="")
    assert run.finished and not run.ended
    assert [one.arm for one in shortfalls(run)] == ["annotate"]
    assert {row.arm for row in saved_rows(run)} == {"explain"}


def test_arms_that_another_recipe_has_not_reached_have_no_rows(stop: Stop) -> None:
    run = stop.on(500)  # type: ignore[attr-defined]
    assert {row.arm for row in saved_rows(run)} == {"annotate", "explain"}
    other = {"kind": "scripted", "world": "composition", "few_shot_errors": 0.5}
    run = stop(70, teacher=other | {"budget": {"requests": 70}})
    assert run.spent().requests == 70  # 10 of annotate's 40 by the other teacher
    assert list(saved_rows(run)) == []
    assert [one.arm for one in shortfalls(run)] == ["annotate", "explain"]

    back = stop.on(500)  # type: ignore[attr-defined]
    assert len(list(saved_rows(back))) == 60
    assert back.spent().requests == 70


def test_a_start_with_the_same_recipe_keeps_what_units_told(
    stop: Stop, small_recipe: Callable[..., dict[str, Any]]
) -> None:
    run = stop(50)
    before = list(saved_rows(run))

    def started(requests: int) -> list[SavedRow]:
        teacher = {"kind": "scripted", "world": "composition", "budget": {"requests": requests}}
        recipe = load_recipe(small_recipe(teacher=teacher, rivals=["majority"]))
        with Run(run.folder) as held:
            identify(held, recipe, run.ledger)
        return list(saved_rows(PastRun(run.folder)))

    assert before and started(50) == before
    assert started(60) == []


def test_only_turns_that_bought_are_counted() -> None:
    """Gold that joins last, and a turn after `match: rows` was met, train a student and no more."""
    turn = {"buy": "b", "curate": "c", "fit": "f"}

    def purchase(*turns: dict[str, str], through: bool = False) -> Purchase:
        return Purchase(Unit("a", "", 1, 1), Told(turns, through))

    ended = purchase(turn, turn, {"fit": "g"})
    assert (ended.bought_in(4), ended.over) == (2, True)
    at_work = purchase(turn, {"buy": "b", "curate": "c"})
    assert (at_work.bought_in(4), at_work.over) == (1, False)
    assert purchase(turn, through=True).over


def test_a_run_of_an_earlier_version_is_not_taken_for_one_that_bought_nothing(stop: Stop) -> None:
    run = stop.on(500)  # type: ignore[attr-defined]
    told = orjson.loads((run.folder / "run.json").read_bytes())
    del told["folds"]
    (run.folder / "run.json").write_bytes(orjson.dumps(told))
    shutil.rmtree(run.folder / "units")
    with pytest.raises(UserError, match="made by an earlier version"):
        list(saved_rows(PastRun(run.folder)))
    again = stop.on(500)  # type: ignore[attr-defined]
    assert len(list(saved_rows(again))) == 60
    assert again.spent().requests == 60


def test_units_follow_from_the_recipe_alone(small_recipe: Callable[..., dict[str, Any]]) -> None:
    grid = {"a": {"grid": {"c": [0.1, 1.0]}}, "b": {"synthesis": {"annotate": {"rows": 5}}}}
    loaded = load_recipe(
        small_recipe(
            arms=grid, primary="", rivals=["linear"], seeds={"student": 2, "purchase": [3, 1]}
        )
    )
    prepared = prepare(loaded)
    assert prepared.units() == units_of(loaded.recipe, [0])
    assert {unit.arm for unit in prepared.units()} == set(prepared.arms)
    for unit in prepared.units():
        assert prepared.parts(unit).grid == unit.grid
    assert len(prepared.units()) == 2 * 2 + 2 * 2 + 2
