from __future__ import annotations

from typing import Any

import pytest

from tutelage.report.courses import configurations, curves

Results = dict[str, Any]


def test_curves_are_means_and_ranges_over_the_students_of_the_chosen_point(
    results: Results,
) -> None:
    found = {(c.arm, c.measure): c for c in curves(results)}
    assert set(found) == {
        ("label_only", "accuracy"),
        ("label_only", "loss"),
        ("explain", "accuracy"),
        ("explain", "loss"),
    }
    last = found["explain", "accuracy"].points[-1]
    assert (last.epoch, last.low, last.high) == (1.0, 0.4, 0.6)
    assert last.mean == pytest.approx(0.5)
    assert found["explain", "accuracy"].students == 3


def test_a_single_look_is_no_course(results: Results) -> None:
    for unit in results["units"]:
        unit["history"] = unit["history"][:1]
    assert curves(results) == []


def test_a_measure_that_one_student_lacks_is_left_out(results: Results) -> None:
    del results["units"][0]["history"][1]["dev"]["loss"]
    assert ("label_only", "loss") not in {(c.arm, c.measure) for c in curves(results)}


def test_configurations_pair_dev_with_test_under_the_primary_rule(results: Results) -> None:
    found = configurations(results)
    assert [(c.arm, c.grid, c.chosen) for c in found] == [
        ("label_only", "lr=1", True),
        ("label_only", "lr=2", False),
        ("explain", "lr=1", False),
        ("explain", "lr=2", True),
    ]
    assert found[3].test is not None and found[3].test.score == 0.45
    assert found[3].dev.score == pytest.approx(0.47)


def test_configurations_of_a_run_on_dev_have_no_test(results: Results) -> None:
    results["split"] = "dev"
    assert all(c.test is None for c in configurations(results))
