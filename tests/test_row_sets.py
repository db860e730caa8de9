"""Which gold rows students are trained on, and which dev rows methods calibrate on."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tutelage.gold.opening import load_gold
from tutelage.recipe import GoldSpec, TaskSpec
from tutelage.row_sets import calibration_rows, gold_rows


@pytest.fixture(scope="module")
def gold():
    spec = {
        "train": {"world": "composition", "rows": 60},
        "dev": {"world": "composition", "rows": 20},
        "test": {"world": "composition", "rows": 20},
        "few": 12,
    }
    task = {"labels": ["routine", "watch", "urgent"]}
    found = load_gold(GoldSpec.model_validate(spec), TaskSpec.model_validate(task), folder=Path())
    return found[0]


@pytest.mark.parametrize(
    ("share", "last", "rows"),
    [
        (True, False, 12),
        (False, False, 0),
        ("last", False, 0),
        ("last", True, 12),
        ("whole", False, 60),
        ("whole", True, 60),
    ],
)
def test_how_many_gold_rows_a_student_is_trained_on(gold, share, last, rows):
    assert len(gold_rows(gold, share, last=last)) == rows


@dataclass
class Threshold:
    """A method that calibrates; what it orders is of no interest here."""

    calibration: int
    stages: tuple[str, ...] = ("annotation",)
    waves: int = 1

    def quota(self, brief):
        return {}

    def orders(self, stage, brief):
        return []

    def step(self, order, replies):
        return []


def test_dev_rows_are_chosen_by_content_and_more_keep_the_smaller_choice(gold):
    few, more = (calibration_rows(Threshold(n), gold) for n in (5, 8))
    assert more[:5] == few
    assert {row.origin.role for row in more} == {"dev"}
    turned = replace(gold, dev=tuple(reversed(gold.dev)))
    assert calibration_rows(Threshold(5), turned) == few
    assert len(calibration_rows(Threshold(500), gold)) == 20


def test_methods_that_calibrate_on_nothing_see_no_dev_row(gold):
    assert calibration_rows(Threshold(0), gold) == ()
    assert calibration_rows(None, gold) == ()
    assert calibration_rows(object(), gold) == ()
