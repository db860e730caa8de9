from __future__ import annotations

import pytest

from tutelage.records import Brief, Example, Label, Origin, Task


@pytest.fixture
def nli() -> Task:
    labels = (Label("e", "entailment"), Label("n", "neutral"), Label("c", "contradiction"))
    return Task("nli", "nli", ("premise", "hypothesis"), labels)


@pytest.fixture
def brief(nli: Task) -> Brief:
    """Twelve gold rows on four premises, twenty unlabelled rows."""
    train = tuple(
        Example(
            f"t{i}",
            {"premise": f"Dog {i // 3} runs.", "hypothesis": f"Animal {i} moves."},
            label="enc"[i % 3],
            origin=Origin(role="train"),
            tags={"topic": "dogs"},
        )
        for i in range(12)
    )
    unlabelled = tuple(
        Example(
            f"u{i}",
            {"premise": f"Cat {i} sleeps.", "hypothesis": "It rests."},
            label="e",  # hidden from the teacher, and replaced by its answer
            origin=Origin(role="unlabelled"),
        )
        for i in range(20)
    )
    return Brief(nli, "arm", train, unlabelled, turn=0, seed=1)
