"""The sealed test: rows that nobody sees before the last line, and fingerprints that show none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from tutelage.exceptions import SealedTestError
from tutelage.gold.fingerprints import distinct, field_key, shingles, split_fingerprint, text_key
from tutelage.records import Example, content_hash

_CHUNK: Final = 1_000
"""Rows whose words are held in memory at once."""


class SealedTest:
    """Test rows behind a door that opens late and is heard.

    Neither printing, iterating, copying nor pickling shows a row. Python cannot stop a determined
    reader; this stops every accidental one.
    """

    __slots__ = ("__released", "__rows", "fingerprint")

    def __init__(self, rows: Sequence[Example]) -> None:
        self.__rows = tuple(rows)
        self.__released = False
        self.fingerprint = split_fingerprint(self.__rows)
        """Identity of the rows: `gold.fingerprints.split_fingerprint`."""

    def release(self) -> None:
        """Allow opening: every student is final. Only a study run with `--final` does this."""
        self.__released = True

    def open(self, why: str, record: Callable[[str], None]) -> tuple[Example, ...]:
        """The test rows.

        Args:
            why: What they are opened for, in a few words.
            record: Takes down the opening, `FINGERPRINT WHY`, before any row is handed out.

        Raises:
            SealedTestError: the test was not released yet, or nobody said why.
        """
        if not self.__released:
            raise SealedTestError(
                f"The test {self.fingerprint} is still sealed.",
                "Its rows may reach no prompt, no filter and no choice of a model.",
                "Score on dev, or run with --final once every student is final.",
            )
        if not why.strip():
            raise SealedTestError(f"The test {self.fingerprint} is opened without a reason.")
        record(f"{self.fingerprint} {why}")
        return self.__rows

    def count_groups(self, by: str) -> int:
        """How many different values the field or tag `by` has: independent groups of rows."""
        return len({row.fields.get(by, row.tags.get(by, row.id)) for row in self.__rows})

    def __len__(self) -> int:
        return len(self.__rows)

    def __bool__(self) -> bool:
        return bool(self.__rows)

    def __repr__(self) -> str:
        return f"SealedTest({len(self.__rows)} rows, {self.fingerprint})"

    def __iter__(self) -> NoReturn:
        raise self._refusal("iterated over")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise self._refusal("copied or pickled")

    def _refusal(self, deed: str) -> SealedTestError:
        return SealedTestError(
            f"The test {self.fingerprint} cannot be {deed}.",
            "Its rows are handed out by `open` only, which records each opening.",
            "Use `open` at the last line, or `Gold.sealed` to recognise held-out rows.",
        )


class SealedIndex:
    """Recognises held-out rows (dev and test) by hashes (`contracts.SealedFingerprints`)."""

    def __init__(self, rows: Sequence[Example]) -> None:
        self._texts = frozenset(text_key(row.fields) for row in rows)
        self._fields = frozenset(field_key(k, v) for row in rows for k, v in _texts(row))
        self._runs, self._owners = _index(rows)
        self._rows = len(rows)
        written = {field_key("target", text) for row in rows for text in row.references}
        known = sorted(key.hex() for key in self._texts | written)
        self.fingerprint = content_hash("sealed1", known)
        """Identity of the texts that it knows, those of references among them."""

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"SealedIndex({self._rows} rows)"

    def has_text(self, example: Example) -> bool:
        """Whether a held-out row has the same texts, case and white space aside."""
        return self.has_key(text_key(example.fields))

    def has_key(self, key: bytes) -> bool:
        """Whether a held-out row has the texts of this `gold.fingerprints.text_key`."""
        return key in self._texts

    def has_field(self, name: str, text: str) -> bool:
        """Whether a held-out row has this text in this field, such as the same premise, or among
        its references (name `target`)."""
        return field_key(name, text) in self._fields

    def overlap(self, text: str) -> float:
        """Largest share of `text`'s word 8-grams (hashed) that one held-out row holds, in its
        fields or its references, 0 to 1.

        A text of fewer than eight words counts as one run: it overlaps only with its equal.
        """
        runs, _ = shingles([text])
        if not len(runs) or not len(self._runs):
            return 0.0
        first = np.searchsorted(self._runs, runs, side="left")
        last = np.searchsorted(self._runs, runs, side="right")
        owners = [self._owners[a:b] for a, b in zip(first, last, strict=True) if b > a]
        if not owners:
            return 0.0
        return float(np.bincount(np.concatenate(owners)).max() / len(runs))


def _texts(row: Example) -> list[tuple[str, str]]:
    """All that must not be copied from a row, with its name."""
    return [*row.fields.items(), *(("target", text) for text in row.references)]


def _index(rows: Sequence[Example]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """All runs of all rows, sorted, and the row that each one belongs to."""
    parts = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        texts = [text for row in chunk for _, text in _texts(row)]
        row_of = np.repeat(np.arange(len(chunk)), [len(_texts(row)) for row in chunk])
        runs, owners = shingles(texts)
        parts.append((runs, row_of[owners] + start))
    runs = np.concatenate([np.empty(0, np.uint64), *(runs for runs, _ in parts)])
    owners = np.concatenate([np.empty(0, np.int64), *(owners for _, owners in parts)])
    return distinct(runs, owners)
