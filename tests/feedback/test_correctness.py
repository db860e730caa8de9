from __future__ import annotations

import pytest

from tutelage.feedback.correctness import is_right, said
from tutelage.records import Example, Prediction, Span

ANSWERED = Example("q", {}, spans=(Span("the Town Moor", 0, 13), Span("Moor", 9, 13)))
WITHOUT = Example("q", {}, spans=())


@pytest.mark.parametrize(
    ("row", "answer", "right"),
    [
        (Example("a", {}, label="x"), Prediction("a", "x"), True),
        (Example("a", {}, label="x"), Prediction("a", None), False),
        (Example("a", {}, labels=("x", "y")), Prediction("a", labels=("y", "x")), True),
        (Example("a", {}, labels=("x", "y")), Prediction("a", labels=("y",)), False),
        (Example("a", {}, labels=()), Prediction("a", labels=()), True),
        (ANSWERED, Prediction("q", spans=(Span("town moor.", 0, 10),)), True),
        (ANSWERED, Prediction("q", spans=(Span("Town", 0, 4),)), False),
        (ANSWERED, Prediction("q", spans=()), False),
        (WITHOUT, Prediction("q", spans=()), True),
        (WITHOUT, Prediction("q", spans=(Span("Town", 0, 4),)), False),
        (WITHOUT, Prediction("q"), False),
        (Example("a", {}, target="so it is"), Prediction("a", text=" so  it is"), True),
        (Example("a", {}, target="so it is"), Prediction("a"), False),
    ],
)
def test_right_is_what_the_row_says(row: Example, answer: Prediction, right: bool) -> None:
    assert is_right(row, answer) is right


def test_what_was_said() -> None:
    answers = [
        Prediction("a", "x"),
        Prediction("a", labels=()),
        Prediction("a", spans=(Span("Moor", 9, 13),)),
        Prediction("a", spans=()),
        Prediction("a"),
    ]
    assert list(map(said, answers)) == ["x", "no label", "'Moor'", "no answer", "nothing readable"]
