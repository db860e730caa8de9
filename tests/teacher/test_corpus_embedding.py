"""Nearness by MiniLM: by what texts mean, where their words have nothing in common."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tutelage.teacher.corpus_index import CorpusIndex
from tutelage.teacher.corpus_rows import CorpusRow

pytestmark = pytest.mark.train


@pytest.mark.usefixtures("minilm")
def test_meaning_counts_and_not_the_words() -> None:
    rows = [CorpusRow({"text": text}) for text in ("A puppy barked.", "Taxes went up.")]
    index = CorpusIndex(rows, ("text",), "minilm")
    dog, money = index.nearness_to(["The dog made noise."])
    assert dog > money + 0.2
    assert index.nearness_to_rows([0])[0] == pytest.approx(1, abs=1e-6)
