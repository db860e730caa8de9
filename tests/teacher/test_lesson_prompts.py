from __future__ import annotations

from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Example, Gist, Label, Message, Request, Task
from tutelage.teacher.annotator import AnnotatorOptions, ask
from tutelage.teacher.composing import compose
from tutelage.teacher.lesson_prompts import LessonPrompts

MOOD = Task("mood", "classification", ("text",), (Label("good"), Label("bad")))
SAY = Task("say", "generation", ("concepts",))
ROW = Example("1", {"text": "It is grim."})


def prompts(task: Task = MOOD, **more: Any) -> LessonPrompts:
    given: dict[str, Any] = {
        "annotates": True,
        "generates": True,
        "template": "fields.v1",
        "compose": "compose.v1",
        "forms": ("label",),
    }
    return LessonPrompts(task, **(given | more))


def test_requests_of_the_lessons_pass_whatever_their_sampling() -> None:
    own = prompts(forms=("label", "answer", "texts"))
    options = AnnotatorOptions(template="fields.v1", temperature=0.7, logprobs=3)
    own.check(ask(MOOD, ROW, options=options), "t")
    for label, answer in (("good", False), ("bad", False), (None, True), (None, False)):
        own.check(compose(MOOD, label=label, answer=answer), "t")
    prompts(SAY, template="annotate.v1", forms=("answer",)).check(
        ask(SAY, Example("1", {"concepts": "dog run"})), "t"
    )


@pytest.mark.parametrize(
    ("request_", "own", "told"),
    [
        (ask(MOOD, ROW), {}, r"on the template fields\.v1, and is asked by annotate\.v1"),
        (
            ask(MOOD, ROW, options=AnnotatorOptions(template="fields.v1", rationale="before")),
            {},
            "asked by another one, or the same with examples, reasons",
        ),
        (ask(MOOD, ROW), {"annotates": False}, "teaches: both"),
        (compose(MOOD), {}, "Add texts to the teacher's forms"),
        (compose(MOOD, answer=True), {"forms": ("texts",)}, "Add answer to the teacher's forms"),
        (compose(MOOD, label="good"), {"generates": False}, "tuned to answer rows, and is asked"),
        (compose(MOOD, label="good"), {"generates": False}, r"Write teaches: generate, or both \("),
        (compose(MOOD), {"generates": False}, r"both and forms: \[texts\] \("),
        (compose(MOOD, label="good", template="compose_told.v1"), {}, r"compose\.v1, and is asked"),
        (compose(MOOD, label="good", shots=[Example("2", {"text": "x"}, "good")]), {}, "no shots"),
        (Request((Message("user", "Why?"),), gist=Gist("reasons")), {}, "asked for reasons"),
        (Request((Message("user", "Why?"),)), {}, "asked for something else"),
    ],
)
def test_others_are_refused_by_name(request_: Request, own: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        prompts(**own).check(request_, "tuned/causal-1")


def test_a_template_of_another_kind_of_task_is_named_as_it_is() -> None:
    row = Example("1", {"concepts": "dog run"})
    with pytest.raises(UserError, match=r"fields\.v1, and is asked by target\.v1"):
        prompts(SAY, forms=("answer",)).check(ask(SAY, row), "tuned/causal-1")
