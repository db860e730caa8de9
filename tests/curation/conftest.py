from __future__ import annotations

from collections.abc import Callable

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.gold.sealed import SealedIndex
from tutelage.records import Draft, Example, Label, Origin, Task

LONG = "The quick brown fox jumps over the lazy dog near the old stone bridge."


@pytest.fixture
def task() -> Task:
    labels = (Label("entailment"), Label("neutral"), Label("contradiction"))
    return Task("nli", "nli", ("premise", "hypothesis"), labels)


@pytest.fixture
def bench(task: Task) -> DraftBench:
    """One gold train row, one held-out row, nothing kept yet."""
    gold = Example("g1", {"premise": "A man sleeps.", "hypothesis": "He rests."}, "entailment")
    held_out = Example("s1", {"premise": LONG, "hypothesis": "A fox moves."}, "entailment")
    return DraftBench(task, (), (gold,), SealedIndex([held_out]))


Write = Callable[..., Draft]


@pytest.fixture
def write() -> Write:
    """Writes a draft: a teacher's own row, or with `role` a row with given texts."""

    def draft(
        number: int,
        premise: str = "A dog runs.",
        hypothesis: str = "It moves.",
        label: str | None = "entailment",
        *,
        rationale: str | None = None,
        role: str = "",
        source: str = "",
        id: str = "",
    ) -> Draft:
        fields = {"premise": premise, "hypothesis": hypothesis}
        origin = Origin(role, "arm", 0, number, ("request1-x",), source)
        row = Example(id or f"d{number}", fields, label, rationale=rationale, origin=origin)
        return Draft(number, number, row, raw="raw")

    return draft
