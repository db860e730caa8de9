"""Ids as text, stop strings, and phrases said again and again."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st

from tutelage.neural.spelling import Spelling, cut_at, is_loop
from tutelage.neural.tokenization import train_byte_tokenizer, train_tokenizer

pytestmark = pytest.mark.train

TEXTS = ["Text: a dog runs.\nAnswer: good", "one two 12 red"]


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling(train_byte_tokenizer(TEXTS, vocab_size=300))


def test_pieces_keep_their_leading_space(spelling: Spelling) -> None:
    ids = spelling.tokenizer("a dog runs", add_special_tokens=False)["input_ids"]
    assert "".join(spelling.word(i) for i in ids) == spelling.text(ids) == "a dog runs"
    paired = Spelling(train_tokenizer(TEXTS, vocab_size=300))
    ids = paired.tokenizer("a dog runs", add_special_tokens=False)["input_ids"]
    assert "".join(paired.word(i) for i in ids) == " a dog runs"
    assert paired.text(ids) == "a dog runs"


def test_pieces_that_read_alike_count_by_the_best(spelling: Spelling) -> None:
    first, second = spelling.tokenizer("é", add_special_tokens=False)["input_ids"][:2]
    assert spelling.words([(first, -1.0), (second, -2.0)]) == {"\ufffd": -1.0}


def test_stop_string_may_begin_and_end_inside_pieces(spelling: Spelling) -> None:
    ids = spelling.tokenizer("Text: a dog runs.\nAnswer: good", add_special_tokens=False)
    row = ids["input_ids"]
    assert spelling.has_stop(row, [".\nAns", "zz"])
    assert not spelling.has_stop(row, ["cat"])
    first = next(n for n in range(1, len(row)) if spelling.has_stop(row[:n], ["ns."]))
    assert spelling.text(row[:first]).endswith("ns.")
    kept = spelling.spanning(row, "Text: a dog ru")
    assert spelling.text(kept).startswith("Text: a dog ru")
    assert not spelling.text(kept[:-1]).startswith("Text: a dog ru")
    for count in range(len(row) + 1):
        assert spelling.spanning(row, spelling.text(row[:count])) == row[:count]


def test_text_is_cut_at_the_first_of_the_stop_strings() -> None:
    assert cut_at("a b c", ["c", "b"]) == "a "
    assert cut_at("a b c", ["x", ""]) == "a b c"
    assert cut_at("a b c", []) == "a b c"


@pytest.mark.parametrize(
    ("period", "count", "loops"),
    [(1, 24, True), (1, 23, False), (5, 25, True), (5, 24, True), (5, 23, False),
     (16, 64, True), (16, 63, False), (17, 68, False)],
)  # fmt: skip
def test_loop_is_a_short_phrase_four_times_over_24_pieces(
    period: int, count: int, loops: bool
) -> None:
    ids = [100 + i % period for i in range(count)]
    assert is_loop([7, 8, *ids]) is loops
    assert not is_loop([*ids, 7])


@given(st.lists(st.integers(0, 3), max_size=80))
def test_loop_is_told_as_its_definition_says(ids: list[int]) -> None:
    def repeats(period: int) -> bool:
        span = max(24, 4 * period)
        last = ids[len(ids) - span :]
        return len(ids) >= span and all(last[i] == last[i - period] for i in range(period, span))

    assert is_loop(ids) == any(repeats(period) for period in range(1, 17))
