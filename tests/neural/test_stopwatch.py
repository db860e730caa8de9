"""Seconds by part, over sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from tutelage.exceptions import TrainingError
from tutelage.neural import stopwatch
from tutelage.neural.stopwatch import Stopwatch

pytestmark = pytest.mark.train


def test_seconds_of_each_part_add_up_over_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now)
    first = Stopwatch(tmp_path / "s.json", "a")
    now += 5  # nothing is measured yet
    first.begin("reading")
    now += 3
    first.begin("writing")
    now += 0.25
    first.tick()  # counted, but too soon to be noted
    assert first.seconds == {"reading": 3.0, "writing": 0.25}
    second = Stopwatch(tmp_path / "s.json", "a")  # after a kill
    assert second.seconds == {"reading": 3.0, "writing": 0.0}
    second.begin("writing")
    now += 4
    second.tick()
    assert Stopwatch(tmp_path / "s.json", "a").seconds == {"reading": 3.0, "writing": 4.0}
    with pytest.raises(TrainingError):
        Stopwatch(tmp_path / "s.json", "b")
