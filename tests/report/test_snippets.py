from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tutelage.report.snippets import MOST, label, snippet


@given(st.text())
def test_nothing_invisible_or_reordering_is_left(text: str) -> None:
    shown = snippet(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in shown)
    assert not set(shown) & set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2069")


@given(st.text(alphabet=st.characters(categories=("L", "N", "P")), max_size=MOST))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert snippet(text) == text


def test_a_very_long_text_is_cut_and_says_so() -> None:
    shown = snippet("x" * 100_000)
    assert len(shown) < MOST + 50
    assert shown.endswith("(1,500 of 100,000 characters)")


def test_a_label_is_one_short_line() -> None:
    assert label("a\n\n b\tc") == "a b c"
    assert len(label("y" * 100, most=10)) == 10
