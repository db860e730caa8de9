from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.curation.check_options import RefusalOptions
from tutelage.records import Draft, Example, Label, Task

Write = Callable[..., Draft]
One = Callable[..., Any]
Real = Callable[[str], list[dict[str, Any]]]
Judged = Callable[..., Any]


def test_refusals_are_dropped(write: Write, one: One, bench: DraftBench) -> None:
    draft = write(0, rationale="As an AI language model, I cannot judge.")
    verdict = one("refusal", draft, bench)
    assert (verdict.decision, verdict.reason) == (
        "dropped",
        "the rationale refuses: As an AI language model",
    )


def test_wording_is_mended(write: Write, one: One, bench: DraftBench) -> None:
    draft = write(0, hypothesis='"It moves."', rationale="It runs.\n\nPremise: A cat")
    verdict = one("refusal", draft, bench)
    assert verdict.decision == "mended"
    assert verdict.reason == "took off quotes of the hypothesis, run-on of the rationale"
    assert verdict.replacement is not None
    assert verdict.replacement.fields == {"premise": "A dog runs.", "hypothesis": "It moves."}
    assert verdict.replacement.rationale == "It runs."


def test_given_texts_are_never_mended(write: Write, one: One, bench: DraftBench) -> None:
    quoted = '"It moves," I am an AI says.'
    draft = write(0, premise=f"'{quoted}'", role="train", rationale='"Fine."')
    verdict = one("refusal", draft, bench)
    assert verdict.replacement is not None
    assert verdict.replacement.fields["premise"] == f"'{quoted}'"
    assert verdict.replacement.rationale == "Fine."
    assert one("refusal", write(0, premise=quoted, role="unlabelled"), bench).decision == "kept"


def test_what_is_empty_once_cleaned_is_dropped(write: Write, one: One, bench: DraftBench) -> None:
    verdict = one("refusal", write(0, rationale=" "), bench)
    assert verdict.reason == "the rationale is empty once cleaned"


def test_html_is_taken_off_where_gold_holds_none(write: Write, one: One, bench: DraftBench) -> None:
    draft = write(0, hypothesis="It &amp; he<br />move.")
    verdict = one("refusal", draft, bench)
    assert verdict.reason == "took off entities of the hypothesis, tags of the hypothesis"
    assert verdict.replacement is not None
    assert verdict.replacement.fields["hypothesis"] == "It & he move."
    assert one("refusal", draft, bench, RefusalOptions(html="never")).decision == "kept"
    marked = Example("g2", {"premise": "A<br>b.", "hypothesis": "C."}, "neutral")
    among = replace(bench, gold=(*bench.gold, marked))
    assert one("refusal", draft, among).decision == "kept"
    assert one("refusal", draft, among, RefusalOptions(html="always")).decision == "mended"


@pytest.mark.real
def test_real_leftovers_of_html_are_taken_off(real: Real, judged: Judged) -> None:
    task = Task("sst", "classification", ("text",), (Label("0"), Label("1")))
    records = real("supergen/SST-2__synthetic_train")
    rows = [Example(f"d{i}", {"text": r["text"]}, r["label"]) for i, r in enumerate(records)]
    mended = [v for v in judged("refusal", task, rows) if "entities of the text" in v.reason]
    assert len(mended) == 47
    assert not any("&#" in v.replacement.fields["text"] for v in mended)


@pytest.mark.real
def test_real_refusals_are_found(real: Real, judged: Judged) -> None:
    task = Task("imdb", "classification", ("text",), (Label("0"), Label("1")))
    dropped = []
    for turn in (1, 2):
        records = real(f"s3_synthesis/IMDb__synthetic_additional_{turn}")
        rows = [
            Example(f"d{i}", {"text": r["text"]}, str(r["label"])) for i, r in enumerate(records)
        ]
        dropped += [rows[v.draft] for v in judged("refusal", task, rows) if v.decision == "dropped"]
    assert len(dropped) == 57
    machine = [row for row in dropped if "as an ai language model" in row.fields["text"].lower()]
    assert len(machine) == 8  # all of them of round 1
    assert not any("as an ai language model" in r["text"].lower() for r in records)


@pytest.mark.real
@pytest.mark.parametrize(("turn", "quoted", "unwrapped"), [(1, 654, 651), (2, 477, 475)])
def test_real_wrapping_quotes_are_taken_off(
    real: Real, judged: Judged, turn: int, quoted: int, unwrapped: int
) -> None:
    task = Task("rte", "nli", ("text1", "text2"), (Label("0"), Label("1")))
    records = real(f"s3_synthesis/RTE__synthetic_additional_{turn}")
    rows = [
        Example(f"d{i}", {"text1": r["text1"], "text2": r["text2"]}, str(r["label"]))
        for i, r in enumerate(records)
    ]
    opened = sum(r["text2"].strip().startswith('"') for r in records)
    mended = [v for v in judged("refusal", task, rows) if "quotes of the text2" in v.reason]
    assert opened == quoted
    # The others begin with a quotation, or go on in a second paragraph.
    assert len(mended) == unwrapped
    left = [v.replacement.fields["text2"] for v in mended if v.replacement is not None]
    assert not any(text.startswith('"') and text.endswith('"') for text in left)
