from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.curation.conclusions import concludes
from tutelage.records import Draft, Example, Label, Task

Write = Callable[..., Draft]
One = Callable[..., Any]
Real = Callable[[str], list[dict[str, Any]]]
Judged = Callable[..., Any]


def test_a_rationale_for_another_label_is_taken_off(
    write: Write, one: One, bench: DraftBench
) -> None:
    for text in ("So the answer is neutral.", "This contradicts the text."):
        verdict = one("conclusion", write(0, rationale=text), bench)
        assert verdict.decision == "mended"
        assert verdict.replacement is not None
        assert (verdict.replacement.rationale, verdict.replacement.label) == (None, "entailment")
    for text in (None, "He sleeps.", "It is entailed.", "It entails, not contradicts."):
        assert one("conclusion", write(0, rationale=text), bench).decision == "kept"


def test_an_answer_counts_more_than_a_mention(task: Task) -> None:
    row = Example("1", {}, "neutral", rationale="It contradicts little. So the answer is neutral.")
    assert concludes(task, row) == "neutral"
    assert concludes(replace(task, labels=()), row) is None


@pytest.mark.real
def test_people_accept_fewer_of_the_rationales_that_it_takes_off(
    real: Real, judged: Judged
) -> None:
    labels = (Label("TRUE", "true"), Label("FALSE", "false"), Label("neither"))
    task = Task("snli", "nli", ("premise", "hypothesis"), labels)
    accepted: dict[str, list[bool]] = {"mended": [], "kept": []}
    for split in ("train", "test"):
        records = real(f"gpt3_explanations/snli_{split}_acceptability")
        rows = [
            Example(f"d{i}", {}, r["label"], rationale=r["explanation"])
            for i, r in enumerate(records)
        ]
        for verdict in judged("conclusion", task, rows):
            accepted[verdict.decision].append(records[verdict.draft]["n_accept"] >= 2)
    share = {name: sum(votes) / len(votes) for name, votes in accepted.items()}
    assert len(accepted["mended"]) >= 30
    assert share["mended"] < share["kept"]
