"""Identity of gold texts and splits: what must not stand on two sides is found by these.

Texts are compared folded (Unicode NFKC, case, white space), since a copy with another capital is
still a copy. Shingles are runs of eight words, hashed, so that they show no text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import orjson
from numpy.typing import NDArray

from tutelage.records import Example, content_hash

SHINGLE_WORDS = 8
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
# Scripts without spaces: each sign counts as a word.
_WORD = re.compile(f"[{_IDEOGRAPHS}]|[^\\W{_IDEOGRAPHS}]+")
# Powers of an odd number: a run's hash is a sum of word hashes, each weighted by its place.
_PLACES = np.array([pow(0x9E3779B97F4A7C15, i + 1, 2**64) for i in range(SHINGLE_WORDS)], np.uint64)


def fold(text: str) -> str:
    """`text` without the differences that do not make another text.

    >>> fold("  Ｔhe\\n CAFÉ ")
    'the café'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def text_key(fields: Mapping[str, str]) -> bytes:
    """Identity of all texts of a row, folded: 128 bits."""
    folded = [[name, fold(fields[name])] for name in sorted(fields)]
    return hashlib.blake2b(orjson.dumps(folded), digest_size=16).digest()


def field_key(name: str, text: str) -> bytes:
    """Identity of one text of a row, folded: 128 bits."""
    return text_key({name: text})


def split_fingerprint(rows: Iterable[Example]) -> str:
    """Identity of a split over the ids and the content of its rows, whatever their order.

    A changed label, a missing row and a row of another split all give another fingerprint.
    Rationales and tags do not count: adding a teacher's explanation leaves the split what it was.
    """
    return content_hash("split1", sorted([row.id, row.row_fingerprint()] for row in rows))


@lru_cache(maxsize=1 << 17)
def _word_hash(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def shingles(text: str) -> NDArray[np.uint64]:
    """Distinct hashed runs of eight words; a shorter text is one run of all its words.

    >>> len(shingles("one two three four five six seven eight nine"))
    2
    >>> len(shingles("Hello, world!")), len(shingles("..."))
    (1, 0)
    """
    words = np.fromiter(map(_word_hash, _WORD.findall(fold(text))), dtype=np.uint64)
    size = min(SHINGLE_WORDS, len(words))
    if size == 0:
        return words
    runs = np.lib.stride_tricks.sliding_window_view(words, size)
    return np.unique((runs * _PLACES[:size]).sum(axis=1, dtype=np.uint64))
