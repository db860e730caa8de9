from __future__ import annotations

import pytest

from tutelage.records import Completion, Example, Order, Refusal
from tutelage.synthesis.published_texts import PublishedReading, quotation, unlike_its_source


@pytest.mark.parametrize(
    ("text", "finish", "found"),
    [
        ('Heat" and more', "stop", "Heat"),
        ('"Heat"', "stop", "Heat"),
        ("Heat\nMovie: Alien", "length", "Heat"),
        ("Heat", "stop", "Heat"),
        ("One. Two. Thr", "length", "One. Two."),
        ('One.\nTwo" three', "length", "One.\nTwo"),
        ("Thr", "length", ""),
        ('"', "stop", ""),
    ],
)
def test_where_a_quotation_ends(text: str, finish: str, found: str) -> None:
    assert quotation(Completion(text, finish)) == (
        found,
        "" if found else "the quotation has no end",
    )


def test_least_words_and_the_question_mark() -> None:
    ten = "one two three four five six seven eight nine ten"
    assert PublishedReading().read(Completion(ten)) == (ten, "")
    assert PublishedReading().read(Completion(ten[4:]))[1] == "it has 9 words, fewer than 10"
    asks = PublishedReading(least_words=5, question=True)
    assert asks.read(Completion("Who was the first king?")) == ("Who was the first king?", "")
    assert asks.read(Completion("He was the first king."))[1] == "it has no question mark"


def test_a_text_is_not_what_it_was_written_for() -> None:
    source = Example("c", {"premise": "A dog runs.", "hypothesis": "It moves."})
    row = Example("n", {"premise": "A dog runs.", "hypothesis": "a dog runs"})
    order = Order(0, "texts", source=source)
    assert isinstance(unlike_its_source(order, row), Refusal)
    other = Example("n", {"premise": "A dog runs.", "hypothesis": "It moves."})
    assert unlike_its_source(order, other) == other
