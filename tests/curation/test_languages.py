from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("py3langid")

from tutelage.curation.bench import DraftBench
from tutelage.curation.check_options import LanguageOptions
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Task, Verdict

Write = Callable[..., Draft]
One = Callable[..., Verdict]
Real = Callable[[str], list[dict[str, Any]]]
Judged = Callable[..., list[Verdict]]

GERMAN = {"premise": "Ein Hund läuft über die grüne Wiese.", "hypothesis": "Ein Tier ist draußen."}
ENGLISH = {"premise": "A dog runs over the green meadow.", "hypothesis": "An animal is outside."}


def test_rows_in_another_language_than_gold(write: Write, one: One, bench: DraftBench) -> None:
    verdict = one("language", write(0, **GERMAN), bench)
    assert verdict.decision == "dropped"
    assert verdict.reason.startswith("it is in de (") and verdict.reason.endswith("not in en")
    assert one("language", write(0, **ENGLISH), bench).decision == "kept"
    german = Example("g1", GERMAN, "entailment")
    assert one("language", write(0, **GERMAN), replace(bench, gold=(german,))).decision == "kept"


def test_a_language_that_is_named(write: Write, one: One, bench: DraftBench) -> None:
    said = LanguageOptions(language="de")
    assert one("language", write(0, **GERMAN), bench, said).decision == "kept"
    assert one("language", write(0, **ENGLISH), bench, said).decision == "dropped"


def test_what_cannot_be_told_is_kept(write: Write, one: One, bench: DraftBench) -> None:
    short = write(0, premise="Der Hund", hypothesis="schläft")
    assert one("language", short, bench).decision == "kept"
    assert one("language", write(0, **GERMAN, role="train"), bench).decision == "kept"
    assert one("language", write(0, **GERMAN), replace(bench, gold=())).decision == "kept"


def test_options_that_cannot_be(task: Task) -> None:
    for options in ({"language": "german"}, {"sure": 1.5}):
        with pytest.raises(UserError):
            find("check", "language").make(LanguageOptions(**options), task=task)


@pytest.mark.real
@pytest.mark.parametrize("table", ["sst2/train", "trec6/train", "clinc150/test"])
def test_no_real_english_row_is_dropped(real: Real, judged: Judged, table: str) -> None:
    task = Task("t", "classification", ("text",), (Label("x"),))
    rows = [Example(f"d{i}", {"text": r["text"]}, "x") for i, r in enumerate(real(table))]
    verdicts = judged("language", task, rows, gold=rows[:50])
    assert sum(v.decision == "dropped" for v in verdicts) == 0
