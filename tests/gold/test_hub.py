"""Data sets by `datasets.load_dataset`, from a folder in the hub's layout: no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import DataError
from tutelage.gold.data_faults import DataFaults
from tutelage.gold.opening import load_gold
from tutelage.gold.sources import tables_of
from tutelage.recipe import GoldSpec, SourceSpec, SplitSpec, TaskSpec
from tutelage.recipe.known_datasets import known_datasets


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


def test_a_folder_of_a_set_and_its_lists(hub: Path) -> None:
    """As the hub's own conversions to parquet lie: a folder for each configuration and split."""
    datasets = pytest.importorskip("datasets")
    rows = {"input": [["A | in | B", "A | size | 2"]], "target": ["A is in B."],
            "references": [[]]}  # fmt: skip
    for split in ("train", "challenge_train_sample"):
        folder = hub / "web" / "en" / split
        folder.mkdir(parents=True)
        datasets.Dataset.from_dict(rows).to_parquet(folder / "0000.parquet")
    spec = {"hub": "web", "data_dir": "en/train"}
    (row,) = read(hub, **spec)
    assert row["input"] == ["A | in | B", "A | size | 2"] and row["references"] == []
    gold = GoldSpec(train=SourceSpec(**spec), columns={"triples": "input"}, cross_fit="off",
                    carve=SplitSpec(test=0, dev=0))  # fmt: skip
    (found,) = load_gold(gold, TaskSpec(kind="generation", fields=("triples",)), folder=hub)
    assert found.train[0].fields == {"triples": "A | in | B && A | size | 2"}
    assert found.train[0].references == ("A is in B.",)


def test_truth_values_are_named(hub: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = {"question": ["is it", "was it"], "passage": ["p", "q"], "answer": [True, False]}
    (hub / "bool").mkdir()
    datasets.Dataset.from_dict(rows).to_parquet(hub / "bool" / "train.parquet")
    known = known_datasets()["boolq"]
    source = {**known.hub["train"], "hub": "bool"}
    gold = GoldSpec.model_validate(
        {"train": source, "columns": known.hub["columns"], "cross_fit": "off",
         "label_names": known.hub["label_names"], "carve": {"test": 0, "dev": 0}}
    )  # fmt: skip
    (found,) = load_gold(gold, TaskSpec.model_validate(known.task), folder=hub)
    assert [row.label for row in found.train] == ["yes", "no"]


def test_what_is_not_there_is_told(hub: Path) -> None:
    with pytest.raises(DataError, match="cannot be loaded"):
        read(hub, hub="nobody/nothing", split="train")


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> tuple[Any, Any]:
    """The settings of both packages, online, with a hub where nobody listens."""
    datasets = pytest.importorskip("datasets")
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{unused_tcp_port}")
    return constants, datasets


def test_without_a_network_nothing_is_waited_for(
    hub: Path, unreachable: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """One look for the hub, and then only the cache: no retries, no lines about them."""
    with pytest.raises(DataError, match="name a file: path: FILE"):
        read(hub, hub="nobody/nothing", split="train")
    assert "Retrying" not in caplog.text
    constants, datasets = unreachable
    assert (constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE) == (False, False)


@pytest.mark.usefixtures("unreachable")
def test_a_known_data_set_is_named_with_both_ways_out(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTELAGE_REAL_DATA", str(hub / "none"))
    with pytest.raises(DataError, match="The data set trec6 cannot be loaded") as caught:
        read(hub, hub="SetFit/TREC-QC", split="train")
    told = caught.value.do
    assert "where the hub can be reached" in told and "path: FILE" not in told
    assert "put trec6/test.jsonl.gz, trec6/train.jsonl.gz into a folder" in told
    assert (
        f"TUTELAGE_REAL_DATA, and `dataset: trec6` reads them from there (it looked in {hub}"
        in (told)
    )
