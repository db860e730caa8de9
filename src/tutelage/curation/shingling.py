"""Word shingles, and an index that finds the rows that share most of theirs.

Similarity is the Jaccard index of two sets of word n-grams (Broder 1997). Candidates come from
MinHash with locality-sensitive hashing (datasketch), so that a look-up takes about the same time
however many rows there are; each candidate is then compared exactly, so that MinHash decides what
is looked at and never what is alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
from datasketch import MinHash, MinHashLSH

from tutelage.records import Example

Hashes = npt.NDArray[np.uint64]
_WORD = re.compile(r"\w+")
PERMUTATIONS = 128
RECALL = (0.1, 0.9)
"""How wrong candidates weigh against missed ones where LSH chooses its bands: wrong ones cost a
comparison and no more."""
CHUNK = 2_000
"""Rows that are sketched at once."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A row as the index knows it."""

    parts: tuple[Hashes, ...]
    """Sorted hashes of the shingles of each part: of each field, or of all fields together."""
    minhash: Any


def shingle_hashes(text: str, words: int) -> Hashes:
    """Sorted hashes of the runs of `words` words in `text`, case and punctuation aside.

    A shorter text is one run; a text without words has none.
    """
    found = _WORD.findall(text.casefold())
    count = max(1, len(found) - words + 1) if found else 0
    runs = {" ".join(found[i : i + words]) for i in range(count)}
    hashes = [_hash64(run) for run in runs]
    return np.sort(np.array(hashes, dtype=np.uint64))


def _hash64(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def jaccard(one: Hashes, other: Hashes) -> float:
    """Shared shingles by all shingles; 1 for two empty sets.

    >>> jaccard(shingle_hashes("a b c d", 3), shingle_hashes("a b c e", 3))
    0.3333333333333333
    """
    both = np.intersect1d(one, other, assume_unique=True).size
    either = one.size + other.size - both
    return both / either if either else 1.0


class ShingleIndex:
    """Rows by their shingles, in the order in which they were added."""

    def __init__(
        self, fields: Sequence[str], *, words: int, threshold: float, by_field: bool
    ) -> None:
        self._fields, self._words, self._by_field = tuple(fields), words, by_field
        self._threshold = threshold
        self._tables = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=RECALL)
        self._parts: list[tuple[Hashes, ...]] = []

    def __len__(self) -> int:
        return len(self._parts)

    def sketches(self, rows: Sequence[Example]) -> Iterator[Sketch]:
        """What the index looks at, row by row."""
        for start in range(0, len(rows), CHUNK):
            parts = [self._shingled(row) for row in rows[start : start + CHUNK]]
            # A field's place is mixed in, so that what two fields share by chance is no likeness.
            tagged = [
                [int(h) for k, part in enumerate(one) for h in (part ^ np.uint64(k)).tolist()]
                for one in parts
            ]
            minhashes = MinHash.bulk(
                tagged, num_perm=PERMUTATIONS, seed=1, hashfunc=_low32, scheme="affine32"
            )
            yield from map(Sketch, parts, minhashes)

    def _shingled(self, row: Example) -> tuple[Hashes, ...]:
        texts = [row.fields.get(field, "") for field in self._fields]
        if not self._by_field:
            texts = [" ".join(texts)]
        return tuple(shingle_hashes(text, self._words) for text in texts)

    def add(self, sketch: Sketch) -> int:
        """Take a row in; its place."""
        place = len(self._parts)
        self._parts.append(sketch.parts)
        self._tables.insert(place, sketch.minhash, check_duplication=False)
        return place

    def alike(self, sketch: Sketch) -> list[tuple[int, float]]:
        """Places of the rows of at least the threshold's similarity, with it, by place.

        The similarity of two rows is that of their least similar part. If every part reaches the
        threshold, so does the union of the tagged parts, by which candidates are found.
        """
        found = []
        for place in sorted(self._tables.query(sketch.minhash)):
            likeness = min(map(jaccard, self._parts[place], sketch.parts))
            if likeness >= self._threshold:
                found.append((place, likeness))
        return found


def _low32(value: int) -> int:
    return value & 0xFFFFFFFF
