from __future__ import annotations

from tutelage.records import Verdict
from tutelage.study.draft_reasons import reason_facts

VERDICTS = [
    Verdict(0, "kept", "copies"),
    Verdict(1, "dropped", "copies", "copies gold row a:1: 83 % of its word 5-grams"),
    Verdict(2, "dropped", "copies", "copies gold row b: 100 % of its word 5-grams"),
    Verdict(3, "dropped", "copies", "copies gold row 5-grams: embedding similarity 0.98"),
    Verdict(4, "dropped", "contamination", "its texts are those of the gold row d"),
    Verdict(5, "dropped", "format", "confidence 0.31 is below the threshold 0.6"),
    Verdict(6, "dropped", "format", "confidence 0.52 is below the threshold 0.6"),
    Verdict(7, "mended", "refusal", "took off quotes"),
]


def test_reasons_are_counted_by_kind_without_what_is_particular_to_a_row() -> None:
    told = reason_facts(VERDICTS)
    assert [(r["check"], r["reason"], r["count"]) for r in told["reasons"]] == [
        ("copies", "copies a gold row (word n-grams)", 2),
        ("format", "confidence below the threshold", 2),
        ("contamination", "its texts are those of a gold row", 1),
        ("copies", "copies a gold row (embedding)", 1),
        ("refusal", "took off quotes", 1),
    ]


def test_copies_of_gold_and_abstentions_are_counted_on_their_own() -> None:
    told = reason_facts(VERDICTS)
    assert told["copied"] == {"whole": 1, "by_ngrams": 2, "by_embedding": 1}
    assert told["abstained"] == 2
    assert reason_facts([])["copied"] == {"whole": 0, "by_ngrams": 0, "by_embedding": 0}
