"""Units one after another in this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Unit = TypeVar("Unit")
Result = TypeVar("Result")


class Local:
    """The executor of a laptop: nothing to start, nothing to lose (`contracts.Executor`)."""

    async def map(
        self, work: Callable[[Unit], Awaitable[Result]], units: Sequence[Unit]
    ) -> list[Result]:
        """Do `work` for each unit, in their order."""
        return [await work(unit) for unit in units]


def build(options: object) -> Local:
    return Local()
