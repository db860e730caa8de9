"""Draws that stay the same for ever: what a world's frozen rows are made with."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Lots:
    """A stream of draws named by its key.

    Only `random.Random.random` is used, seeded by an integer: it is the one sequence that Python
    promises never to change, where `choice`, `shuffle` and `sample` may.

    >>> Lots("a", 1).below(1000) == Lots("a", 1).below(1000)
    True
    """

    def __init__(self, *key: str | int) -> None:
        digest = hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=16).digest()
        self._random = random.Random(int.from_bytes(digest, "big")).random

    def unit(self) -> float:
        """A number in [0, 1)."""
        return self._random()

    def below(self, count: int) -> int:
        """One of 0 .. `count` - 1."""
        return int(self._random() * count)

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def order(self, items: Sequence[T]) -> list[T]:
        """All of `items` in a drawn order (Fisher and Yates)."""
        drawn = list(items)
        for last in range(len(drawn) - 1, 0, -1):
            other = self.below(last + 1)
            drawn[last], drawn[other] = drawn[other], drawn[last]
        return drawn
