from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import UserError
from tutelage.records import Brief, Example, Label, Task
from tutelage.synthesis.quotas import apportioned, in_turns, quota, wanted

TASK = Task("t", "classification", ("text",), (Label("a"), Label("b"), Label("c")))
BRIEF = Brief(TASK, "arm")


def test_equal_shares_and_those_of_gold() -> None:
    assert quota(TASK, BRIEF, 10) == {"a": 4, "b": 3, "c": 3}
    train = tuple(Example(str(i), {"text": "x"}, label) for i, label in enumerate("aaab"))
    brief = replace(BRIEF, train=train)
    assert quota(TASK, brief, 10, balance="gold") == {"a": 8, "b": 2, "c": 0}
    assert quota(Task("qa", "span_qa", ("context", "question")), BRIEF, 10) == {"": 10}
    with pytest.raises(UserError, match="gold train rows"):
        quota(TASK, BRIEF, 10, balance="gold")


@given(st.integers(0, 500), st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_parts_add_up(total: int, weights: list[float]) -> None:
    named = {str(i): weight for i, weight in enumerate(weights)}
    parts = apportioned(total, named)
    assert sum(parts.values()) == (total if sum(weights) > 0 else 0)
    for name, weight in named.items():
        if sum(weights) > 0:
            assert abs(parts[name] - total * weight / sum(weights)) < 1 + 1e-6


def test_later_waves_order_what_the_share_kept_so_far_tells() -> None:
    whole = {"a": 4, "b": 4}
    assert wanted(BRIEF, whole) == whole
    kept = tuple(Example(str(i), {"text": "x"}, "a") for i in range(4))
    later = replace(BRIEF, wave=1, placed=8, accepted=kept, lacking={"a": 0, "b": 4})
    assert wanted(later, whole) == {"a": 0, "b": 8}
    few = replace(later, accepted=kept[:1])
    assert wanted(few, whole) == {"a": 0, "b": 12}


def test_labels_take_turns_and_replies_hold_several_texts() -> None:
    assert in_turns({"a": 2, "b": 2}) == [("a", 1), ("b", 1), ("a", 1), ("b", 1)]
    assert in_turns({"": 5}, per_request=2) == [(None, 2), (None, 2), (None, 1)]
    assert in_turns({"a": 0}) == []
