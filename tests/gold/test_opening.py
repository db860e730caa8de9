from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import DataError, UserError
from tutelage.gold.opening import load_gold, load_rows
from tutelage.recipe import GoldSpec, SourceSpec, TaskSpec
from tutelage.records import Example


def csv_of(texts: range | list[str], labels: str = "ab") -> str:
    lines = [f"text number {t},{labels[i % len(labels)]}" for i, t in enumerate(texts)]
    return "text,label\n" + "\n".join(lines) + "\n"


def opened_test(gold: Any) -> tuple[Example, ...]:
    gold.test.release()
    rows: tuple[Example, ...] = gold.test.open("a test", lambda line: None)
    return rows


def test_given_roles_are_read_as_they_are(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(20)))
    write("dev.csv", csv_of(range(20, 26)))
    write("test.csv", csv_of(range(26, 30)))
    (gold,) = opened(train="train.csv", dev="dev.csv", test="test.csv")
    assert (len(gold.train), len(gold.dev), len(gold.test), gold.pool) == (20, 6, 4, ())
    assert gold.task.label_names == ("a", "b")
    assert gold.train[1].fields == {"text": "text number 1"} and gold.train[1].label == "b"
    assert {row.origin.role for row in gold.train} == {"train"}
    assert {row.origin.role for row in opened_test(gold)} == {"test"}
    assert gold.facts["made"] == {"train": "given", "dev": "given", "test": "given"}
    assert gold.facts["labels"]["test"] == {"a": 2, "b": 2}
    json.dumps(gold.facts)


def test_train_rows_that_are_the_pool_too_are_not_told_as_left_out(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(20)))
    write("dev.csv", csv_of(range(20, 26)))
    write("test.csv", csv_of(range(26, 30)))
    (gold,) = opened(train="train.csv", dev="dev.csv", test="test.csv", pool="train")
    assert len(gold.pool) == 20
    assert not gold.facts["dropped"] and not gold.facts["warnings"]


def test_below_a_thousand_rows_each_is_test_once_in_five_folds(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(200)))
    golds = opened(train="train.csv")
    assert [gold.fold for gold in golds] == [0, 1, 2, 3, 4]
    tests = [row.id for gold in golds for row in opened_test(gold)]
    assert len(tests) == len(set(tests)) == 200
    for gold in golds:
        parts = [{row.id for row in rows} for rows in (gold.train, gold.dev, opened_test(gold))]
        assert len(set.union(*parts)) == sum(map(len, parts)) == 200
        assert len(gold.test) == 40 and 8 <= len(gold.dev) <= 34
    assert golds[0].facts["made"]["test"] == "each row once, in 5 folds"
    assert len({frozenset(row.id for row in gold.dev) for gold in golds}) == 5


def test_from_a_thousand_rows_on_one_test_is_carved(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(1_000)))
    (gold,) = opened(train="train.csv", carve={"pool": 0.1})
    assert gold.facts["made"] == {
        "train": "given",
        "pool": "carved",
        "dev": "carved",
        "test": "carved",
    }
    assert abs(len(gold.test) - 200) < 50 and abs(len(gold.dev) - 100) < 40
    assert abs(len(gold.pool) - 100) < 40
    assert sum(gold.facts["rows"].values()) == 1_000


def test_cross_fitting_can_be_asked_for_and_turned_off(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(60)))
    assert len(opened(train="train.csv", cross_fit=3)) == 3
    assert len(opened(train="train.csv", cross_fit="off")) == 1
    (gold,) = opened(train="train.csv", carve={"test": 0})
    assert not gold.test and "There are no test rows." in gold.facts["warnings"]
    with pytest.raises(UserError, match=r"asks for 3 folds, but gold\.test is given"):
        opened(train="train.csv", test="train.csv", cross_fit=3)
    with pytest.raises(UserError, match=r"takes 0\.8 for test, 0\.1 for dev and 0\.1 for pool"):
        opened(train="train.csv", carve={"test": 0.8, "pool": 0.1})


def test_reordered_files_give_the_same_roles(write: Any, opened: Any) -> None:
    lines = csv_of(range(100)).splitlines()
    write("a.csv", "\n".join(lines))
    write("b.csv", "\n".join([lines[0], *lines[:0:-1]]))
    for one, other in zip(opened(train="a.csv"), opened(train="b.csv"), strict=True):
        assert one.facts["fingerprints"] == other.facts["fingerprints"]
        assert one.fingerprint == other.fingerprint


