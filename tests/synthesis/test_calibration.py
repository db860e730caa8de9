from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.records import Material
from tutelage.synthesis.calibration import KIND, LEAST, Threshold, Weighed, threshold, weighed

THIRTEEN = [
    *((0.95, True), (0.9, True), (0.9, True), (0.85, True), (0.8, True), (0.8, False)),
    *((0.7, True), (0.7, True), (0.6, True), (0.6, True), (0.5, False), (0.5, True), (0.4, True)),
]
"""Right: 9 of the 10 from .6 on, 10 of the 12 from .5 on, 11 of the 13 from .4 on."""
ANSWERS = [Weighed(confidence, right) for confidence, right in THIRTEEN]


@pytest.mark.parametrize(
    ("accuracy", "least"),
    [(0.9, 0.6), (0.85, 0.6), (0.84, 0.4), (0.834, 0.4), (0.8, 0.4), (11 / 13, 0.4)],
)
def test_the_smallest_confidence_that_keeps_the_accuracy(accuracy: float, least: float) -> None:
    assert threshold(ANSWERS, accuracy) == Threshold(least)
    assert threshold(ANSWERS[::-1], accuracy) == Threshold(least)


def test_where_no_confidence_reaches_the_accuracy() -> None:
    assert threshold(ANSWERS, 0.95) == Threshold(
        None,
        "nothing is kept: no confidence reaches an accuracy of 0.95 on 13 dev rows; the best is "
        "0.90, from 0.60 on",
    )


def test_a_handful_of_answers_says_nothing() -> None:
    unread = [Weighed(None, False)] * 30
    few = [Weighed(0.9, True)] * (LEAST - 1)
    assert threshold([*few, *unread], 0.5).reason == (
        "nothing is kept: of 39 dev answers 9 have a confidence, and 10 are needed to choose a "
        "threshold"
    )
    assert threshold([*few, *unread, Weighed(0.2, True)], 0.5) == Threshold(0.2)
    # ten right answers of the same confidence are needed though nine alone would do
    assert threshold([*few, Weighed(0.1, False), Weighed(0.1, False)], 0.9).confidence is None


def test_unreadable_answers_are_never_kept_and_so_count_against_nothing() -> None:
    assert threshold([*ANSWERS, *[Weighed(None, False)] * 50], 0.9) == Threshold(0.6)


PAIRS = st.lists(
    st.tuples(st.sampled_from((0.1, 0.2, 1 / 3, 0.5, 0.9)), st.booleans()), max_size=40
)


@given(PAIRS, st.sampled_from((0.5, 0.75, 0.9, 1.0)))
def test_it_is_what_a_plain_search_finds(pairs: list[tuple[float, bool]], accuracy: float) -> None:
    good = []
    for least in {confidence for confidence, _ in pairs}:
        kept = [right for confidence, right in pairs if confidence >= least]
        if len(kept) >= LEAST and sum(kept) / len(kept) >= accuracy:
            good.append(least)
    found = threshold([Weighed(*pair) for pair in pairs], accuracy)
    assert found.confidence == (min(good) if good else None)
    assert bool(found.reason) != bool(good)


@given(PAIRS)
def test_materials_carry_answers_as_they_are(pairs: list[tuple[float, bool]]) -> None:
    answers = [*(Weighed(*pair) for pair in pairs), Weighed(None, False)]
    others = [Material("topic", "0.5 right")]
    assert weighed([*others, *(one.material() for one in answers)]) == answers
    assert answers[-1].material() == Material(KIND, "None wrong")
