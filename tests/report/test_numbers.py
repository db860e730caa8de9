from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.report import numbers


@pytest.mark.parametrize(
    ("nanousd", "shown"),
    [
        (0, "$0"),
        (1, "< $0.0001"),
        (9_999_999, "$0.0100"),
        (99_999_999, "$0.1000"),
        (100_000_000, "$0.10"),
        (999_994_999, "$1.00"),
        (1_234_567_000_000, "$1,234.57"),
    ],
)
def test_dollars_to_the_cent_and_finer_below(nanousd: int, shown: str) -> None:
    assert numbers.dollars(nanousd) == shown


@given(st.floats(min_value=-1, max_value=1))
def test_a_difference_has_a_sign_unless_it_is_shown_as_nothing(value: float) -> None:
    shown = numbers.difference(value)
    assert shown == "0.0" or shown[0] in "+−"
    assert "-" not in shown and shown not in ("+0.0", "−0.0")


def test_what_is_not_a_number_is_a_dash() -> None:
    assert numbers.score(float("nan")) == numbers.score(None) == numbers.interval(None, 0.1) == "–"
