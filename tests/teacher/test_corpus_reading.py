"""Rows and wishes are found in the shipped prompts, whatever the texts hold."""

from __future__ import annotations

from typing import Any

import pytest

from tutelage.records import Example, Label, Task
from tutelage.teacher.corpus_reading import listed, rows_shown
from tutelage.teacher.templating import load, variables

PAIRS = Task("t", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))
ROWS = [
    Example(f"r{n}", {"premise": f"It rains {n}.\n\nHard.", "hypothesis": f"Wet {n}"}, label="yes")
    for n in range(3)
]


def prompt(template: str, **more: Any) -> str:
    standard = {
        "given": [],
        "attributes": [],
        "reasons": [],
        "shots": [],
        "count": 1,
        "single": False,
        "keys": "",
        "wanted": "a text",
        "abstain": False,
        "rationale": "none",
        "label": {"name": "yes", "words": "yes", "guideline": ""},
    }
    given = {**variables(PAIRS, ROWS[0]), **standard, **more}
    return "\n\n".join(m.content for m in load(template).messages(given))


def shots(*rows: Example) -> list[dict[str, Any]]:
    return [{**variables(PAIRS, row), "rationale": ""} for row in rows]


@pytest.mark.parametrize("template", ["write_like.v1", "annotate.v1"])
def test_examples_of_shipped_prompts(template: str) -> None:
    text = prompt(template, shots=shots(ROWS[1], ROWS[2]))
    count = 3 if template == "annotate.v1" else 2
    want = [ROWS[1].fields, ROWS[2].fields, ROWS[0].fields][:count]
    assert rows_shown(text, PAIRS.fields, count) == want
    assert rows_shown(text, PAIRS.fields, 1) == [want[-1]]


def test_a_row_that_lacks_a_field_is_none() -> None:
    assert rows_shown("Premise: It rains.\n\nWrite one.", PAIRS.fields, 2) == []


def test_wishes_are_listed() -> None:
    text = prompt("write.v1", reasons=["a leak"], attributes=[{"name": "tone", "value": "dry"}])
    assert listed(text) == ["a leak", "tone: dry"]
    assert listed(prompt("write.v1")) == []
