from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.curation import ContaminationOptions
from tutelage.curation.bench import DraftBench
from tutelage.exceptions import UserError
from tutelage.gold.sealed import SealedIndex
from tutelage.records import Draft, Example, Label, Task, Verdict

Write = Callable[..., Draft]
One = Callable[..., Any]
Real = Callable[[str], list[dict[str, Any]]]
Judged = Callable[..., Any]

LONG = "The quick brown fox jumps over the lazy dog near the old stone bridge."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        (
            {"premise": "A man sleeps.", "hypothesis": "He rests."},
            "its texts are those of the gold row g1",
        ),
        (
            {
                "premise": "A man sleeps.",
                "hypothesis": "He rests.",
                "role": "train",
                "source": "g1",
            },
            "",
        ),
        (
            {"premise": LONG, "hypothesis": "a fox  moves."},
            "its texts are those of a held-out row",
        ),
        (
            {"premise": LONG, "hypothesis": "Something else happens over there in the far valley."},
            "a held-out row holds 100% of its field premise",
        ),
        ({"hypothesis": "A fox moves."}, ""),
    ],
)
def test_contamination(
    write: Write, one: One, bench: DraftBench, change: dict[str, Any], reason: str
) -> None:
    verdict = one("contamination", write(0, **change), bench)
    assert verdict == Verdict(0, "dropped" if reason else "kept", "contamination", reason)


def test_a_published_rationale_finds_its_gold_row(
    write: Write, one: One, bench: DraftBench
) -> None:
    gold = {"premise": "A man sleeps.", "hypothesis": "He rests."}
    verdict = one("contamination", write(0, **gold, rationale="Sleep is rest."), bench)
    assert (verdict.decision, verdict.replacement.id) == ("mended", "g1")
    other = write(0, **gold, label="neutral", rationale="Sleep may be rest.")
    assert one("contamination", other, bench).decision == "dropped"


def test_contamination_by_the_whole_text_only(write: Write, one: One, bench: DraftBench) -> None:
    draft = write(
        0, premise=LONG, hypothesis="Something else happens in the far green valley today."
    )
    options = ContaminationOptions(by_field=False)
    assert one("contamination", draft, bench, options).decision == "kept"
    loose = ContaminationOptions(overlap=0.3, by_field=False)
    assert one("contamination", draft, bench, loose).reason.endswith("of its texts")
    with pytest.raises(UserError, match=r"overlap: 1\.5"):
        one("contamination", draft, bench, ContaminationOptions(overlap=1.5))


RTE = Task("rte", "nli", ("text1", "text2"), (Label("0"), Label("1")))


def rte(records: list[dict[str, Any]], prefix: str) -> list[Example]:
    return [
        Example(f"{prefix}{i}", {"text1": r["text1"], "text2": r["text2"]}, str(r["label"]))
        for i, r in enumerate(records)
    ]


@pytest.mark.real
def test_gold_rows_sold_as_synthetic_are_all_found(real: Real, judged: Judged) -> None:
    gold = rte(real("s3_synthesis/RTE__gold_train"), "g")
    copies = [replace(row, id=f"d{i}") for i, row in enumerate(gold)]
    verdicts = judged("contamination", RTE, copies, gold=gold)
    assert sum(v.decision == "dropped" for v in verdicts) == len(gold) == 2490


@pytest.mark.real
@pytest.mark.parametrize(("turn", "premises"), [(1, 18), (2, 13)])
def test_real_rows_with_premises_of_the_test_are_found(
    real: Real, judged: Judged, turn: int, premises: int
) -> None:
    test = rte(real("s3_synthesis/RTE__gold_test"), "s")
    rows = rte(real(f"s3_synthesis/RTE__synthetic_additional_{turn}"), "d")
    held_out = {row.fields["text1"] for row in test}
    copied = {i for i, row in enumerate(rows) if row.fields["text1"] in held_out}
    verdicts = judged("contamination", RTE, rows, sealed=SealedIndex(test))
    dropped = {v.draft for v in verdicts if v.decision == "dropped"}
    assert len(copied) == premises
    assert copied <= dropped
    assert len(dropped - copied) <= 1  # all but a copy
