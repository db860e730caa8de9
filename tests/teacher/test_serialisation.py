from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import UserError
from tutelage.records import Example, Label, Task
from tutelage.teacher.serialisation import headings, parse, render

REVIEWS = Task(
    "reviews", "classification", ("text",), (Label("1", "very good"), Label("0", "negative"))
)
PAIRS = Task("pairs", "nli", ("premise", "news_title"), (Label("e"), Label("n")))
CONCEPTS = Task("concepts", "generation", ("concepts",))
TASKS = (REVIEWS, PAIRS, CONCEPTS)
TEXTS = st.text(min_size=1) | st.text(" \n\r\t\\:nuLabelTextTarget\u2028\u00a0", min_size=1)


@given(st.sampled_from(TASKS), st.data(), st.booleans())
def test_a_row_comes_back_as_it_was(task: Task, data: st.DataObject, answer: bool) -> None:
    row = Example(
        "r",
        {name: data.draw(TEXTS) for name in task.fields},
        label=data.draw(st.sampled_from(task.label_names)) if task.labels else None,
        target=data.draw(TEXTS) if task.kind == "generation" else None,
    )
    text = render(task, row, answer=answer)
    assert len(text.split("\n")) == len(headings(task, answer=answer))
    for written in (text, f"\n {text} \n\n"):
        found = parse(task, written, answer=answer)
        assert found.fault == ""
        assert dict(found.fields) == row.fields
        assert (found.label, found.target) == ((row.label, row.target) if answer else (None, None))


@given(st.text())
def test_any_text_is_a_row_or_has_a_fault(text: str) -> None:
    for task in TASKS:
        found = parse(task, text)
        assert bool(found.fault) != bool(found.fields)


def test_how_rows_are_written() -> None:
    review = Example("1", {"text": " A fine\n\\film"}, label="1")
    assert render(REVIEWS, review) == "Label: very good\nText: \\u0020A fine\\n\\\\film"
    assert render(REVIEWS, review, answer=False) == "Text: \\u0020A fine\\n\\\\film"
    pair = Example("1", {"news_title": "B", "premise": "A"}, label="e")
    assert render(PAIRS, pair) == "Label: e\nPremise: A\nNews title: B"
    told = Example("1", {"concepts": "dog"}, target="A dog.", references=("A dog.", "Dogs."))
    assert render(CONCEPTS, told) == "Concepts: dog\nTarget: A dog."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("  \n", "it is empty"),
        ("Premise: A\nNews title: B", "Label is missing"),
        ("Label: e\nPremise: A", "News title is missing"),
        ("Label: e\nPremise: A\nPremise: B\nNews title: C", "Premise stands twice"),
        ("Label: e\nPremise: A\nNews title: B\nLabel: n", "Label stands twice"),
        ("Label: e\nPremise:  \nNews title: B", "Premise is empty"),
        ("Premise: A\nLabel: e\nNews title: B", "Premise is out of order"),
        ("Label: maybe\nPremise: A\nNews title: B", "unknown label: 'maybe'"),
        ("Label: e\nPremise: A\nso\nNews title: B", "a line that begins no field: 'so'"),
        ("Sure!\nLabel: e\nPremise: A\nNews title: B", "a line that begins no field: 'Sure!'"),
        ("Label: e\nPremise: A\n\nNews title: B", "a line that begins no field: ''"),
        ("Label: e\nPremise: A\nNews title: B\nThat is it.", "text after the end: 'That is it.'"),
        ("Label: e\nPremise: A\nNews title: B\n\nLabel: n", "text after the end: ''"),
        ("Label: e\nPremise: C:\\dir\nNews title: B", "Premise has a backslash that means nothing"),
        ("Label: e\nPremise: A\nNews title: B\\", "News title has a backslash that means nothing"),
    ],
)
def test_what_is_refused(text: str, fault: str) -> None:
    assert parse(PAIRS, text).fault == fault
    assert parse(PAIRS, text).fields == {}


def test_what_is_let_pass() -> None:
    found = parse(REVIEWS, "label: VERY good\nTEXT:Fine: really.")
    assert (found.label, found.fields) == ("1", {"text": "Fine: really."})
    assert parse(REVIEWS, "label: 1\nText: Fine.").fault == "unknown label: '1'"


def test_tasks_that_cannot_be_written_out() -> None:
    for fields in (("label",), ("a_b", "a b"), ("a", "a: b")):
        with pytest.raises(UserError, match="cannot be written out as lines"):
            headings(replace(REVIEWS, fields=fields))
    assert headings(replace(REVIEWS, fields=("label",)), answer=False) == ("Label",)
    several = replace(REVIEWS, kind="multi_label")
    with pytest.raises(UserError, match="multi_label task cannot be written out"):
        headings(several)
    assert parse(several, "Text: Fine.", answer=False).fields == {"text": "Fine."}
    with pytest.raises(UserError, match="The row 'x' has no label"):
        render(REVIEWS, Example("x", {"text": "Fine."}))
    with pytest.raises(UserError, match="The row 'x' has no target"):
        render(CONCEPTS, Example("x", {"concepts": "dog"}))
