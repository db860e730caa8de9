from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.curation.check_options import NearDuplicateOptions
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Task, Verdict

Write = Callable[..., Draft]
Judged = Callable[..., list[Verdict]]
Real = Callable[[str], list[dict[str, Any]]]

FOX = "the quick brown fox jumps over the lazy dog by the river"
NEAR = "the quick brown fox jumps over the lazy dog by the lake"
FAR = "a slow red hen walks under a busy cat at the shore"


def judge(task: Task, drafts: list[Draft], bench: DraftBench, **options: Any) -> list[Verdict]:
    check = find("check", "near_duplicate").make(NearDuplicateOptions(**options), task=task)
    verdicts: list[Verdict] = check.judge(drafts, bench)
    return verdicts


def decisions(verdicts: list[Verdict]) -> list[str]:
    return [verdict.decision for verdict in verdicts]


def test_the_first_stands_and_the_verdict_says_how_near(
    task: Task, write: Write, bench: DraftBench
) -> None:
    drafts = [write(3, premise=FOX), write(5, premise=NEAR), write(7, premise=FAR)]
    verdicts = judge(task, drafts, bench)
    assert decisions(verdicts) == ["kept", "dropped", "kept"]
    # 10 shingles of three words each, of which the last differs: 9 of 11
    assert verdicts[1].reason == "it shares 82% of its word shingles with draft 3"


def test_a_dropped_row_hides_no_other(task: Task, write: Write, bench: DraftBench) -> None:
    """Likeness does not travel: the third is like the second alone, which does not stand."""
    texts = ["a b c d e f g h i j", "b c d e f g h i j k", "c d e f g h i j k l"]
    drafts = [write(i, premise=text) for i, text in enumerate(texts)]
    assert decisions(judge(task, drafts, bench, threshold=0.75)) == ["kept", "dropped", "kept"]


def test_a_premise_with_a_new_hypothesis_is_a_new_row(
    task: Task, write: Write, bench: DraftBench
) -> None:
    drafts = [write(0, premise=FOX), write(1, premise=FOX, hypothesis="Nothing at all happens.")]
    assert decisions(judge(task, drafts, bench)) == ["kept", "kept"]
    assert decisions(judge(task, drafts, bench, by_field=False, threshold=0.5)) == [
        "kept",
        "dropped",
    ]


def test_another_answer_makes_a_contrast(task: Task, write: Write, bench: DraftBench) -> None:
    drafts = [write(0, premise=FOX), write(1, premise=NEAR, label="neutral")]
    assert decisions(judge(task, drafts, bench)) == ["kept", "kept"]
    assert decisions(judge(task, drafts, bench, across_labels=True)) == ["kept", "dropped"]


def test_gold_and_kept_rows_come_first(task: Task, write: Write, bench: DraftBench) -> None:
    gold = Example("g7", {"premise": FOX, "hypothesis": "It moves."}, "entailment")
    drafts = [write(0, premise=NEAR)]
    among = replace(bench, gold=(gold,))
    assert judge(task, drafts, among)[0].reason.endswith("with the gold row g7")
    assert decisions(judge(task, drafts, among, gold=False)) == ["kept"]
    assert judge(task, drafts, replace(bench, kept=(gold,)))[0].reason.endswith("the kept row g7")


def test_gold_texts_are_not_looked_at(task: Task, write: Write, bench: DraftBench) -> None:
    drafts = [write(0, premise=FOX, role="train"), write(1, premise=FOX, role="train", id="x")]
    assert decisions(judge(task, drafts, bench)) == ["kept", "kept"]


def test_options_that_cannot_be(task: Task) -> None:
    for options in ({"threshold": 0.0}, {"threshold": 1.1}, {"words": 0}):
        with pytest.raises(UserError):
            find("check", "near_duplicate").make(NearDuplicateOptions(**options), task=task)


@pytest.mark.real
def test_real_near_duplicates(real: Real, judged: Judged) -> None:
    task = Task("sst", "classification", ("text",), (Label("0"), Label("1")))
    records = real("supergen/SST-2__synthetic_train")
    rows = [Example(f"d{i}", {"text": r["text"]}, r["label"]) for i, r in enumerate(records)]
    dropped = {v.draft for v in judged("near_duplicate", task, rows) if v.decision == "dropped"}
    assert len(dropped) == 2717
    gold = [
        Example(f"g{i}", {"text": r["text"]}, str(r["label"]))
        for i, r in enumerate(real("sst2/train")[:2000])
    ]
    natural = judged("near_duplicate", task, gold)
    assert sum(v.decision == "dropped" for v in natural) <= 5  # real reviews are no duplicates
