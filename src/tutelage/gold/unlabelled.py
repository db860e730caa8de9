"""Unlabelled text: read a row at a time, since there may be millions, and sampled in one pass."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from tutelage.exceptions import DataError
from tutelage.gold.columns import Columns
from tutelage.gold.fingerprints import text_key
from tutelage.gold.gold_rows import RowReader
from tutelage.gold.sealed import SealedIndex
from tutelage.gold.sources import Table
from tutelage.records import Example


@dataclass(frozen=True, slots=True)
class UnlabelledSample:
    """A sample of texts, and what became of the rows that are not in it."""

    rows: tuple[Example, ...]
    """In the order of their hashes: a random order, and the same for any order of the source."""
    facts: Mapping[str, int] = field(default_factory=dict)
    """Rows that were `seen`, `held_out` (left out: their text is in dev or test), and `empty`
    (left out: no text)."""


@dataclass(frozen=True)
class UnlabelledSource:
    """Where unlabelled rows come from."""

    columns: Columns
    tables: tuple[Table, ...]
    most: int | None = None
    """Read at most so many rows."""
    limit: int | None = None
    """Sample at most so many (`--limit`)."""
    allow_overlap: bool = False
    """Leave rows out whose text is in dev or test, in place of refusing the source."""
    _samples: dict[tuple[int, int, str], UnlabelledSample] = field(
        default_factory=dict, repr=False, compare=False
    )
    """Samples that were drawn already: the arms of a study ask for the same ones again."""

    def peek(self) -> None:
        """Read one row. Raises DataError where the source is missing, empty, or lacks a column."""
        with closing(_stream(self._reader(), self)) as rows:
            next(rows, None)

    def rows(self, sealed: SealedIndex) -> Iterator[Example]:
        """All rows but those that are held out. Raises DataError after the last one if there were
        such rows and they are not allowed."""
        held_out = _HeldOut(self)
        for row in _stream(self._reader(), self):
            held_out.seen += 1
            if sealed.has_text(row):
                held_out.note(row)
            else:
                yield row
        held_out.settle()

    def sample(self, count: int, seed: int, sealed: SealedIndex) -> UnlabelledSample:
        """The `count` texts whose hashes with `seed` are least (bottom-k sampling).

        Every text has the same chance, a text that stands there twice counts once, memory holds
        `count` rows, and a larger sample contains the smaller one of the same seed.

        Raises:
            DataError: rows stand in dev or test too, and `allow_overlap` is not set.
        """
        count = count if self.limit is None else min(count, self.limit)
        asked = (count, seed, sealed.fingerprint)
        if asked not in self._samples:
            self._samples[asked] = self._draw(count, seed, sealed)
        return self._samples[asked]

    def _draw(self, count: int, seed: int, sealed: SealedIndex) -> UnlabelledSample:
        reader = self._reader()
        held_out = _HeldOut(self)
        heap: list[tuple[int, str]] = []
        kept: dict[int, Example] = {}
        for row in _stream(reader, self):
            held_out.seen += 1
            text = text_key(row.fields)
            if sealed.has_key(text):
                held_out.note(row)
                continue
            key = _rank(text, seed)
            if key in kept:
                kept[key] = min(kept[key], row, key=lambda r: r.id)
            elif len(kept) < count:
                heapq.heappush(heap, (-key, row.id))
                kept[key] = row
            elif heap and key < -heap[0][0]:
                dropped, _ = heapq.heapreplace(heap, (-key, row.id))
                del kept[-dropped]
                kept[key] = row
        held_out.settle()
        facts = {
            "seen": held_out.seen + reader.empty,
            "held_out": held_out.count,
            "empty": reader.empty,
        }
        return UnlabelledSample(tuple(kept[key] for key in sorted(kept)), facts)

    def _reader(self) -> RowReader:
        return RowReader(self.columns)


@dataclass
class _HeldOut:
    """Rows of one pass whose text is in dev or test."""

    source: UnlabelledSource
    seen: int = 0
    count: int = 0
    first: str = ""
    """Id of the first one."""

    def note(self, row: Example) -> None:
        self.first = self.first or row.id
        self.count += 1

    def settle(self) -> None:
        if not self.count or self.source.allow_overlap:
            return
        names = ", ".join(table.name for table in self.source.tables[:3])
        raise DataError(
            f"{names}: {self.count} of {self.seen} unlabelled rows have a text that is also in dev "
            f"or test, such as the row {self.first!r}.",
            "A student that learns a teacher's answers to these rows is then measured on them.",
            "Remove them, or set gold.allow_overlap: drop, which leaves them out.",
        )


def _stream(reader: RowReader, source: UnlabelledSource) -> Generator[Example]:
    yield from reader.unlabelled(reader.raw(source.tables, answers=False, most=source.most))


def _rank(text: bytes, seed: int) -> int:
    salt = seed.to_bytes(8, "little", signed=True)
    digest = hashlib.blake2b(text, digest_size=16, salt=salt, person=b"unlabelled")
    return int.from_bytes(digest.digest(), "big")
