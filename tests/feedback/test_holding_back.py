from __future__ import annotations

import random

import pytest

from tutelage.feedback.holding_back import held_back, place
from tutelage.records import Example

POOL = [Example(str(i), {"text": f"row {i}"}, label="yes") for i in range(100)]


def test_three_in_ten_are_held_back_whatever_their_order() -> None:
    used, held = held_back(POOL, None)
    assert (len(used), len(held)) == (70, 30)
    assert [row.id for row in used] == sorted((row.id for row in used), key=int)
    mixed = random.Random(1).sample(POOL, 100)
    assert {row.id for row in held_back(mixed, None)[1]} == {row.id for row in held}


@pytest.mark.parametrize(
    ("count", "share", "held"),
    [(67, None, 20), (64, None, 0), (64, 0.3, 19), (100, 0.0, 0), (0, None, 0)],
)
def test_small_pools_are_left_whole_unless_told(count: int, share: float | None, held: int) -> None:
    assert len(held_back(POOL[:count], share)[1]) == held


def test_places_are_spread_evenly() -> None:
    places = sorted(map(place, POOL))
    assert 0 <= places[0] < 0.1 and 0.9 < places[-1] < 1
    assert places[50] == pytest.approx(0.5, abs=0.15)
