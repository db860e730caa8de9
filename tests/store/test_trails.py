"""Which steps a unit took, as whoever looks at a stopped run reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.exceptions import UserError
from tutelage.store.trails import Told, Trail, forget_trails, read_trail, trail_file

UNIT = {"arm": "a", "fold": 0}
TWO = Told(({"buy": "b0", "fit": "f0"}, {"buy": "b1"}))


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A run whose unit was stopped in its second turn."""
    trail = Trail(tmp_path, UNIT)
    trail.take(0, "buy", "b0")
    trail.take(0, "fit", "f0")
    trail.take(1, "buy", "b1")
    return tmp_path


def test_each_step_is_told_at_once(tmp_path: Path) -> None:
    trail = Trail(tmp_path, UNIT)
    assert read_trail(tmp_path, UNIT) == Told()
    trail.take(0, "buy", "b0")
    assert read_trail(tmp_path, UNIT) == Told(({"buy": "b0"},))
    assert trail.of(0) == {"buy": "b0"}
    assert trail.of(1) == {}
    assert read_trail(tmp_path, {**UNIT, "fold": 1}) == Told()


def test_a_life_that_goes_the_same_way_takes_nothing_back(stopped: Path) -> None:
    trail = Trail(stopped, UNIT)
    trail.take(0, "buy", "b0")
    assert read_trail(stopped, UNIT) == TWO
    assert trail.of(1) == {}
    trail.take(0, "fit", "f0")
    trail.take(1, "buy", "b1")
    trail.take(1, "fit", "f1")
    assert read_trail(stopped, UNIT).turns[1] == {"buy": "b1", "fit": "f1"}


def test_a_life_that_goes_another_way_begins_anew(stopped: Path) -> None:
    Trail(stopped, UNIT).take(0, "buy", "other")
    assert read_trail(stopped, UNIT) == Told(({"buy": "other"},))


def test_the_end_leaves_only_the_steps_of_the_last_life(stopped: Path) -> None:
    shorter = Trail(stopped, UNIT)
    shorter.take(0, "buy", "b0")
    shorter.end()
    assert read_trail(stopped, UNIT) == Told(({"buy": "b0"},), through=True)
    longer = Trail(stopped, UNIT)
    longer.take(0, "buy", "b0")
    assert read_trail(stopped, UNIT).through
    longer.take(1, "buy", "b1")
    assert not read_trail(stopped, UNIT).through


def test_a_file_changed_by_hand_is_told(stopped: Path) -> None:
    trail_file(stopped, UNIT).write_text("{}")
    with pytest.raises(UserError, match="cannot be read") as caught:
        read_trail(stopped, UNIT)
    assert caught.value.why and "Delete it" in caught.value.do


def test_what_units_told_is_forgotten(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_trails(stopped)
    assert read_trail(stopped, UNIT) == Told()
    forget_trails(stopped)  # there is nothing left to forget
    Trail(stopped, UNIT).take(0, "buy", "b0")
    assert read_trail(stopped, UNIT) == Told(({"buy": "b0"},))

    def refuse(place: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(UserError, match="units cannot be removed: Permission denied") as caught:
        forget_trails(stopped)
    assert caught.value.why and "permissions" in caught.value.do
