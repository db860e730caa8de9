"""Nearness of corpus texts, worked by hand where words alone decide."""

from __future__ import annotations

import pytest

from tutelage.teacher.corpus_index import CorpusIndex
from tutelage.teacher.corpus_rows import CorpusRow

ROWS = [CorpusRow({"a": text, "b": "same"}) for text in ("red car", "red van", "blue sky")]


def test_equal_words_are_nearest_and_other_words_far() -> None:
    near = CorpusIndex(ROWS, ("a",), "tfidf").nearness_to(["red car"])
    assert near[0] == pytest.approx(1) and 0 < near[1] < 1 and near[2] == 0


def test_the_mean_of_rows_lies_between_them() -> None:
    index = CorpusIndex(ROWS, ("a",), "tfidf")
    near = index.nearness_to_rows([0, 2])
    assert near[0] == near[2] == pytest.approx(0.5**0.5) and near[1] < near[0]
    assert list(near) == list(index.nearness_to(["red car", "blue sky"]))


def test_a_text_of_unknown_words_is_near_nothing() -> None:
    assert list(CorpusIndex(ROWS, ("a",), "tfidf").nearness_to(["green"])) == [0, 0, 0]


def test_places_of_equal_texts() -> None:
    index = CorpusIndex([*ROWS, ROWS[0]], ("a", "b"), "tfidf")
    assert index.places_of("red  car\nsame") == [0, 3] and index.places_of("red car") == []
