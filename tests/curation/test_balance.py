from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.curation.check_options import BalanceOptions
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Draft, Label, Task

Write = Callable[..., Draft]


def drafts(write: Write, labels: str) -> list[Draft]:
    names = {"e": "entailment", "n": "neutral"}
    return [write(i, premise=f"Text {i}.", label=names[k]) for i, k in enumerate(labels)]


def test_the_surplus_is_taken_off_the_end(write: Write, bench: DraftBench) -> None:
    check = find("check", "balance").make(BalanceOptions(ratio=1.5), task=bench.task)
    verdicts = check.judge(drafts(write, "eeeneen"), bench)
    assert [v.decision for v in verdicts] == ["kept"] * 4 + ["dropped"] * 2 + ["kept"]
    assert verdicts[4].reason == "3 rows of entailment are enough for 2 of the rarest label"


def test_kept_rows_count(write: Write, bench: DraftBench) -> None:
    check = find("check", "balance").make(BalanceOptions(ratio=1), task=bench.task)
    kept = [draft.content for draft in drafts(write, "ee")]
    verdicts = check.judge(drafts(write, "enn"), replace(bench, kept=kept))
    assert [v.decision for v in verdicts] == ["dropped", "kept", "kept"]
    assert check.judge([], bench) == []


def test_it_needs_labels_and_a_ratio_that_can_be(task: Task) -> None:
    plugin = find("check", "balance")
    with pytest.raises(UserError, match=r"ratio: 0\.5"):
        plugin.make(BalanceOptions(ratio=0.5), task=task)
    for other in (
        Task("t", "multi_label", ("text",), (Label("a"),)),
        Task("t", "generation", ("text",)),
    ):
        with pytest.raises(UserError, match="does not fit the task"):
            plugin.make(BalanceOptions(), task=other)
