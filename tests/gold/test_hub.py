"""Data sets by `datasets.load_dataset`, from a folder in the hub's layout: no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import DataError
from tutelage.gold.data_faults import DataFaults
from tutelage.gold.sources import tables_of
from tutelage.recipe import SourceSpec


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    features = datasets.Features(
        text=datasets.Value("string"),
        label=datasets.ClassLabel(names=["neg", "pos"]),
        topics=datasets.List(datasets.ClassLabel(names=["x", "y"])),
    )
    rows = {"text": ["a", "b", "c", "d"], "label": [0, 1, 1, -1], "topics": [[0], [], [0, 1], [1]]}
    made = datasets.Dataset.from_dict(rows, features=features)
    (tmp_path / "set").mkdir()
    made.to_parquet(tmp_path / "set" / "train.parquet")
    made.select([0]).to_parquet(tmp_path / "set" / "test.parquet")
    return tmp_path


def read(folder: Path, **spec: Any) -> list[dict[str, Any]]:
    (table,) = tables_of(SourceSpec(**spec), folder, role="train")
    return [dict(row.cells) for row in table.read(DataFaults(table.name))]


def test_class_numbers_are_read_as_names(hub: Path) -> None:
    rows = read(hub, hub="set", split="train")
    assert [row["label"] for row in rows] == ["neg", "pos", "pos", None]
    assert [row["topics"] for row in rows] == [["x"], [], ["x", "y"], ["y"]]
    assert len(read(hub, hub="set", split="train[:50%]")) == 2


def test_a_split_must_be_named_where_there_are_several(hub: Path) -> None:
    with pytest.raises(DataError, match=r"hub:set: The data set has the splits train, test"):
        read(hub, hub="set")
    with pytest.raises(DataError, match=r"hub:set\[dev\]: The data set cannot be loaded"):
        read(hub, hub="set", split="dev")


def test_what_is_not_there_is_told(hub: Path) -> None:
    with pytest.raises(DataError, match="cannot be loaded"):
        read(hub, hub="nobody/nothing", split="train")
