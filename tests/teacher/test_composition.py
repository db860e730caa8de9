"""The world of inspection notes."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tutelage.teacher.worlds import write_gold
from tutelage.teacher.worlds.composition import (
    _FILLERS,
    _FRAMES,
    _OPENERS,
    _PART,
    _WHERE,
    FINDINGS,
    TASK,
    Composition,
    Note,
    band,
)


def test_there_are_a_hundred_findings_twenty_for_each_worth() -> None:
    assert len({finding.part for finding in FINDINGS}) == 100
    assert Counter(f.points for f in FINDINGS) == dict.fromkeys(range(-2, 3), 20)


def test_a_part_is_named_by_nothing_but_its_finding() -> None:
    signs = [finding.sign for finding in FINDINGS]
    said = [*signs, *_OPENERS, *_FILLERS, *_WHERE, *_FRAMES, TASK.instruction]
    assert not [text for text in said if _PART.search(text)]


def test_each_note_mentions_five_findings() -> None:
    for row in write_gold("composition", "train", 500, 0):
        (note,) = Composition().read(row["text"])
        assert len(note.findings) == 5
        assert all(re.search(rf"\b{f.sign}\b", row["text"], re.I) for f in note.findings)


def test_every_finding_turns_up_about_as_often_in_every_role() -> None:
    for role in ("train", "test"):
        rows = write_gold("composition", role, 2000, 0)
        counts = Counter(
            finding for row in rows for finding in Composition().read(row["text"])[0].findings
        )
        assert len(counts) == 100
        assert min(counts.values()) >= 60 and max(counts.values()) <= 140


@pytest.mark.parametrize("total", range(-10, 11))
def test_bands(total: int) -> None:
    want = "routine" if total < -1 else "urgent" if total > 1 else "watch"
    assert band(total) == want


def test_reasons_add_up_for_every_label() -> None:
    for row in write_gold("composition", "dev", 200, 1):
        (note,) = Composition().read(row["text"])
        for label in TASK.label_names:
            listed, total = note.reasons(label).split(". Total ")
            points = [int(part.split()[-1]) for part in listed.split(", ")]
            assert sum(points) == int(total.rstrip("."))
            assert band(sum(points)) == label
            assert all(-2 <= worth <= 2 for worth in points)
            if label == row["label"]:
                assert points == [finding.points for finding in note.findings]


def test_reasons_of_extreme_notes_reach_the_far_label() -> None:
    worst = Note(tuple(f for f in FINDINGS if f.points == 2)[:5])
    best = Note(tuple(f for f in FINDINGS if f.points == -2)[:5])
    assert worst.label == "urgent" and best.label == "routine"
    assert worst.reasons("routine").endswith("Total -2.")
    assert best.reasons("urgent").endswith("Total +2.")


def test_reasons_are_as_long_for_every_label() -> None:
    lengths = {
        len(re.findall(r"\w+|[^\w\s]", note.reasons(label)))
        for row in write_gold("composition", "train", 300, 0)
        for note in Composition().read(row["text"])
        for label in TASK.label_names
    }
    assert len(lengths) == 1


def test_a_note_with_more_findings_than_the_world_writes_is_read_whole() -> None:
    (note,) = Composition().read("bolt, gauge, tank, hub, piston, duct, spring")
    assert len(note.findings) == 7
    assert note.reasons(note.label).count(", then ") == 2


def test_five_w_of_every_opener() -> None:
    row = {"who": "Ada", "machine": "press 4", "where": "hall B", "day": "Friday"}
    for opener in _OPENERS:
        note = Note((), opener.format(**row))
        assert note.five_w() == ("Ada", "inspection of press 4", "Friday", "hall B", "")


def test_two_notes_in_one_prompt_are_read_in_their_order() -> None:
    rows = write_gold("composition", "train", 2, 0)
    prompt = f"Text: {rows[0]['text']}\nAnswer: watch\n\nText: {rows[1]['text']}\nAnswer:"
    assert [note.label for note in Composition().read(prompt)] == [r["label"] for r in rows]
