"""How near the texts of a corpus are to each other, and to any text: TF-IDF or MiniLM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tutelage.teacher.corpus_rows import CorpusRow
from tutelage.teacher.recordings import fold

Floats = npt.NDArray[np.float64]
Kind = Literal["tfidf", "minilm"]


class CorpusIndex:
    """Texts as vectors of length 1. They are made when they are first needed.

    Args:
        rows: The corpus.
        fields: Which texts of a row count, joined.
        kind: `tfidf` counts words; `minilm` embeds sentences, and needs the extra `train`.
    """

    def __init__(self, rows: Sequence[CorpusRow], fields: Sequence[str], kind: Kind) -> None:
        self._texts = [row.joined(fields) for row in rows]
        self._kind = kind

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(self._texts):
            found[fold(text)].append(place)
        return found

    def places_of(self, text: str) -> list[int]:
        """Places of the rows with the very same text."""
        return self._places.get(fold(text), [])

    @cached_property
    def _encoded(self) -> tuple[Callable[[Sequence[str]], Any], Any]:
        """What turns texts into vectors, and the corpus so turned: [rows, width]."""
        if self._kind == "minilm":
            from tutelage.neural.embedding import embed

            def encode(texts: Sequence[str]) -> Any:
                return np.asarray(embed(texts, model="minilm"), dtype=np.float64)

            return encode, encode(self._texts)
        from sklearn.feature_extraction.text import TfidfVectorizer

        # One-letter words count too, so that no text is without words.
        counter = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
        return counter.transform, counter.fit_transform(self._texts)

    def nearness_to(self, texts: Sequence[str]) -> Floats:
        """Cosine of every row with the mean of `texts`: [rows]."""
        encode, _ = self._encoded
        return self._nearness(np.asarray(encode(list(texts)).mean(axis=0)).ravel())

    def nearness_to_rows(self, places: Sequence[int]) -> Floats:
        """Cosine of every row with the mean of the rows at `places`: [rows]."""
        _, table = self._encoded
        return self._nearness(np.asarray(table[list(places)].mean(axis=0)).ravel())

    def _nearness(self, vector: Floats) -> Floats:
        _, table = self._encoded
        length = float(np.linalg.norm(vector))
        # Rounded, so that equal texts stay equal whatever the order of the sums.
        return np.round(np.asarray(table @ vector).ravel() / (length or 1.0), 9)