def test_few_draws_by_the_gold_seed_and_leaves_the_test_alone(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(1_200)))
    golds = [opened(train="train.csv", few=10, seed=seed)[0] for seed in (0, 1)]
    assert [gold.facts["labels"]["train"] for gold in golds] == [{"a": 5, "b": 5}] * 2
    assert golds[0].test.fingerprint == golds[1].test.fingerprint
    assert golds[0].train != golds[1].train


def test_limit_cuts_every_role_but_not_what_is_sealed(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(100)))
    write("test.csv", csv_of(range(100, 150)))
    (gold,) = opened(train="train.csv", test="test.csv", limit=8)
    assert (len(gold.train), len(gold.test)) == (8, 8)
    assert all(
        gold.sealed.has_text(Example("x", {"text": f"text number {i}"})) for i in range(100, 150)
    )


def test_dev_equal_to_test_is_refused(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(10)))
    write("dev.csv", csv_of(range(20, 30)))
    with pytest.raises(DataError, match="dev and test are the same 10 rows") as caught:
        opened(train="train.csv", dev="dev.csv", test="dev.csv")
    assert "allow_overlap" in caught.value.do
    (gold,) = opened(train="train.csv", dev="dev.csv", test="dev.csv", allow_overlap=True)
    assert "dev and test are the same 10 rows (by text)." in gold.facts["warnings"]


def test_train_rows_in_test_are_refused_with_their_count(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(10)))
    write("test.csv", csv_of(range(8, 12)))
    with pytest.raises(DataError, match="2 of 4 test rows have a text that is also in train"):
        opened(train="train.csv", test="test.csv")


def test_a_shared_premise_is_a_warning(write: Any, opened: Any) -> None:
    head = "premise,hypothesis,label\n"
    write("train.csv", head + "p1,h1,entailment\np2,h2,neutral\n")
    write("test.csv", head + "P1,h3,contradiction\np3,h4,neutral\n")
    (gold,) = opened({"kind": "nli"}, train="train.csv", test="test.csv", carve={"dev": 0})
    assert any("1 of 2 test rows have a premise" in told for told in gold.facts["warnings"])
    assert gold.task.label("neutral").said == "Neutral"


def test_a_swap_is_found_by_recorded_fingerprints_and_by_reference(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(10)))
    write("dev.csv", csv_of(range(20, 30)))
    write("test.csv", csv_of(range(30, 40)))
    roles = {"train": "train.csv", "dev": "dev.csv", "test": "test.csv"}
    prints = opened(**roles)[0].facts["fingerprints"]
    opened(**roles, expect=prints)
    opened(**roles, expect={"dev": "dev.csv", "test": "test.csv"})
    swap = roles | {"dev": "test.csv", "test": "dev.csv"}
    for expect in (prints, {"dev": "dev.csv", "test": "test.csv"}):
        with pytest.raises(DataError, match=r"dev was given .*(of|as) test") as caught:
            opened(**swap, expect=expect)
        assert "test was given" in caught.value.what or "recorded as dev" in caught.value.what
    write("test.csv", csv_of(range(31, 41)))
    with pytest.raises(DataError, match="1 of 10 test rows are not in its reference"):
        write("reference.csv", csv_of(range(30, 40)))
        opened(**roles, expect={"test": "reference.csv"})


def test_faults_of_all_roles_are_told_at_once(write: Any, opened: Any) -> None:
    write("train.csv", "text,label\nx,a\n,b\ny,b\n")
    write("dev.csv", "text,label\nz,c\n")
    with pytest.raises(DataError) as caught:
        opened(train="train.csv", dev="dev.csv", test="gone.csv")
    told = str(caught.value)
    assert "train.csv:3: The text 'text' is empty." in told
    assert "dev.csv:2: Unknown label 'c'." in told
    assert "There is no file gone.csv." in told


def test_neither_train_nor_test(opened: Any) -> None:
    with pytest.raises(UserError, match=r"neither gold.train nor gold.test"):
        opened()


def test_without_train_labels_must_be_listed(write: Any, opened: Any) -> None:
    write("test.csv", csv_of(range(4)))
    with pytest.raises(UserError, match="lists no labels"):
        opened(test="test.csv")
    (gold,) = opened({"labels": {"a": {}, "b": {}}}, test="test.csv")
    assert gold.train == () and len(gold.test) == 4


