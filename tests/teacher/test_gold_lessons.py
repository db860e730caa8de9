from __future__ import annotations

from dataclasses import replace

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Example, Label, Span, Task
from tutelage.teacher.annotator import AnnotatorOptions, ask
from tutelage.teacher.composing import compose
from tutelage.teacher.gold_lessons import annotation_lessons, default_forms, generation_lessons

MOOD = Task("mood", "classification", ("text",), (Label("good"), Label("bad", "not good")))
SAY = Task("say", "generation", ("concepts",))
ASKED = AnnotatorOptions(template="fields.v1")
ROW = Example("1", {"text": "It is grim."}, "bad")
SAID = Example(
    "2", {"concepts": "dog run"}, target="A dog runs.", references=("A dog runs.", "It!")
)


def test_an_answer_is_taught_by_the_annotators_own_request() -> None:
    (lesson,) = annotation_lessons(MOOD, [ROW], template="fields.v1")
    assert lesson.messages == ask(MOOD, replace(ROW, label=None), options=ASKED).messages
    assert lesson.messages[-1].content == "Text: It is grim.\nAnswer:"
    assert (lesson.ending, lesson.label, lesson.fields) == ("not good", "bad", ("It is grim.",))


def test_the_answer_is_not_in_the_prompt_of_any_template(tmp_path) -> None:
    path = tmp_path / "told.jinja"
    path.write_text("{{ texts[0] }} [{{ answer }}{{ guidelines | join }}] Answer:")
    (lesson,) = annotation_lessons(MOOD, [ROW], template=str(path))
    assert lesson.messages[0].content == "It is grim. [] Answer:"


def test_references_are_lessons_that_weigh_as_one_row() -> None:
    one, other = annotation_lessons(SAY, [SAID], template="target.v1")
    assert (one.ending, other.ending) == ("A dog runs.", "It!")
    assert one.messages == other.messages and one.weight == other.weight == 0.5
    assert one.label is None


def test_rows_without_an_answer_teach_none() -> None:
    reader = Task("read", "span_qa", ("context", "question"))
    row = Example(
        "1", {"context": "It is the Moor.", "question": "Who?"}, spans=(Span("the Moor", 6, 14),)
    )
    rows = [row, replace(row, spans=()), replace(row, spans=None)]
    (lesson,) = annotation_lessons(reader, rows, template="annotate.v1")
    assert lesson.ending == "the Moor"
    assert not list(annotation_lessons(MOOD, [replace(ROW, label=None)], template="fields.v1"))


def test_rows_are_taught_in_each_form() -> None:
    found = list(
        generation_lessons(MOOD, [ROW], template="compose.v1", forms=("label", "answer", "texts"))
    )
    assert [lesson.messages for lesson in found] == [
        compose(MOOD, label="bad").messages,
        compose(MOOD, answer=True).messages,
        compose(MOOD).messages,
    ]
    assert [lesson.ending for lesson in found] == [
        "Text: It is grim.",
        "Label: not good\nText: It is grim.",
        "Text: It is grim.",
    ]
    assert all(lesson.label is None and not lesson.fields for lesson in found)
    (said,) = generation_lessons(SAY, [SAID], template="compose.v1", forms=("answer",))
    assert said.ending == "Concepts: dog run\nTarget: A dog runs."


def test_forms_follow_the_task() -> None:
    several = replace(MOOD, kind="multi_label")
    assert [default_forms(task) for task in (MOOD, SAY, several)] == [
        ("label",),
        ("answer",),
        ("texts",),
    ]
    with pytest.raises(UserError, match="multi_label"):
        list(
            generation_lessons(
                several,
                [replace(ROW, label=None, labels=("bad",))],
                template="compose.v1",
                forms=("answer",),
            )
        )
