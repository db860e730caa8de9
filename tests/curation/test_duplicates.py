from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Task

Write = Callable[..., Draft]
One = Callable[..., Any]
Real = Callable[[str], list[dict[str, Any]]]
Judged = Callable[..., Any]


def test_duplicates_keep_the_first(write: Write, one: One, bench: DraftBench) -> None:
    check = find("check", "duplicate")
    drafts = [
        write(0),
        write(1, premise="A  dog runs. "),
        write(2, label="neutral"),
        write(3, premise="Other."),
        write(4, premise="Kept."),
    ]
    row = write(9, premise="Kept.").content
    assert isinstance(row, Example)
    verdicts = check.make(check.options(), task=bench.task).judge(
        drafts, replace(bench, kept=[row])
    )
    assert [v.decision for v in verdicts] == ["kept", "dropped", "dropped", "kept", "dropped"]
    assert [v.reason for v in verdicts] == [
        "",
        "the same as draft 0",
        "the same as draft 0, with another answer",
        "",
        "the same as a row kept before",
    ]


def test_an_id_belongs_to_one_row(write: Write, bench: DraftBench, judged: Judged) -> None:
    drafts = [write(0, id="same"), write(1, premise="Other.", id="same")]
    verdicts = judged("duplicate", bench.task, [draft.content for draft in drafts])
    assert [v.reason for v in verdicts] == ["", "it has the id of draft 0"]


def test_gold_may_repeat_itself(write: Write, one: One, bench: DraftBench) -> None:
    check = find("check", "duplicate")
    drafts = [
        write(0, role="train", id="a"),
        write(1, role="train", id="b"),
        write(2, role="train", id="a"),
    ]
    verdicts = check.make(check.options(), task=bench.task).judge(drafts, bench)
    assert [v.decision for v in verdicts] == ["kept", "kept", "dropped"]


@pytest.mark.real
def test_real_duplicates(real: Real, judged: Judged) -> None:
    task = Task("sst", "classification", ("text",), (Label("0"), Label("1")))
    records = real("supergen/SST-2__synthetic_train")
    rows = [Example(f"d{i}", {"text": r["text"]}, r["label"]) for i, r in enumerate(records)]
    verdicts = judged("duplicate", task, rows)
    assert sum(v.decision == "dropped" for v in verdicts) == 342
