from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cleanlab")

from tutelage.curation.bench import DraftBench
from tutelage.curation.check_options import NoiseOptions
from tutelage.exceptions import UserError
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Origin, Task

Real = Callable[[str], list[dict[str, Any]]]
TASK = Task("mood", "classification", ("text",), (Label("good"), Label("bad")))
WORDS = {"good": ["fine", "lovely", "warm", "bright"], "bad": ["dull", "awful", "cold", "drab"]}


def drafts(count: int = 120, wrong: tuple[int, ...] = ()) -> list[Draft]:
    draw = np.random.default_rng(5)
    found = []
    for i in range(count):
        true = ("good", "bad")[i % 2]
        words = draw.choice(WORDS[true], 3).tolist()
        said = {"good": "bad", "bad": "good"}[true] if i in wrong else true
        found.append(Draft(i, i, Example(f"d{i}", {"text": f"a {' '.join(words)} film"}, said)))
    return found


def judge(given: list[Draft], *, gold: tuple[Example, ...] = (), **options: Any) -> list[Any]:
    check = find("check", "noise").make(NoiseOptions(**options), task=TASK)
    return list(check.judge(given, DraftBench(TASK, (), gold, SealedIndex([]))))


def test_wrong_labels_are_found() -> None:
    wrong = {7, 20, 33, 58, 99}
    verdicts = judge(drafts(wrong=tuple(wrong)))
    found = {v.draft for v in verdicts if v.decision == "dropped"}
    assert len(found & wrong) >= 4 and len(found - wrong) <= 1
    assert verdicts[20].reason.startswith("students give its label bad ")


def test_clean_labels_stay() -> None:
    assert {v.decision for v in judge(drafts())} == {"kept"}


def test_rows_are_marked_where_asked() -> None:
    verdict = judge(drafts(wrong=(7,)), on_issue="mark")[7]
    assert (verdict.decision, verdict.replacement.tags) == ("mended", {"label_issue": "yes"})
    assert verdict.replacement.label == "good"


def test_never_more_than_a_share() -> None:
    verdicts = judge(drafts(wrong=(7, 20, 33, 58, 99)), most=0.02)
    assert sum(v.decision == "dropped" for v in verdicts) == 2
    assert all(v.decision == "kept" for v in judge(drafts(wrong=(7,)), most=0))


def test_gold_takes_part_but_is_not_judged() -> None:
    given = drafts(wrong=(7, 8))
    rows = [d.content for d in drafts(60, wrong=(4,))]
    gold = tuple(replace(row, id=f"g{row.id}", origin=Origin("train")) for row in rows)
    given[8] = replace(given[8], content=replace(given[8].content, origin=Origin("train")))
    found = judge(given, gold=gold)
    assert [v.draft for v in found if v.decision == "dropped"] == [7]


def test_too_few_rows() -> None:
    assert {v.decision for v in judge(drafts(3))} == {"kept"}
    assert judge([]) == []


def test_options_that_cannot_be() -> None:
    for options in ({"folds": 1}, {"most": 1.5}):
        with pytest.raises(UserError):
            judge([], **options)
