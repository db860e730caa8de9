"""What a built-in world is: gold rows by the thousand, and a teacher that knows why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tutelage.records import Task

ROLES = ("train", "pool", "dev", "test", "unlabelled")
"""Gold roles, each with rows of its own in every world."""
SEEDS_APART = 20
"""Seeds that differ modulo this number share no row by construction."""
SLOTS = len(ROLES) * SEEDS_APART


def slot_of(role: str, seed: int) -> int:
    """The share of a world's cases, of `SLOTS`, that belongs to one role and seed.

    Every case has a checksum below `SLOTS`, and a role draws only cases whose checksum is its
    slot, so no case of one role can turn up in another.

    >>> slot_of("train", 0), slot_of("test", 0), slot_of("train", 1)
    (0, 3, 5)

    Raises:
        ValueError: a role that no world has.
    """
    return (ROLES.index(role) + len(ROLES) * seed) % SLOTS


class Case(Protocol):
    """One case of a world, as read from a text or a prompt."""

    @property
    def label(self) -> str:
        """Name of the right label."""
        ...

    def reasons(self, label: str) -> str:
        """Why the case has `label`; mistaken in one place where it has another."""
        ...

    def five_w(self) -> tuple[str, str, str, str, str]:
        """Who, what, when, where and why, each in a few words; empty where the text is silent."""
        ...


class World(Protocol):
    """A frozen, seeded generator of gold rows, and the knowledge a scripted teacher has of it."""

    task: Task

    def write(self, count: int, *, role: str, seed: int) -> list[dict[str, str]]:
        """`count` rows with a column for each field of the task and `label`."""
        ...

    def read(self, prompt: str) -> Sequence[Case]:
        """All cases whose texts stand in `prompt`, in order; the last is the one asked about."""
        ...
