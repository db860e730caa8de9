from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tutelage.records import Example, Label, Task
from tutelage.student.embedding_cache import EmbeddingCache
from tutelage.student.embedding_head import Embedder, EmbeddingHeadStudent
from tutelage.student.logistic import fit_head

PAIR = Task("p", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))


class Lengths:
    """An encoder of two figures for each text, which counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(t), t.count("a")] for t in texts], dtype=np.float32)


def test_the_cache_encodes_each_text_once(tmp_path: Path) -> None:
    encode, cache = Lengths(), EmbeddingCache(tmp_path, "m", 64)
    first = cache.table(["a", "bbb"], encode)
    second = cache.table(["bbb", "cc", "a"], encode)
    assert encode.asked == [["a", "bbb"], ["cc"]]
    assert first.tolist() == [[1, 1], [3, 0]]
    assert second.tolist() == [[3, 0], [2, 0], [1, 1]]


def test_another_encoder_or_length_has_its_own_embeddings(tmp_path: Path) -> None:
    encode = Lengths()
    for cache in (EmbeddingCache(tmp_path, "m", 64), EmbeddingCache(tmp_path, "m", 65)):
        cache.table(["a"], encode)
    assert len(encode.asked) == 2


def test_pairs_are_both_texts_their_distance_and_their_product(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "m", 64)
    cache.table(["aa", "bbbbb"], Lengths())
    rows = [Example("1", {"premise": "aa", "hypothesis": "bbbbb"})]
    found = Embedder("m", 8, 64, cache).features(rows, PAIR.fields)
    assert found.tolist() == [[2, 2, 5, 0, 3, 2, 10, 0]]


def test_a_head_answers_from_cached_embeddings_alone(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "m", 64)
    cache.table(["a", "aaaaaa", "b"], Lengths())
    rows = [
        Example("1", {"premise": "a", "hypothesis": "b"}, label="yes"),
        Example("2", {"premise": "aaaaaa", "hypothesis": "b"}, label="no"),
    ]
    embedder = Embedder("m", 8, 64, cache)
    head = fit_head(embedder.features(rows, PAIR.fields), rows, PAIR, c=10.0)
    student = EmbeddingHeadStudent(PAIR, embedder, head)
    assert [p.label for p in student.predict(rows)] == ["yes", "no"]
