"""TF-IDF of words and of character n-grams, field by field, and how much the fields share."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from tutelage.exceptions import TrainingError
from tutelage.records import Example

WORD = r"(?u)\b\w+\b|[?!]"
"""Single letters and digits count as words: they are often what a label hangs on."""
Blocks = dict[str, TfidfVectorizer]


@dataclass(frozen=True)
class LexicalFeatures:
    """Fitted vectorizers by block, such as `premise/word`, for the fields of one task."""

    fields: tuple[str, ...]
    blocks: Blocks

    def transform(self, rows: Sequence[Example]) -> Any:
        """Sparse [rows, features]: each field's blocks, then what pairs of fields share."""
        texts = _texts(self.fields, rows)
        parts = [self.blocks[name].transform(texts[name]) for name in self.blocks]
        if len(self.fields) > 1:
            parts.append(sparse.csr_matrix(_overlaps(self.fields, rows)))
        return sparse.hstack(parts, format="csr")

    def vocabulary(self) -> dict[str, list[str]]:
        """Terms by block in the order of their columns."""
        return {
            name: [str(term) for term in block.get_feature_names_out()]
            for name, block in self.blocks.items()
        }

    def idf(self) -> dict[str, npt.NDArray[np.float64]]:
        return {name: np.asarray(block.idf_) for name, block in self.blocks.items()}

    @staticmethod
    def restore(
        fields: Sequence[str],
        vocabulary: Mapping[str, Sequence[str]],
        idf: Mapping[str, npt.NDArray[np.float64]],
    ) -> LexicalFeatures:
        """The features that `vocabulary` and `idf` were taken from."""
        blocks: Blocks = {}
        for name, terms in vocabulary.items():
            index = {term: i for i, term in enumerate(terms)}
            blocks[name] = _vectorizer(name, vocabulary=index)
            blocks[name].idf_ = idf[name]
        return LexicalFeatures(tuple(fields), blocks)


def learn_features(
    rows: Sequence[Example], fields: Sequence[str], *, max_features: int
) -> LexicalFeatures:
    """Vocabulary and document frequencies of `rows`.

    Args:
        max_features: Most terms in each block; the most frequent stay.

    Raises:
        TrainingError: the rows have no words at all.
    """
    blocks: Blocks = {}
    for name, texts in _texts(fields, rows).items():
        block = _vectorizer(name, max_features=max_features)
        try:
            block.fit(texts)
        except ValueError:  # an empty vocabulary, such as no new word in any second field
            continue
        blocks[name] = block
    if not blocks:
        raise TrainingError(
            f"The {len(rows)} training rows hold no word in {', '.join(fields)}.",
            do="Check the names of the text fields.",
        )
    return LexicalFeatures(tuple(fields), blocks)


def _vectorizer(name: str, **options: Any) -> TfidfVectorizer:
    if name.endswith("/char"):
        return TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, **options)
    return TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True, **options)


def _texts(fields: Sequence[str], rows: Sequence[Example]) -> dict[str, list[str]]:
    """Texts by block: words and characters of each field, and words that earlier fields lack."""
    texts: dict[str, list[str]] = {}
    for field in fields:
        own = [row.fields.get(field, "") for row in rows]
        texts[f"{field}/word"] = texts[f"{field}/char"] = own
    for first, second in itertools.combinations(fields, 2):
        texts[f"{second} not in {first}/new"] = [
            " ".join(_new_words(row.fields.get(first, ""), row.fields.get(second, "")))
            for row in rows
        ]
    return texts


def _words(text: str) -> list[str]:
    return re.findall(WORD, text.lower())


def _new_words(first: str, second: str) -> Iterable[str]:
    known = set(_words(first))
    return (word for word in _words(second) if word not in known)


def _overlaps(fields: Sequence[str], rows: Sequence[Example]) -> npt.NDArray[np.float64]:
    """Of each pair of fields: share of words in the other one, both ways, Jaccard, equal length."""
    lines = []
    for row in rows:
        line: list[float] = []
        for first, second in itertools.combinations(fields, 2):
            a, b = set(_words(row.fields.get(first, ""))), set(_words(row.fields.get(second, "")))
            both = len(a & b)
            line += [
                both / max(len(a), 1),
                both / max(len(b), 1),
                both / max(len(a | b), 1),
                min(len(a), len(b)) / max(len(a), len(b), 1),
            ]
        lines.append(line)
    return np.array(lines, dtype=np.float64)
