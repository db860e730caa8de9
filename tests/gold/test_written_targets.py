from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import DataError
from tutelage.gold.answer_spans import WrongAnswer
from tutelage.gold.fingerprints import split_fingerprint
from tutelage.gold.opening import load_rows
from tutelage.gold.readers.cells import NotText
from tutelage.gold.sealed import SealedIndex
from tutelage.gold.written_targets import joined_text, read_targets
from tutelage.recipe import GoldSpec, SourceSpec
from tutelage.records import Example

GENERATION = {"kind": "generation"}
CONCEPTS = {"kind": "generation", "fields": ["concepts"]}


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("as it is", "as it is"),
        (None, None),
        ([], None),
        (["ski", "mountain", "skier"], "ski, mountain, skier"),
        ([1, None, 2.0], "1, 2"),
        ([["Aarhus_Airport", "cityServed", '"Aarhus, Denmark"']],
         'Aarhus_Airport | cityServed | "Aarhus, Denmark"'),
        ([["a", "b", "c"], ["a", "d", "1"]], "a | b | c && a | d | 1"),
        (["a | b | c", "a | d | 1"], "a | b | c && a | d | 1"),
        ((["a", "b"], "c"), "a | b && c"),
    ],
)  # fmt: skip
def test_lists_are_written_as_one_text(cell: Any, text: str | None) -> None:
    assert joined_text(cell) == text


@pytest.mark.parametrize("cell", [{"a": 1}, [{"a": 1}], [[["deep"]]]])
def test_what_is_no_list_of_texts(cell: Any) -> None:
    with pytest.raises(NotText):
        joined_text(cell)


PLAIN = st.text("abc_ ", min_size=1)


@given(st.lists(st.lists(PLAIN, min_size=2, max_size=3), min_size=1, max_size=4))
def test_records_can_be_told_apart_again(records: list[list[str]]) -> None:
    text = joined_text(records)
    assert text is not None
    assert [record.split(" | ") for record in text.split(" && ")] == records


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ({"target": " One. "}, ("One.",)),
        ({"references": ["One.", "Two.", "One.", ""]}, ("One.", "Two.")),
        ({"references": "One."}, ("One.",)),
        ({"target": "Two.", "references": ["One.", "Two."]}, ("Two.", "One.")),
        ({"target": "One.", "references": []}, ("One.",)),
        ({"target": None, "references": ("One.",)}, ("One.",)),
        ({"target": 7}, ("7",)),
    ],
)
def test_targets_are_read(cells: dict[str, Any], texts: tuple[str, ...]) -> None:
    assert read_targets(cells, "target", "references") == texts


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ({"text": "x"}, "has no 'target' and no 'references'"),
        ({"target": " ", "references": []}, "'target' is empty"),
        ({"references": ["", None]}, "'references' is empty"),
        ({"target": ["One."]}, "'target' holds a list, not a text"),
        ({"references": [["One."]]}, "holds a list, not a text"),
        ({"target": {"a": 1}}, "holds a dict, not a text"),
    ],
)
def test_targets_that_cannot_be(cells: dict[str, Any], what: str) -> None:
    with pytest.raises(WrongAnswer) as caught:
        read_targets(cells, "target", "references")
    assert what in caught.value.what and caught.value.do


@pytest.fixture
def concept_rows(write: Any) -> dict[str, Any]:
    """The layout of CommonGen: grouped references, and one row for each target."""
    train = [
        {"concepts": ["dog", f"thing {i % 30}"], "target": f"A dog and thing {i % 30}, way {i}."}
        for i in range(40)
    ]
    held = [
        {"concepts": ["cat", f"thing {i}"], "references": [f"A cat has {i}.", f"{i} for a cat."]}
        for i in range(12)
    ]
    write("train.jsonl", jsonl(train))
    write("dev.jsonl", jsonl(held[:4]))
    write("test.jsonl", jsonl(held[4:]))
    return {role: f"{role}.jsonl" for role in ("train", "dev", "test")}


def test_rows_of_a_generation_task(opened: Any, concept_rows: dict[str, str]) -> None:
    (gold,) = opened(CONCEPTS, **concept_rows)
    assert gold.task.labels == () and gold.task.metric == "chrf"
    first = gold.train[0]
    assert first.fields == {"concepts": "dog, thing 0"}
    assert first.target == "A dog and thing 0, way 0." and first.references == (first.target,)
    assert (first.label, first.spans, first.answer) == (None, None, first.target)
    assert gold.dev[1].references == ("A cat has 1.", "1 for a cat.")
    assert gold.facts["rows"] == {"train": 40, "pool": 0, "dev": 4, "test": 8}
    targets = gold.facts["targets"]
    assert targets["train"]["inputs"] == 30 and targets["train"]["words"]["median"] == 7.0
    assert targets["dev"]["references"] == {"min": 2, "median": 2.0, "mean": 2.0, "max": 2}
    told = gold.facts["warnings"]
    assert (
        "10 of 40 train rows have the input of an earlier row; each is kept with its target."
        in (told)
    )
    assert not any("carry different answers" in warning for warning in told)
    json.dumps(gold.facts)


