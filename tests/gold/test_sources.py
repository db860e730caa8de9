"""Messages about sources that are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import DataError
from tutelage.gold.opening import load_rows
from tutelage.gold.sources import tables_of
from tutelage.gold.tasks import make_task
from tutelage.recipe import GoldSpec, SourceSpec, TaskSpec

GONE = SourceSpec(path="gone.csv")


def test_a_missing_file_names_the_key_that_holds_its_path(opened: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        opened(train="gone.csv")
    assert "--set gold.train=FILE" in caught.value.do
    task = make_task(TaskSpec(), "ab")
    with pytest.raises(DataError) as caught:
        load_rows(GONE, GoldSpec(), task, folder=tmp_path, at="arms.bought.rows")
    assert "--set arms.bought.rows=FILE" in caught.value.do
    with pytest.raises(DataError) as caught:
        tables_of(GONE, tmp_path, role="rows")
    assert "--set" not in caught.value.do
