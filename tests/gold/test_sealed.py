from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from tutelage.exceptions import SealedTestError
from tutelage.gold.fingerprints import split_fingerprint
from tutelage.gold.sealed import SealedIndex, SealedTest
from tutelage.records import Example

LONG = "the quick brown fox jumps over the lazy dog and runs away"  # 12 words: 5 runs of 8
ROWS = [
    Example("1", {"premise": LONG, "hypothesis": "A fox runs."}, label="a"),
    Example("2", {"premise": "Something else stands here.", "hypothesis": "No."}, label="b"),
]


def test_a_sealed_test_opens_once_it_is_released_and_is_heard() -> None:
    test, heard = SealedTest(ROWS), list[str]()
    with pytest.raises(SealedTestError, match="still sealed"):
        test.open("final scores", heard.append)
    assert heard == []
    test.release()
    with pytest.raises(SealedTestError, match="without a reason"):
        test.open(" ", heard.append)
    assert test.open("final scores", heard.append) == tuple(ROWS)
    assert heard == [f"{split_fingerprint(ROWS)} final scores"]


def test_nothing_is_handed_out_where_the_opening_cannot_be_recorded() -> None:
    def full(line: str) -> None:
        raise OSError("disk full")

    test = SealedTest(ROWS)
    test.release()
    with pytest.raises(OSError, match="disk full"):
        test.open("final scores", full)


def test_a_sealed_test_shows_no_row() -> None:
    test = SealedTest(ROWS)
    assert repr(test) == str(test) == f"SealedTest(2 rows, {test.fingerprint})"
    assert len(test) == 2 and not hasattr(test, "__dict__")
    for deed in (pickle.dumps, copy.copy, copy.deepcopy, list, iter):
        with pytest.raises(SealedTestError, match="cannot be"):
            deed(test)
    with pytest.raises(TypeError):
        test[0]  # type: ignore[index]


def test_held_out_rows_are_recognised_by_text_and_field() -> None:
    sealed = SealedIndex(ROWS)
    same = Example("x", {"premise": LONG.upper() + "\n", "hypothesis": "a  fox runs."}, label="b")
    assert sealed.has_text(same)
    assert not sealed.has_text(Example("x", {"premise": LONG, "hypothesis": "No."}))
    assert sealed.has_field("premise", LONG.title()) and not sealed.has_field("hypothesis", LONG)
    assert len(sealed) == 2 and repr(sealed) == "SealedIndex(2 rows)"
    assert not any(word in str(vars(sealed)) for word in ("quick", "fox", "Something"))
    assert pickle.loads(pickle.dumps(sealed)).has_text(same)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (LONG, 1.0),
        (LONG.upper().replace(" ", ", "), 1.0),
        ("the quick brown fox jumps over the lazy cat", 0.5),  # 1 of 2 runs
        ("x " + LONG, 5 / 6),
        (LONG + " " + LONG, 5 / 12),  # 17 runs, of which 5 occur twice
        ("a fox runs", 1.0),
        ("fox runs", 0.0),
        ("nothing of the kind has ever been said here", 0.0),
        ("", 0.0),
        ("...", 0.0),
    ],
)
def test_overlap_is_the_share_of_runs_that_one_row_holds(text: str, share: float) -> None:
    assert SealedIndex(ROWS).overlap(text) == pytest.approx(share)


def test_overlap_does_not_add_rows_up() -> None:
    halves = [Example("1", {"text": LONG[:44]}), Example("2", {"text": LONG[4:]})]
    shares = [SealedIndex([half]).overlap(LONG) for half in halves]
    assert SealedIndex(halves).overlap(LONG) == max(shares) < 1


def test_scripts_without_spaces_have_runs_as_well() -> None:
    sealed = SealedIndex([Example("1", {"text": "机器学习模型需要大量数据"})])
    assert 0 < sealed.overlap("机器学习模型需要少量数据") < 1


def test_an_empty_index_knows_nothing() -> None:
    sealed = SealedIndex([])
    assert sealed.overlap(LONG) == 0.0 and not sealed.has_text(ROWS[0])


def fingerprint(**change: Any) -> str:
    row = {"id": "1", "fields": {"text": "x"}, "label": "a"} | change
    return split_fingerprint([Example(**row), ROWS[1]])


def test_a_split_fingerprint_covers_ids_texts_and_answers_only() -> None:
    base = fingerprint()
    assert base == "split1-46043d074193157e24033b8828ec4827"
    for change in (
        {"id": "2"},
        {"fields": {"text": "y"}},
        {"label": "b"},
        {"label": None, "labels": ("a",)},
    ):
        assert fingerprint(**change) != base, change
    for change in (
        {"rationale": "why"},
        {"tags": {"a": "b"}},
        {"weight": 2.0},
        {"fields": {"text": " x\n"}},
    ):
        assert fingerprint(**change) == base, change
    assert split_fingerprint(ROWS) == split_fingerprint(ROWS[::-1])
    assert split_fingerprint(ROWS) != split_fingerprint(ROWS[:1])
    assert split_fingerprint(ROWS[:1] * 2) != split_fingerprint(ROWS[:1])
