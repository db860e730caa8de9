from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tutelage.exceptions import DataError, UserError
from tutelage.gold.splits import draw_share
from tutelage.recipe import GoldSpec
from tutelage.records import Example

SHARES = st.floats(0.001, 1)


def labelled(sizes: dict[str, int]) -> list[Example]:
    return [
        Example(f"{label}{i}", {"text": f"{label} number {i}"}, label=label)
        for label, size in sizes.items()
        for i in range(size)
    ]


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 40), min_size=1), SHARES, SHARES)
def test_a_larger_share_holds_the_smaller_one(
    sizes: dict[str, int], one: float, other: float
) -> None:
    rows = labelled(sizes)
    small, large = sorted((one, other))
    drawn = [draw_share(rows, share, seed=3) for share in (small, large)]
    assert {row.id for row in drawn[0]} <= {row.id for row in drawn[1]}
    assert [len(found) for found in drawn] == [
        max(1, int(share * len(rows) + 0.5)) for share in (small, large)
    ]


def test_a_share_is_even_over_the_labels() -> None:
    rows = labelled({"a": 300, "b": 150, "c": 50, "d": 2})
    found = Counter(row.label for row in draw_share(rows, 0.1, seed=0))
    # 50 rows: the exact quotas are 29.9, 14.9, 5.0 and 0.2, and no label goes without.
    assert found == {"a": 29, "b": 15, "c": 5, "d": 1}
    assert {row.label for row in draw_share(rows, 4 / 502, seed=0)} == set("abcd")


def test_a_share_ignores_the_order_of_the_rows_and_follows_the_seed() -> None:
    rows = labelled({"a": 60, "b": 40})
    drawn = {row.id for row in draw_share(rows, 0.2, seed=0)}
    assert drawn == {row.id for row in draw_share(rows[::-1], 0.2, seed=0)}
    assert drawn != {row.id for row in draw_share(rows, 0.2, seed=1)}


@pytest.fixture
def two_hundred(write: Any) -> dict[str, Any]:
    lines = [f"train text {i},{'ab'[i % 2]},n{i},kind{i % 3}" for i in range(200)]
    write("train.csv", "text,label,id,kind\n" + "\n".join(lines) + "\n")
    write("test.csv", "text,label,id,kind\nheld out,a,t1,k\nalso held,b,t2,k\n")
    return {"train": "train.csv", "test": "test.csv", "carve": {"dev": 0}, "tags": ["kind"]}


def test_the_rest_is_what_the_share_leaves_without_its_labels(
    opened: Any, two_hundred: Any
) -> None:
    (gold,) = opened(**two_hundred, fraction=0.05, unlabelled="rest")
    assert len(gold.train) == 10 and len(gold.whole) == 200
    rest = list(gold.unlabelled())
    assert len(rest) == 190
    assert {row.id for row in rest} | {row.id for row in gold.train} == {
        row.id for row in gold.whole
    }
    for row in rest:
        assert (row.label, row.target, row.references, row.rationale, row.scores) == (
            None, None, (), None, None,
        )  # fmt: skip
        assert row.origin.role == "unlabelled" and row.tags["kind"].startswith("kind")
    assert len(gold.sample_unlabelled(50, seed=1)) == 50
    assert gold.survey_unlabelled(500, seed=1).facts == {"seen": 190, "held_out": 0, "empty": 0}


def test_the_rest_of_few_keeps_no_text_of_a_kept_row(write: Any, opened: Any) -> None:
    write("train.csv", "text,label\n" + "same,a\n" * 4 + "other,b\nthird,b\n")
    write("test.csv", "text,label\nx,a\ny,b\n")
    (gold,) = opened(train="train.csv", test="test.csv", carve={"dev": 0}, few=3, unlabelled="rest")
    kept = {row.fields["text"] for row in gold.train}
    assert kept == {"same", "other"} or kept == {"same", "third"}
    (left,) = gold.unlabelled()
    assert {left.fields["text"]} == {"other", "third"} - kept


def test_whole_is_train_where_nothing_is_left_out(opened: Any, two_hundred: Any) -> None:
    (gold,) = opened(**two_hundred)
    assert gold.whole == gold.train and len(gold.whole) == 200
    (gold,) = opened(**two_hundred, fraction=0.5, limit=20)
    assert (len(gold.train), len(gold.whole)) == (20, 20)


def test_each_fold_has_its_own_rest(write: Any, opened: Any) -> None:
    lines = [f"train text {i},{'ab'[i % 2]}" for i in range(100)]
    write("train.csv", "text,label\n" + "\n".join(lines) + "\n")
    for gold in opened(train="train.csv", fraction=0.25, unlabelled="rest", carve={"dev": 0.2}):
        rest = list(gold.unlabelled())
        assert len(gold.train) + len(rest) == len(gold.whole)
        assert not any(gold.sealed.has_text(row) for row in rest)


def test_gold_smaller_than_the_number_of_labels_is_refused(opened: Any, two_hundred: Any) -> None:
    with pytest.raises(UserError, match="smaller than the number of labels") as caught:
        opened(**two_hundred, fraction=0.004)
    assert "gold.fraction 0.004 of 200 train rows leaves 1" in caught.value.what
    assert caught.value.do == "Set gold.fraction to 0.01 or more."
    with pytest.raises(UserError, match=r"gold\.few 1 of 200 train rows leaves 1") as caught:
        opened(**two_hundred, few=1)
    assert caught.value.do == "Set gold.few to 2 or more."


def test_a_share_of_all_leaves_no_rest(opened: Any, two_hundred: Any) -> None:
    with pytest.raises(UserError, match="no row is left over"):
        opened(**two_hundred, fraction=1.0, unlabelled="rest")


@pytest.mark.parametrize(
    ("gold", "what"),
    [
        ({"few": 3, "fraction": 0.1}, "both few and fraction"),
        ({"unlabelled": "rest"}, "set few or fraction"),
    ],
)
def test_what_cannot_stand_together(gold: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        GoldSpec(train={"path": "train.csv"}, **gold)


def test_rows_that_learn_from_the_test_are_dropped(write: Any, opened: Any) -> None:
    write("train.csv", "text,label\none,a\nHeld  out,a\ntwo,b\nin dev,b\n")
    write("dev.csv", "text,label\nin dev,b\nheld out,a\nthird,a\n")
    write("test.csv", "text,label\nheld out,a\nlast,b\n")
    roles = {"train": "train.csv", "dev": "dev.csv", "test": "test.csv"}
    with pytest.raises(DataError, match="Gold roles overlap") as caught:
        opened(**roles)
    assert "allow_overlap: drop" in caught.value.do
    (gold,) = opened(**roles, allow_overlap="drop")
    assert [row.fields["text"] for row in gold.train] == ["one", "two"]
    assert [row.fields["text"] for row in gold.dev] == ["in dev", "third"]
    assert len(gold.test) == 2
    assert gold.facts["dropped"] == {"train": 2, "dev": 1}
    told = gold.facts["warnings"]
    assert not gold.facts["overlaps"] and not any("that is also in" in one for one in told)
    assert "2 train rows were left out: their text is also in dev or test." in told
    assert "1 dev rows were left out: their text is also in test." in told
    opened(**roles, allow_overlap="drop", expect=gold.facts["fingerprints"])
