from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tutelage.teacher.tuning_lock import Abandoned, tuning_alone


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []
    waits, never = threading.Event(), threading.Event()

    def second() -> None:
        waits.set()
        with tuning_alone(tmp_path / "a.lock", ended=never):
            order.append("second")

    with tuning_alone(tmp_path / "a.lock", ended=never):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(5)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_nobody_waits_for_what_nobody_wants(tmp_path: Path) -> None:
    ended = threading.Event()
    ended.set()
    path = tmp_path / "a.lock"
    with (
        tuning_alone(path, ended=ended),
        pytest.raises(Abandoned),
        tuning_alone(path, ended=ended),
    ):
        pass
    with tuning_alone(tmp_path / "b.lock", ended=ended):
        pass
