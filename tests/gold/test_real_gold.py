"""Gold data that nobody here wrote: known quirks must be found, known sizes must come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import DataError
from tutelage.gold.opening import Gold, load_gold, load_rows
from tutelage.gold.overlaps import find_overlaps, swapped
from tutelage.gold.sealed import SealedIndex
from tutelage.recipe import GoldSpec, SourceSpec, TaskSpec
from tutelage.records import Example

pytestmark = pytest.mark.real

EMANLI = {"dev": "emanli_r1/dev.jsonl.gz", "test": "emanli_r1/test.jsonl.gz"}
SWAPPED = {"dev": EMANLI["test"], "test": EMANLI["dev"]}
ANLI = {"dev": "anli_human/r1_dev.jsonl.gz", "test": "anli_human/r1_test.jsonl.gz"}


def opened(folder: Path, task: dict[str, Any], sources: dict[str, str], **more: Any) -> Gold:
    roles = {role: {"path": path} for role, path in sources.items()}
    (gold,) = load_gold(GoldSpec(**roles, **more), TaskSpec(**task), folder=folder)
    return gold


def emanli(folder: Path, sources: dict[str, str], **more: Any) -> Gold:
    return opened(folder, {"kind": "nli"}, sources, columns={"id": "uid"}, **more)


@pytest.mark.parametrize(
    "reference",
    [ANLI, EMANLI, {"dev": "dsbs_anli1/valid.jsonl.gz", "test": "dsbs_anli1/test.jsonl.gz"}],
)
def test_the_swap_of_emanli_is_found(real_data: Path, reference: dict[str, str]) -> None:
    gold = emanli(real_data, EMANLI, expect=reference)
    assert gold.facts["rows"] == {"train": 0, "pool": 0, "dev": 1_000, "test": 1_000}
    with pytest.raises(DataError) as caught:
        emanli(real_data, SWAPPED, expect=reference)
    assert "dev was given rows of test: 1000 of 1000" in caught.value.what
    assert "test was given rows of dev: 1000 of 1000" in caught.value.what


def test_the_swap_of_emanli_is_found_by_recorded_fingerprints(real_data: Path) -> None:
    prints = emanli(real_data, EMANLI).facts["fingerprints"]
    # Same ids, texts and labels in another order and among other columns: the same split. (Of dev,
    # one hypothesis differs: the annotated ANLI file has "metalinguistic" in its place.)
    assert prints["test"] == emanli(real_data, ANLI).facts["fingerprints"]["test"]
    with pytest.raises(DataError) as caught:
        emanli(real_data, SWAPPED, expect=prints)
    assert "dev was given the 1000 rows recorded as test" in caught.value.what
    assert "test was given the 1000 rows recorded as dev" in caught.value.what


def test_the_swap_is_found_without_ids(real_data: Path) -> None:
    def rows(path: str) -> tuple[Example, ...]:
        task = emanli(real_data, EMANLI).task
        return load_rows(SourceSpec(path=path), GoldSpec(), task, folder=real_data)

    reference = {role: rows(path) for role, path in ANLI.items()}
    given = {role: rows(path)[:300] for role, path in SWAPPED.items()}
    assert len(swapped(reference, given)) == 2


def test_eleven_test_questions_of_trec_are_in_train(real_data: Path) -> None:
    sources = {"train": "trec6/train.jsonl.gz", "test": "trec6/test.jsonl.gz"}
    with pytest.raises(DataError, match="11 of 500 test rows have a text that is also in train"):
        opened(real_data, {}, sources, carve={"dev": 0})
    gold = opened(real_data, {}, sources, carve={"dev": 0}, allow_overlap=True, tags=["fine_label"])
    assert gold.task.label_names == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert gold.facts["rows"]["train"] == 5_452
    assert gold.facts["labels"]["test"] == {
        "ABBR": 9, "DESC": 138, "ENTY": 94, "HUM": 65, "LOC": 81, "NUM": 113,
    }  # fmt: skip
    assert gold.train[0].tags == {"fine_label": "DESC:manner"}
    json.dumps(gold.facts)


def test_clinc_has_150_labels_and_unlabelled_rows(real_data: Path) -> None:
    sources = {
        "train": "clinc150/train.jsonl.gz",
        "dev": "clinc150/val.jsonl.gz",
        "test": "clinc150/test.jsonl.gz",
        "unlabelled": "clinc150/*test.jsonl.gz",
    }
    gold = opened(real_data, {}, sources, few=300, allow_overlap=True)
    assert len(gold.task.labels) == 150
    assert gold.facts["rows"] == {"train": 300, "pool": 0, "dev": 3_000, "test": 4_500}
    assert set(gold.facts["labels"]["train"].values()) == {2}
    survey = gold.survey_unlabelled(50, seed=0)
    assert survey.facts["seen"] == 5_500 and survey.facts["held_out"] >= 4_500
    assert not any(gold.sealed.has_text(row) for row in survey.rows)


@pytest.mark.parametrize(("turn", "size", "hits"), [(1, 883, 18), (2, 639, 13)])
def test_rounds_of_s3_carry_premises_of_the_rte_test(
    real_data: Path, turn: int, size: int, hits: int
) -> None:
    folder = real_data / "s3_synthesis"
    spec = GoldSpec(
        train=SourceSpec(path="RTE__gold_train.jsonl.gz"),
        test=SourceSpec(path="RTE__gold_test.jsonl.gz"),
        columns={"premise": "text1", "hypothesis": "text2"},
        allow_overlap=True,
    )
    task = TaskSpec(kind="nli", labels={"0": {"words": "Entailment"}, "1": {"words": "Other"}})
    (gold,) = load_gold(spec, task, folder=folder)
    path = f"RTE__synthetic_additional_{turn}.jsonl.gz"
    synthetic = load_rows(SourceSpec(path=path), spec, gold.task, folder=folder)
    assert len(synthetic) == size
    test = load_rows(spec.test or SourceSpec(), spec, gold.task, folder=folder)
    train = load_rows(spec.train or SourceSpec(), spec, gold.task, folder=folder)
    found = {
        (o.second, o.by): o.rows_first
        for o in find_overlaps({"synthetic": synthetic, "test": test, "train": train})
        if o.first == "synthetic"
    }
    texts = {row.fields["premise"] for row in test}
    assert sum(row.fields["premise"] in texts for row in synthetic) == hits
    # One more of each round differs from its test premise in a double space only.
    hits += 1
    assert found[("test", "premise")] == hits
    assert found[("train", "premise")] == size
    sealed = SealedIndex(test)
    assert sum(sealed.has_field("premise", row.fields["premise"]) for row in synthetic) == hits
    assert sum(sealed.overlap(row.fields["premise"]) == 1.0 for row in synthetic) >= hits


def test_esnli_premises_group_into_splits(real_data: Path) -> None:
    gold = opened(
        real_data,
        {"kind": "nli"},
        {"train": "dsbs_esnli/valid.jsonl.gz"},
        carve={"by": "premise", "test": 0.2, "dev": 0.1},
    )
    assert not [o for o in gold.facts["overlaps"] if o["by"] in ("premise", "text")]
    sizes = gold.facts["rows"]
    assert sum(sizes.values()) == 9_842 and abs(sizes["test"] - 1_968) < 200
