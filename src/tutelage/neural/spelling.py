"""What ids read like, and where a text that is being written has to end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

SPACE = "\u2581"
"""SentencePiece's mark of a space, which decoding a single piece would drop."""
MARGIN = 8
"""Pieces that are read beyond the length of the stop strings: special ones are silent."""
PERIODS = 16
"""Longest phrase, in pieces, whose repetition is noticed."""
TIMES = 4
SPAN = 24


class Spelling:
    """Turns a tokenizer's ids into text, and remembers single pieces."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.size = len(tokenizer)
        """Ids that stand for something: a model's last rows may be padding."""
        self._words: dict[int, str] = {}

    def text(self, ids: Sequence[int]) -> str:
        """Text of the ids, without special tokens."""
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def word(self, piece: int) -> str:
        """One piece with its leading space."""
        if piece not in self._words:
            told = str(self.tokenizer.convert_ids_to_tokens(piece))
            plain = SPACE in told
            self._words[piece] = (
                told.replace(SPACE, " ") if plain else self.tokenizer.decode([piece])
            )
        return self._words[piece]

    def words(self, scored: Iterable[tuple[int, float]]) -> dict[str, float]:
        """Pieces with their scores; of pieces that read alike the first, which is the best."""
        told: dict[str, float] = {}
        for piece, score in scored:
            told.setdefault(self.word(piece), score)
        return told

    def has_stop(self, ids: Sequence[int], stop: Sequence[str]) -> bool:
        """Whether the text of the ids has one of the stop strings; the end is looked at first."""
        last = max(len(s.encode()) for s in stop) + MARGIN
        tail = self.text(ids[-last:])
        return any(s in tail for s in stop) and cut_at(text := self.text(ids), stop) != text

    def spanning(self, ids: Sequence[int], text: str) -> list[int]:
        """The fewest first ids whose text has all of `text`."""
        count = len(ids)
        while count and len(self.text(ids[: count - 1])) >= len(text):
            count -= 1
        return list(ids[:count])


def cut_at(text: str, stop: Sequence[str]) -> str:
    """What stands before the first stop string.

    >>> cut_at("red; blue. green", [".", ";"])
    'red'
    """
    return text[: min((text.index(s) for s in stop if s and s in text), default=len(text))]


def is_loop(ids: Sequence[int]) -> bool:
    """Whether the last ids are one phrase of up to `PERIODS` pieces, said `TIMES` times or more
    over `SPAN` pieces or more.

    >>> is_loop([9, *[5, 6] * 12]), is_loop([9, *[5, 6] * 11]), is_loop(list(range(40)))
    (True, False, False)
    """
    for period in range(1, min(PERIODS, len(ids) // TIMES) + 1):
        span = max(SPAN, TIMES * period)
        if ids[-1] == ids[-1 - period] and len(ids) >= span:
            last = ids[-span:]
            if last[period:] == last[:-period]:
                return True
    return False
