from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.curation.shingling import ShingleIndex, jaccard, shingle_hashes
from tutelage.records import Example


def test_shingles_are_runs_of_words_case_and_punctuation_aside() -> None:
    assert len(shingle_hashes("One two three four", 3)) == 2
    assert len(shingle_hashes("one one one one", 3)) == 1
    assert len(shingle_hashes("One, two!", 3)) == 1
    assert len(shingle_hashes("...", 3)) == 0
    assert np.array_equal(shingle_hashes("A b, c", 3), shingle_hashes("a B c!", 3))


def test_jaccard_by_hand() -> None:
    one, other = shingle_hashes("a b c d", 1), shingle_hashes("c d e f", 1)
    assert jaccard(one, other) == 2 / 6
    assert jaccard(one[:0], other[:0]) == 1
    assert jaccard(one, other[:0]) == 0


def rows(texts: list[str]) -> list[Example]:
    return [Example(str(i), {"text": text}) for i, text in enumerate(texts)]


WORDS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=14).map(" ".join)


@settings(deadline=None, max_examples=40)
@given(texts=st.lists(WORDS, min_size=2, max_size=12))
def test_what_is_found_is_alike_and_equal_texts_are_found(texts: list[str]) -> None:
    index = ShingleIndex(("text",), words=2, threshold=0.6, by_field=True)
    sketches = list(index.sketches(rows(texts)))
    for sketch in sketches:
        index.add(sketch)
    for place, sketch in enumerate(sketches):
        found = dict(index.alike(sketch))
        assert found[place] == 1
        for other, likeness in found.items():
            exact = jaccard(sketch.parts[0], sketches[other].parts[0])
            assert likeness == exact >= 0.6


def test_recall_of_candidates() -> None:
    """LSH may miss a pair near the threshold; of pairs with a likeness of .8 or more, few."""
    draw = np.random.default_rng(0)
    texts, pairs = [], 200
    for _ in range(pairs):
        words = [f"w{k}" for k in draw.integers(0, 5_000, 30)]
        texts += [" ".join(words), " ".join([*words[:-1], "other"])]
    index = ShingleIndex(("text",), words=3, threshold=0.7, by_field=True)
    missed = 0
    for k, sketch in enumerate(index.sketches(rows(texts))):
        found = [place for place, _ in index.alike(sketch)]
        missed += k % 2 == 1 and found != [k - 1]
        index.add(sketch)
    assert missed == 0
    assert len(index) == 2 * pairs
