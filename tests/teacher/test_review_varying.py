"""A variation says the like in the same sentences, with other words."""

from __future__ import annotations

import pytest

from tutelage.teacher.worlds import write_gold
from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_reading import KINDS, THING, VOCABULARY
from tutelage.teacher.worlds.review_varying import vary


def kinds(text: str) -> list[str]:
    found = [KINDS[match[0].lower()] for match in VOCABULARY.finditer(text)]
    return [kind for kind in found if kind != "detail"]


def words(text: str) -> list[str]:
    return [match[0].lower() for match in VOCABULARY.finditer(text)]


def test_the_sentences_stay_and_every_word_changes_within_its_kind() -> None:
    text = "My fears about the B7 kettle proved unfounded. What a relief it was."
    for number in range(50):
        varied = vary(text, Lots("vary", number))
        assert varied.startswith("My ") and THING.search(varied)
        assert kinds(varied) == ["fear+", "belied+", "otherwise+"]
        assert not {"fears", "proved unfounded", "what a relief it was"} & set(words(varied))


def test_kinds_of_words_stay_in_all_gold_rows() -> None:
    for number, row in enumerate(write_gold("reviews", "pool", 320, 0)):
        varied = vary(row["text"], Lots("vary", number))
        assert kinds(varied) == kinds(row["text"])
        assert varied != row["text"]


def test_an_aspect_stands_for_the_same_aspect_throughout() -> None:
    text = "The lid of the B7 kettle is superb. Once more: the lid is tight, the cord is frayed."
    for number in range(20):
        varied = vary(text, Lots("vary", number))
        first, again, other = [w for w in words(varied) if KINDS[w] == "aspect"]
        assert first == again != other


def test_a_sentence_that_tells_nothing_comes_and_goes() -> None:
    text = "Not once did the B7 kettle bore me. I bought it in May."
    found = [vary(text, Lots("vary", n)).count(" in ") for n in range(200)]
    assert set(found) == {0, 1} and 25 < sum(found) < 80


@pytest.mark.parametrize(
    "text",
    [
        "The B7 kettle is what it is.",
        "My fears proved unfounded.",
        "I took the lid of the B7 kettle.",
    ],
)
def test_what_is_not_understood_is_not_varied(text: str) -> None:
    assert vary(text, Lots("vary", 0)) == ""
