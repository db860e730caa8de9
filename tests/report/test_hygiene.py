from __future__ import annotations

from typing import Any

from tutelage.report.hygiene import PoolErrors, gold_uses, overfitting, pool_errors

Results = dict[str, Any]


def errors(turn: int, pool: float, held: float | None, arm: str = "a") -> PoolErrors:
    return PoolErrors(arm, turn, 3, 10.0, pool, held, 30 if held is not None else 0)


def test_rates_are_means_over_the_students_of_the_chosen_grid_point(results: Results) -> None:
    for unit, rate in zip(results["units"][-3:], (0.2, 0.3, 0.4), strict=True):
        assert unit["grid"] == "lr=2"
        measures = {"error_rate": rate, "held_back_error_rate": 0.5, "held_back": 30.0}
        unit["turns"] = [{**unit["turns"][0], "feedback": measures, "feedback_rows": 7}]
    results["units"][-4]["turns"] = results["units"][-1]["turns"]
    (found,) = pool_errors(results)
    assert (found.arm, found.turn, found.students, found.named) == ("explain", 1, 3, 7.0)
    assert round(found.pool, 9) == 0.3
    assert (found.held_back, found.held_back_rows) == (0.5, 30)


def test_the_last_review_is_held_against_the_first() -> None:
    told, judged = overfitting([errors(1, 0.5, 0.5), errors(2, 0.6, 0.6), errors(3, 0.2, 0.5)])
    assert judged == 1
    assert told == [
        "a: from turn 1 to turn 3 errors in the pool fell from 50 % to 20 %, in the 30 rows held "
        "back they went from 50 % to 50 % (standard error about 9.1 points): the loop starts to "
        "overfit its pool."
    ]


def test_what_does_not_count_as_overfitting() -> None:
    assert overfitting([errors(1, 0.5, 0.5), errors(2, 0.2, 0.4)]) == ([], 1)
    assert overfitting([errors(1, 0.5, 0.5), errors(2, 0.5, 0.6)]) == ([], 1)
    assert overfitting([errors(1, 0.5, 0.5), errors(2, 0.49, 0.55)]) == ([], 1)  # within chance
    assert overfitting([errors(1, 0.5, 0.5)]) == ([], 0)
    assert overfitting([errors(1, 0.5, None), errors(2, 0.2, None)]) == ([], 0)


def test_older_runs_have_no_account_of_gold(results: Results) -> None:
    assert gold_uses(results) == []
