from __future__ import annotations

import random
import tracemalloc
from typing import Any

import orjson
import pytest

from tutelage.exceptions import DataError, UserError


def lines(texts: list[str]) -> bytes:
    return b"".join(orjson.dumps({"text": text}) + b"\n" for text in texts)


@pytest.fixture
def labelled(write: Any) -> dict[str, Any]:
    write("train.csv", "text,label\nx,a\ny,b\n")
    write("test.csv", "text,label\nHeld out,a\nalso held,b\n")
    return {"train": "train.csv", "test": "test.csv", "carve": {"dev": 0}}


def test_rows_of_dev_and_test_are_refused(write: Any, opened: Any, labelled: Any) -> None:
    write("more.jsonl", lines(["one", "held  OUT", "ALSO held", "two"]))
    (gold,) = opened(**labelled, unlabelled="more.jsonl")
    with pytest.raises(
        DataError, match=r"more\.jsonl: 2 of 4 unlabelled rows have .* such as the row 'u-"
    ):
        gold.sample_unlabelled(1, seed=0)
    with pytest.raises(DataError, match="2 of 4 unlabelled rows"):
        list(gold.unlabelled())


@pytest.mark.parametrize("allowed", [True, "drop"])
def test_rows_of_dev_and_test_are_left_out_and_counted(
    write: Any, opened: Any, labelled: Any, allowed: Any
) -> None:
    write("more.jsonl", lines(["one", "held  OUT", "", "two", "one"]))
    (gold,) = opened(**labelled, unlabelled="more.jsonl", allow_overlap=allowed)
    assert [row.fields["text"] for row in gold.unlabelled()] == ["one", "two", "one"]
    assert [row.label for row in gold.unlabelled()] == [None] * 3
    survey = gold.survey_unlabelled(10, seed=0)
    assert survey.facts == {"seen": 5, "held_out": 1, "empty": 1}
    assert sorted(row.fields["text"] for row in survey.rows) == ["one", "two"]
    assert survey.rows == gold.sample_unlabelled(10, seed=0)
    assert {row.origin.role for row in survey.rows} == {"unlabelled"}


def test_a_sample_ignores_order_and_grows_by_the_seed(
    write: Any, opened: Any, labelled: Any
) -> None:
    texts = [f"text {i}" for i in range(300)]
    write("a.jsonl", lines(texts))
    write("b.jsonl", lines(random.Random(0).sample(texts, 300) + texts[:50]))
    a, b = (opened(**labelled, unlabelled=f)[0] for f in ("a.jsonl", "b.jsonl"))
    small, large = (a.sample_unlabelled(n, seed=1) for n in (20, 50))
    assert len(small) == 20 and large[:20] == small
    assert small == b.sample_unlabelled(20, seed=1)
    assert small != a.sample_unlabelled(20, seed=2)
    limited = opened(**labelled, unlabelled="a.jsonl", limit=5)[0]
    assert limited.sample_unlabelled(20, seed=1) == small[:5]


def test_every_text_has_the_same_chance(write: Any, opened: Any, labelled: Any) -> None:
    write("a.jsonl", lines([f"text {i}" for i in range(20)]))
    (gold,) = opened(**labelled, unlabelled="a.jsonl")
    drawn = [row.fields["text"] for seed in range(200) for row in gold.sample_unlabelled(5, seed)]
    counts = [drawn.count(f"text {i}") for i in range(20)]
    # 200 draws of 1 in 4: mean 50, standard deviation 6.1
    assert sum(counts) == 1_000 and min(counts) > 25 and max(counts) < 75


def test_labels_of_unlabelled_rows_are_not_read(write: Any, opened: Any, labelled: Any) -> None:
    write("more.csv", "text,label\none,whatever\n")
    (gold,) = opened(**labelled, unlabelled="more.csv")
    assert [row.label for row in gold.unlabelled()] == [None]


def test_a_missing_column_is_told_before_anything_runs(
    write: Any, opened: Any, labelled: Any
) -> None:
    write("more.csv", "txt\none\n")
    with pytest.raises(DataError, match=r"more\.csv: There is no column 'text'"):
        opened(**labelled, unlabelled="more.csv")
    write("none.csv", "text\n")
    with pytest.raises(DataError, match="there are no rows"):
        opened(**labelled, unlabelled="none.csv")


def test_broken_lines_far_down_are_told_at_the_end(write: Any, opened: Any, labelled: Any) -> None:
    write("more.jsonl", lines(["one"] * 9) + b"{broken\n" + lines(["two"]))
    (gold,) = opened(**labelled, unlabelled="more.jsonl")
    with pytest.raises(DataError, match=r"more\.jsonl:10: Broken JSON"):
        gold.sample_unlabelled(5, seed=0)


def test_without_a_source_there_are_none(opened: Any, labelled: Any) -> None:
    (gold,) = opened(**labelled)
    assert list(gold.unlabelled()) == [] and gold.sample_unlabelled(5, seed=0) == ()


def test_memory_does_not_grow_with_the_source(write: Any, opened: Any, labelled: Any) -> None:
    write("more.jsonl", lines([f"{i} {'word ' * 40}" for i in range(2_000)]))  # 0.4 MB
    (gold,) = opened(**labelled, unlabelled="more.jsonl")
    gold.sample_unlabelled(10, seed=0)
    tracemalloc.start()
    gold.sample_unlabelled(10, seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def test_texts_may_have_columns_of_their_own(write: Any, opened: Any) -> None:
    write("train.csv", "body,stars\nx,a\ny,b\n")
    write("test.csv", "said,stars\nheld,a\n")
    write("texts.csv", "text\none\ntwo\n")
    gold: dict[str, Any] = {
        "train": "train.csv",
        "test": {"path": "test.csv", "columns": {"text": "said"}},
        "columns": {"text": "body", "label": "stars"},
        "carve": {"dev": 0},
    }
    own = {"path": "texts.csv", "columns": {"text": "text"}}
    (found,) = opened(**gold, unlabelled=own)
    assert [row.fields for row in found.unlabelled()] == [{"text": "one"}, {"text": "two"}]
    assert len(found.test) == 1
    with pytest.raises(DataError, match="no column 'body'") as caught:
        opened(**gold, unlabelled="texts.csv")
    assert "Did you mean 'text'" in caught.value.what
    # What is advised is what mends it.
    assert "gold.unlabelled: {path: texts.csv, columns: {text: text}}." in caught.value.do
    with pytest.raises(UserError, match=r"gold\.unlabelled\.columns maps 'txt'"):
        opened(**gold, unlabelled={"path": "texts.csv", "columns": {"txt": "text"}})


def test_columns_of_their_own_change_nothing_but_where_rows_are_read(
    write: Any, opened: Any
) -> None:
    write("a.csv", "text,label\nx,a\ny,b\n")
    write("b.csv", "said,stars\nx,a\ny,b\n")
    plain = {"carve": {"dev": 0, "test": 0}, "cross_fit": "off"}
    (one,) = opened(train="a.csv", **plain)
    (other,) = opened(
        train={"path": "b.csv", "columns": {"text": "said", "label": "stars"}}, **plain
    )
    assert one.fingerprint == other.fingerprint and one.train == other.train


def test_rationales_of_rows_with_columns_of_their_own_are_read_there(
    write: Any, opened: Any
) -> None:
    write("a.csv", "text,label,why\nx,a,one\ny,b,two\n")
    (gold,) = opened(
        train={"path": "a.csv", "columns": {"rationale": "why"}},
        carve={"dev": 0, "test": 0},
        cross_fit="off",
    )
    assert [row.rationale for row in gold.train] == ["one", "two"]
