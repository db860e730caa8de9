"""Identity of gold texts and splits: what must not stand on two sides is found by these.

Texts are compared folded (Unicode NFKC, case, white space), since a copy with another capital is
still a copy. Shingles are runs of eight words, hashed, so that they show no text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

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

    A changed label or reference, a missing row and a row of another split all give another one.
    Rationales and tags do not count: adding a teacher's explanation leaves the split what it was.
    """
    marks = ([row.id, row.row_fingerprint(), *row.references] for row in rows)
    return content_hash("split1", sorted(marks))


@lru_cache(maxsize=1 << 17)
def _word_hash(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def shingles(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashed runs of eight words of many texts; a shorter text is one run of all its words.

    Returns:
        Distinct pairs of a run and the position of a text that holds it, sorted by run.

    >>> runs, owners = shingles(["one two three four five six seven eight nine", "Hello!", "..."])
    >>> len(runs), sorted(owners.tolist())
    (3, [0, 0, 1])
    """
    words = [[_word_hash(word) for word in _WORD.findall(fold(text))] for text in texts]
    lengths = np.array([len(found) for found in words], np.int64)
    flat = np.fromiter(chain.from_iterable(words), np.uint64, count=int(lengths.sum()))
    starts = np.cumsum(lengths) - lengths
    runs, owners = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for size in range(1, SHINGLE_WORDS + 1):
        chosen = np.flatnonzero(np.minimum(lengths, SHINGLE_WORDS) == size)
        counts = lengths[chosen] - size + 1
        owners.append(np.repeat(chosen, counts))
        first = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        at = first + starts[owners[-1]]
        hashed = np.zeros(len(at), np.uint64)
        for k in range(size):
            hashed += flat[at + k] * _PLACES[k]
        runs.append(hashed)
    return distinct(np.concatenate(runs), np.concatenate(owners))


def distinct(
    runs: NDArray[np.uint64], owners: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Each pair once, sorted by run, then owner."""
    order = np.lexsort((owners, runs))
    runs, owners = runs[order], owners[order]
    new = np.ones(len(runs), bool)
    new[1:] = (runs[1:] != runs[:-1]) | (owners[1:] != owners[:-1])
    return runs[new], owners[new]