def test_equal_inputs_stand_on_one_side(opened: Any, concept_rows: dict[str, str]) -> None:
    for gold in opened(CONCEPTS, train=concept_rows["train"], cross_fit=4):
        assert not [o for o in gold.facts["overlaps"] if o["by"] == "text"]
    roles = concept_rows | {"dev": concept_rows["test"]}
    with pytest.raises(DataError, match="dev and test are the same 8 rows"):
        opened(CONCEPTS, **roles)


def test_the_rest_of_a_generation_task_has_no_targets(
    opened: Any, concept_rows: dict[str, str]
) -> None:
    (gold,) = opened(CONCEPTS, **concept_rows, fraction=0.25, unlabelled="rest")
    assert len(gold.train) == 10
    rest = list(gold.unlabelled())
    assert rest and not any(row.target or row.references for row in rest)
    assert {row.fields["concepts"] for row in rest}.isdisjoint(
        row.fields["concepts"] for row in gold.train
    )
    (gold,) = opened(CONCEPTS, **concept_rows, unlabelled=concept_rows["train"])
    assert next(gold.unlabelled()).fields == {"concepts": "dog, thing 0"}


def test_the_sealed_index_knows_references(opened: Any, concept_rows: dict[str, str]) -> None:
    (gold,) = opened(CONCEPTS, **concept_rows)
    assert gold.sealed.has_field("target", "10 FOR a cat.")
    assert not gold.sealed.has_field("target", "A dog and thing 0, way 0.")
    assert gold.sealed.overlap("a cat has 9") == 1.0


def test_a_changed_reference_is_another_split_and_index() -> None:
    row = Example("1", {"text": "x"}, target="a", references=("a", "b"))
    other = Example("1", {"text": "x"}, target="a", references=("a", "c"))
    assert split_fingerprint([row]) != split_fingerprint([other])
    assert SealedIndex([row]).fingerprint != SealedIndex([other]).fingerprint


def test_faults_of_targets_are_told_at_once(write: Any, opened: Any) -> None:
    rows = [
        {"text": "a", "target": "fine"},
        {"text": "b", "target": ""},
        {"text": "c", "target": ["one"]},
        {"text": "d"},
        {"text": "e", "target": " "},
    ]
    write("train.jsonl", jsonl(rows))
    with pytest.raises(DataError) as caught:
        opened(GENERATION, train="train.jsonl")
    told = str(caught.value)
    assert "train.jsonl:2: The target 'target' is empty. (2 rows: lines 2, 5)" in told
    assert "train.jsonl:3: 'target' holds a list, not a text." in told
    assert "train.jsonl:4: The row has no 'target' and no 'references'." in told
    write("train.csv", "text,out\nx,y\n")
    with pytest.raises(DataError, match=r"no column 'target' for the target") as caught:
        opened(GENERATION, train="train.csv")
    assert "{target: COLUMN}" in str(caught.value)
    no_carving = {"carve": {"test": 0, "dev": 0}, "cross_fit": "off"}
    (gold,) = opened(GENERATION, train="train.csv", columns={"target": "out"}, **no_carving)
    assert gold.train[0].target == "y"


def test_a_list_stays_a_fault_where_a_label_is_the_answer(write: Any, opened: Any) -> None:
    write("train.jsonl", jsonl([{"text": ["a", "b"], "label": "x"}]))
    with pytest.raises(DataError, match="'text' holds a list, not a text"):
        opened({"labels": {"x": {}, "y": {}}}, train="train.jsonl")


def test_lists_of_parquet_and_rows_of_an_arm(tmp_path: Path, opened: Any) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {"triples": [["A", "in", "B"]], "texts": ["A is in B.", "B holds A."]},
        {"triples": [["A", "in", "B"], ["B", "size", "2"]], "texts": ["A is in B of size 2."]},
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "train.parquet")
    columns = {"text": "triples", "references": "texts"}
    (gold, *_) = opened(GENERATION, train="train.parquet", cross_fit="off", columns=columns,
                        carve={"test": 0, "dev": 0})  # fmt: skip
    assert gold.train[1].fields == {"text": "A | in | B && B | size | 2"}
    assert gold.train[0].references == ("A is in B.", "B holds A.")
    spec = GoldSpec(train=SourceSpec(path="train.parquet"), columns=columns)
    (row, _) = load_rows(SourceSpec(path="train.parquet"), spec, gold.task, folder=tmp_path)
    assert row.target == "A is in B."


def test_what_is_measured_has_one_row_for_each_input(write: Any, opened: Any) -> None:
    rows = [{"text": f"in {i // 3}", "target": f"out {i}"} for i in range(60)]
    for role, part in {"train": rows[:30], "dev": rows[30:39], "test": rows[39:]}.items():
        write(f"{role}.jsonl", jsonl(part))
    roles = {role: f"{role}.jsonl" for role in ("train", "dev", "test")}
    (gold,) = opened(GENERATION, **roles)
    assert gold.facts["rows"] == {"train": 30, "pool": 0, "dev": 3, "test": 7}
    assert gold.facts["merged"] == {"dev": 6, "test": 14} and not gold.facts["dropped"]
    assert gold.dev[0].references == ("out 30", "out 31", "out 32")
    assert gold.dev[0].target == "out 30"
    told = "14 test rows have the input of an earlier row, which has their references."
    assert told in gold.facts["warnings"]
    opened(GENERATION, **roles, expect=gold.facts["fingerprints"])
