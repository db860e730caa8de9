from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tutelage.report.facts import report_of
from tutelage.report.page import page
from tutelage.report.teacher_sizes import Size, teacher_sizes, teachers

Results = dict[str, Any]
Taught = Callable[..., Results]


@pytest.mark.parametrize(
    ("student", "words"),
    [
        (
            5_000_000,
            "The student has 25 % of its teacher's size (5 M parameters, its teacher 20 M).",
        ),
        (
            20_000_000,
            "The student is as large as its teacher (20 M parameters, its teacher 20 M): no",
        ),
        (
            30_000_000,
            "The student is larger than its teacher (30 M parameters, its teacher 20 M): no",
        ),
    ],
)
def test_a_student_is_held_against_its_teacher(student: int, words: str) -> None:
    size = Size("explain", student, "teacher", 20_000_000, student / 20_000_000)
    assert size.sentence.startswith(words)
    assert ("no distillation" in size.sentence) == (student >= 20_000_000)


def test_arms_that_bought_nothing_have_no_ratio(results: Results, taught: Taught) -> None:
    (size,) = teacher_sizes(taught(results, student=5, teacher=20))
    assert (size.arm, size.ratio) == ("explain", 0.25)
    (teacher,) = teachers(results)
    assert (teacher.parameters, teacher.trained, teacher.tuned) == (20, 2, True)


def test_the_page_shows_teachers_sizes_and_times(results: Results, taught: Taught) -> None:
    report = report_of(taught(results, student=22_000_000, teacher=22_000_000))
    markup = page(report)
    assert '<h2 id="teachers">Teachers and sizes</h2>' in markup
    assert "22 M<small>2.2 M of them trained</small>" in markup
    assert "<small>tuning: 1 min 15 s</small>" in markup and "charged to no arm" in markup
    assert "is as large as its teacher" in markup and "no distillation" in markup
    assert report.to_json()["sizes"][0]["sentence"].endswith("no distillation.")


def test_upper_bounds_are_marked(results: Results, taught: Taught) -> None:
    report = report_of(taught(results, student=1, teacher=2))
    assert [line.name for line in report.lines if line.upper_bound] == ["label_only"]
    markup = page(report)
    assert markup.count("upper bound: all gold rows") == 1
    assert "Upper bound, trained on all gold: label_only." in markup


def test_studies_without_a_teacher_have_no_such_section(results: Results) -> None:
    report = report_of(results)
    assert (report.teachers, report.sizes) == ((), ())
    assert "Teachers and sizes" not in page(report)


def test_what_tuning_reached_on_dev_stands_beside_the_teacher(
    results: Results, taught: Taught
) -> None:
    facts = taught(results, student=1, teacher=2)["teachers"]["teacher"]["facts"]
    assert "Learned<small>on dev</small>" not in page(report_of(results))
    tuning = {"best_step": 40, "steps_planned": 1200, "dev_rows": 300, "dev_loss": 1.234}
    facts["purchases"] = {"1": {**tuning, "dev_accuracy": 0.875}}
    (teacher,) = teachers(results)
    assert teacher.reached == ["accuracy 87.5 on 300 rows, step 40 of 1,200"]
    assert "Learned<small>on dev</small>" in page(report_of(results))
    facts["purchases"] = {"1": tuning, "2": {"best_step": 3, "steps_planned": 3, "dev_rows": 0}}
    assert teachers(results)[0].reached == [
        "purchase 1: loss 1.23 on 300 rows, step 40 of 1,200",
        "purchase 2: step 3 of 3",
    ]
