"""What is told of gold rows."""

from __future__ import annotations

from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.gold.gold_facts import absent_labels


def fold(**roles: dict[str, int]) -> dict[str, Any]:
    return {"labels": roles}


def test_absent_labels_are_one_warning_for_all_roles_and_folds() -> None:
    whole, without_b = {"a": 1, "b": 1}, {"a": 1, "b": 0}
    assert absent_labels([fold(train=whole, dev=whole)] * 2) == []
    assert absent_labels([fold(train=whole, dev=without_b, test=without_b)]) == [
        "dev has no row of b; test has no row of b."
    ]
    both = [fold(train=whole, dev=without_b), fold(train=whole, dev={"a": 0, "b": 1})]
    assert absent_labels(both) == ["dev has no row of b, a in some folds."]
    assert absent_labels([fold(dev=without_b)] * 2) == ["dev has no row of b."]
    many = {f"l{i}": 0 for i in range(9)}
    assert absent_labels([fold(dev=many)]) == ["dev has no row of l0, l1, l2, l3, l4 and 4 more."]


def test_the_first_fold_tells_it_for_all(write: Any, opened: Any) -> None:
    lines = [f"text {i},{'ab'[i % 2] if i else 'rare'}" for i in range(60)]
    write("train.csv", "\n".join(["text,label", *lines]))
    folds = opened(train="train.csv")
    told = [[text for text in gold.facts["warnings"] if "no row" in text] for gold in folds]
    assert [len(texts) for texts in told] == [1, 0, 0, 0, 0]
    assert "rare in some folds" in told[0][0]


def test_texts_mapped_as_labels_are_refused(write: Any, opened: Any) -> None:
    lines = [f"a text of its own {i},{'ab'[i % 2]}" for i in range(30)]
    write("train.csv", "\n".join(["text,label", *lines]))
    with pytest.raises(UserError, match="Is 'text' the label's column"):
        opened(train="train.csv", columns={"label": "text"})
    assert opened(train="train.csv")
    listed = {"labels": {f"a text of its own {i}": {} for i in range(30)}}
    assert opened(task=listed, train="train.csv", columns={"label": "text"}), "the user says so"
