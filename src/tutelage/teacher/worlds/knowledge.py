"""What a built-in world is: gold rows by the thousand, and a teacher that knows why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tutelage.records import Gist, Task
from tutelage.teacher.worlds.lots import Lots

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


@dataclass(frozen=True, slots=True)
class Manner:
    """How a teacher writes."""

    stays: float = 0.9
    """Chance that a variation says things in the way that the shown text does."""
    follows: float = 0.5
    """Chance that a text does so where examples are shown."""
    slips: float = 0.03
    """Chance that a text written without a model has another label than was asked for."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that a teacher wrote."""

    fields: Mapping[str, str]
    ease: float
    """Mean log-probability of its tokens: the usual comes easier than the strange or mistaken."""


class World(Protocol):
    """A frozen, seeded generator of gold rows, and the knowledge a scripted teacher has of it.

    A world in which the teacher can also write new rows is an `Inventive` one.
    """

    task: Task

    def write(self, count: int, *, role: str, seed: int) -> list[dict[str, str]]:
        """`count` rows with a column for each field of the task, `label`, and any tags."""
        ...

    def read(self, prompt: str) -> Sequence[Case]:
        """All cases whose texts stand in `prompt`, in order; the last is the one asked about."""
        ...


@runtime_checkable
class Inventive(World, Protocol):
    """A world whose teacher writes new rows."""

    def compose(self, gist: Gist, prompt: str, *, manner: Manner, lots: Lots) -> Passage | None:
        """One row as `gist` asks for; None where it asks for what the world does not have."""
        ...

    def suggest(self, gist: Gist, prompt: str, *, lots: Lots) -> Sequence[str]:
        """Short texts to build on: reasons for a label, or attributes that rows may have."""
        ...
