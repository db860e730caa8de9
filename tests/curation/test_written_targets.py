"""What the default checks make of rows whose answer is a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tutelage.gold.sealed import SealedIndex
from tutelage.records import Example, Origin, Task, Verdict

Judged = Callable[..., list[Verdict]]
TASK = Task("concepts", "generation", ("concepts",))
UNLABELLED = Origin("unlabelled", "arm", source="u1")


def row(target: str | None, **more: Any) -> Example:
    references = () if target is None else (target,)
    return Example("u1", {"concepts": "dog run"}, target=target, references=references, **more)


def test_a_row_needs_a_target(judged: Judged) -> None:
    verdicts = judged("format", TASK, [row("A dog runs."), row(" "), row(None)])
    assert [verdict.reason for verdict in verdicts] == ["", "it has no target", "it has no target"]


@pytest.mark.parametrize("origin", [Origin(), UNLABELLED])
def test_a_target_is_cleaned_and_its_reference_with_it(judged: Judged, origin: Origin) -> None:
    (verdict,) = judged("refusal", TASK, [row('"A dog runs."<br />', origin=origin)])
    mended = verdict.replacement
    assert mended is not None and verdict.decision == "mended"
    assert (mended.target, mended.references) == ("A dog runs.", ("A dog runs.",))
    assert mended.fields == {"concepts": "dog run"}
    (verdict,) = judged("refusal", TASK, [row("I'm sorry, but I can't do that.", origin=origin)])
    assert verdict.reason == "the target refuses: I'm sorry, but I can't"


def test_targets_of_gold_rows_stay_as_they_are(judged: Judged) -> None:
    (verdict,) = judged("refusal", TASK, [row('"A dog runs."', origin=Origin("train"))])
    assert verdict.decision == "kept"


def test_a_target_that_is_a_held_out_reference_is_dropped(judged: Judged) -> None:
    told = "A big brown dog runs through the park with its owner."
    held_out = Example("t1", {"concepts": "x"}, target="y", references=("y", told))
    rows = [
        row(told, origin=UNLABELLED),
        row(told),
        row(told, origin=Origin("train")),
        row("A dog that is big and brown goes through the park with its owner."),
    ]
    verdicts = judged("contamination", TASK, rows, sealed=SealedIndex([held_out]))
    assert [verdict.reason for verdict in verdicts] == [
        "a held-out row holds 100% of its target", "a held-out row holds 100% of its target", "", "",
    ]  # fmt: skip