def test_gold_cannot_be_pickled_with_its_test(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(20)))
    gold = opened(train="train.csv")[0]
    with pytest.raises(Exception, match="cannot be copied or pickled"):
        pickle.dumps(gold)
    held_out = [
        text
        for text in (f"text number {i}" for i in range(20))
        if gold.sealed.has_text(Example("x", {"text": text}))
    ]
    dev = {row.fields["text"] for row in gold.dev}
    assert not any(repr(text)[1:-1] + "'" in repr(gold) for text in held_out if text not in dev)


def test_rows_of_an_arm_are_read_by_the_same_columns(write: Any, tmp_path: Path) -> None:
    write("theirs.jsonl", '{"sentence": "hi", "label": "a", "rationale": "because"}\n')
    write("train.csv", "sentence,label,uid\nx,a,1\ny,b,2\n")
    spec = GoldSpec(train=SourceSpec(path="train.csv"), columns={"text": "sentence", "id": "uid"})
    (gold, *_) = load_gold(spec, TaskSpec(), folder=tmp_path)
    (row,) = load_rows(SourceSpec(path="theirs.jsonl"), spec, gold.task, folder=tmp_path)
    assert (row.fields["text"], row.label, row.rationale) == ("hi", "a", "because")
    assert row.origin.role == ""
    silent = spec.model_copy(update={"columns": {**spec.columns, "rationale": None}})
    (again,) = load_rows(SourceSpec(path="theirs.jsonl"), silent, gold.task, folder=tmp_path)
    assert again.rationale == "because", "null is about gold's own rows"


def test_a_world_writes_gold(opened: Any) -> None:
    world = {"world": "composition", "rows": 40}
    (gold,) = opened(train=world, test=world, dev=world)
    assert (len(gold.train), len(gold.test)) == (40, 40)
    with pytest.raises(DataError, match="does not say how many rows"):
        opened(train={"world": "composition"})


def test_labels_of_all_kinds_stay_text(write: Callable[[str, str], Path], opened: Any) -> None:
    write(
        "train.jsonl",
        '{"text":"x","label":1}\n{"text":"y","label":true}\n{"text":"z","label":"01"}\n{"text":"w","label":"no"}\n',
    )
    gold = opened(train="train.jsonl", cross_fit="off", carve={"test": 0, "dev": 0})[0]
    assert gold.task.label_names == ("01", "1", "no", "true")


def test_a_handful_of_rows_makes_as_many_folds(write: Any, opened: Any) -> None:
    write("train.csv", csv_of(range(3)))
    assert [len(gold.test) for gold in opened(train="train.csv")] == [1, 1, 1]


def test_half_a_surrogate_pair_and_empty_objects_are_told(write: Any, opened: Any) -> None:
    write("train.jsonl", '{"text":"a\\ud800","label":"a"}\n')
    with pytest.raises(DataError, match=r"train\.jsonl:1: Broken JSON"):
        opened({"labels": {"a": {}, "b": {}}}, train="train.jsonl")
    write("train.jsonl", "{}\n")
    with pytest.raises(DataError, match="no column 'text'"):
        opened({"labels": {"a": {}, "b": {}}}, train="train.jsonl")
    write("train.jsonl", "[" * 100_000)
    with pytest.raises(DataError, match="Broken JSON"):
        opened({"labels": {"a": {}, "b": {}}}, train="train.jsonl")


def test_rows_of_an_arm_may_have_columns_of_their_own(write: Any, tmp_path: Path) -> None:
    write("theirs.csv", "said,label\nhi,a\n")
    write("train.csv", "sentence,label\nx,a\ny,b\n")
    spec = GoldSpec(train=SourceSpec(path="train.csv"), columns={"text": "sentence"})
    (gold, *_) = load_gold(spec, TaskSpec(), folder=tmp_path)
    source = SourceSpec(path="theirs.csv", columns={"text": "said"})
    (row,) = load_rows(source, spec, gold.task, folder=tmp_path)
    assert row.fields == {"text": "hi"}
    with pytest.raises(DataError) as caught:
        load_rows(SourceSpec(path="theirs.csv"), spec, gold.task, folder=tmp_path)
    assert "rows: {path: theirs.csv, columns: {text: COLUMN}}" in caught.value.do
