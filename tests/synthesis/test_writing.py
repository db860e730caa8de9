from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Gist,
    Label,
    Material,
    Order,
    Origin,
    Refusal,
    Reply,
    Request,
    Sampling,
    Span,
    Task,
    TokenScore,
)
from tutelage.synthesis.rationales import begun
from tutelage.synthesis.writer_options import WritingOptions
from tutelage.synthesis.writing import Asking, Writing, blank, schema_of, written_fields
from tutelage.teacher.templating import load

REVIEWS = Task(
    "reviews",
    "classification",
    ("text",),
    (Label("0", "negative", "Regrets it."), Label("1", "positive")),
    "Judge film reviews.",
)
BRIEF = Brief(REVIEWS, "zero", turn=1)


def writing(task: Task = REVIEWS, **given: object) -> Writing:
    options = replace(WritingOptions(), **given)  # type: ignore[arg-type]
    fields = written_fields(task, options)
    return Writing(
        task,
        options,
        {
            "text": Asking(load("write.v1"), fields),
            "variation": Asking(load("vary.v1"), fields, "variation"),
            "topic": Asking(load("write.v1"), ("topic",), "attributes", "topic"),
        },
    )


def request(pen: Writing, order: Order, *replies: Reply) -> Request:
    (found,) = pen.step(order, replies)
    assert isinstance(found, Request)
    return found


def drafts(pen: Writing, order: Order, *texts: str, finish: str = "stop") -> Sequence[Draft]:
    replies = [Reply(f"request1-{i}", (Completion(t, finish),)) for i, t in enumerate(texts)]
    found = [draft for draft in pen.step(order, replies) if isinstance(draft, Draft)]
    assert found
    return found


ORDER = Order(7, "text", label="0", source=blank(BRIEF))


def test_one_text_for_a_label() -> None:
    asked = request(writing(), ORDER)
    assert asked == Request(asked.messages, Sampling(0.9, max_tokens=400))
    assert asked.messages[0].content == (
        "Judge film reviews.\n\nLabel: negative (Regrets it.)\n\nWrite one example of a text with "
        "this label, as people write it in real life. Reply with the text alone."
    )
    assert asked.gist == Gist("text", "0", {}, ("text",), 1, 0)


def test_a_draft_says_where_it_comes_from() -> None:
    (draft,) = drafts(writing(), ORDER, " Dull.\n")
    assert draft.raw == " Dull.\n"
    assert draft.order == 7
    assert draft.content == Example(
        "zero.1.7",
        {"text": "Dull."},
        label="0",
        origin=Origin(arm="zero", turn=1, order=7, requests=("request1-0",)),
    )


def test_several_texts_in_one_reply_are_so_many_drafts() -> None:
    order = replace(ORDER, count=3)
    asked = request(writing(), order)
    assert "JSON array of 3 strings" in asked.messages[0].content
    assert asked.sampling.max_tokens == 1200
    found = drafts(writing(), order, '["Dull.", "Weak.", "Bad.", "More."]')
    rows = [draft.content for draft in found if isinstance(draft.content, Example)]
    assert [row.id for row in rows] == ["zero.1.7.0", "zero.1.7.1", "zero.1.7.2"]
    assert [row.fields["text"] for row in rows] == ["Dull.", "Weak.", "Bad."]


def test_a_reply_that_cannot_be_read_is_corrected_exactly_once() -> None:
    pen, order = writing(), replace(ORDER, count=2)
    bad = Reply("r0", (Completion("Both are dull."),))
    asked = request(pen, order, bad)
    assert [message.role for message in asked.messages] == ["user", "assistant", "user"]
    assert asked.messages[1].content == "Both are dull."
    assert asked.messages[2].content == (
        "That reply cannot be used: it holds no JSON array of 2 strings. Write it again. "
        "Reply with a JSON array of 2 strings, and nothing else."
    )
    assert asked.gist == request(pen, order).gist
    (draft,) = drafts(pen, order, "Both are dull.", "Still dull.")
    assert draft.content == Refusal("it holds no JSON array of 2 strings")
    good = drafts(pen, order, "Both are dull.", '["Dull.", "Weak."]')
    assert all(isinstance(draft.content, Example) for draft in good)
    assert isinstance(good[0].content, Example)
    assert good[0].content.origin.requests == ("request1-0", "request1-1")


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("I'm sorry, but I can't help with that.", "stop", "it holds no JSON array of 2 strings"),
        ("", "content_filter", "blocked by a content filter"),
        ("", "stop", "it is empty"),
        ("They all say tha", "length", "it holds no JSON array of 2 strings"),
    ],
)
def test_no_correction_where_it_cannot_help(text: str, finish: str, reason: str) -> None:
    (draft,) = drafts(writing(), replace(ORDER, count=2), text, finish=finish)
    assert draft.content == Refusal(reason)


def test_no_correction_where_none_is_wanted() -> None:
    (draft,) = drafts(writing(correct=False), replace(ORDER, count=2), "Both are dull.")
    assert isinstance(draft.content, Refusal)


def test_a_text_that_is_cut_off_is_no_row_but_the_whole_ones_before_it_are() -> None:
    (draft,) = drafts(writing(), ORDER, "They say that", finish="length")
    assert draft.content == Refusal("it is cut off at max_tokens")
    found = drafts(writing(), replace(ORDER, count=3), '["Dull.", "Wea', finish="length")
    assert [draft.content.fields for draft in found if isinstance(draft.content, Example)] == [
        {"text": "Dull."}
    ]


def test_of_several_texts_the_one_that_is_cut_off_goes() -> None:
    reply = "1. Dull from start to end.\n2. The last thing I exp"
    found = drafts(writing(), replace(ORDER, count=3), reply, finish="length")
    assert [draft.content.fields for draft in found if isinstance(draft.content, Example)] == [
        {"text": "Dull from start to end."}
    ]


def test_log_probabilities_become_the_score() -> None:
    assert request(writing(logprobs=True), ORDER).sampling.logprobs == 0
    tokens = (TokenScore("Dull", -0.5), TokenScore(".", -0.1))
    (draft,) = writing().step(ORDER, [Reply("r", (Completion("Dull.", tokens=tokens),))])
    assert isinstance(draft, Draft)
    assert draft.score == pytest.approx(-0.3)


def test_the_second_text_of_a_pair_is_written_for_the_first(nli: Task, brief: Brief) -> None:
    pen = writing(nli)
    order = Order(0, "text", label="c", source=begun(brief.train[1], brief))
    asked = request(pen, order)
    assert asked.gist == Gist("text", "c", {"premise": "Dog 0 runs."}, ("hypothesis",), 1, 0)
    assert "Premise: Dog 0 runs.\n\nLabel: contradiction" in asked.messages[0].content
    assert "Animal" not in asked.messages[0].content
    (draft,) = drafts(pen, order, "Hypothesis: It sleeps.")
    assert draft.content == Example(
        "arm.0.0",
        {"premise": "Dog 0 runs.", "hypothesis": "It sleeps."},
        label="c",
        origin=Origin(arm="arm", order=0, requests=("request1-0",), source="t1"),
    )
    (copy,) = drafts(pen, order, "animal 1  moves!")
    assert copy.content == Refusal("it copies the row t1")


def test_both_texts_of_a_pair_together(nli: Task, brief: Brief) -> None:
    pen = writing(nli, context="together")
    order = Order(0, "text", label="e", source=blank(brief))
    asked = request(pen, order)
    assert "a premise and a hypothesis with this label" in asked.messages[0].content
    assert 'JSON object with the keys "premise" and "hypothesis"' in asked.messages[0].content
    (draft,) = drafts(pen, order, '{"premise": "A man eats.", "hypothesis": "He eats."}')
    assert isinstance(draft.content, Example)
    assert draft.content.fields == {"premise": "A man eats.", "hypothesis": "He eats."}


def test_a_variation_keeps_the_first_text_and_copies_neither_row(nli: Task, brief: Brief) -> None:
    pen = writing(nli)
    row = replace(brief.train[0], fields={"premise": "Dog 0 runs.", "hypothesis": LONG})
    order = Order(3, "variation", label="e", source=begun(row, brief))
    asked = request(pen, order)
    assert asked.gist == Gist("variation", "e", dict(row.fields), ("hypothesis",))
    assert "Write one further example of a hypothesis that goes with the same premise" in (
        asked.messages[0].content
    )
    (draft,) = drafts(pen, order, "An animal moves.")
    assert isinstance(draft.content, Example)
    assert draft.content.fields == {"premise": "Dog 0 runs.", "hypothesis": "An animal moves."}
    assert draft.content.origin.source == "t0"
    (copy,) = drafts(pen, order, LONG.upper() + "!")
    assert copy.content == Refusal("it copies the row t0")
    (near,) = drafts(pen, order, LONG + " Really.")
    assert near.content == Refusal("t0, which was shown, has 92% of its words")


LONG = "A small brown dog with long ears runs slowly over wet grass"


def test_shots_are_shown_and_not_copied() -> None:
    pen = replace(writing(), askings={"text": Asking(load("write_like.v1"), ("text",))})
    shots = (Example("g1", {"text": "Not my film."}, "0"),)
    order = replace(ORDER, shots=shots)
    asked = request(pen, order)
    assert "Example 1\nText: Not my film.\n" in asked.messages[0].content
    assert asked.gist is not None
    assert asked.gist.shots == 1
    (draft,) = drafts(pen, order, "not my  film")
    assert draft.content == Refusal("it copies the row g1")


def test_materials_are_cleaned() -> None:
    order = Order(0, "topic", source=blank(BRIEF), count=3)
    found = drafts(writing(), order, '["Heat", "\\"Alien\\"", "Speed"]')
    assert [draft.content for draft in found] == [
        Material("topic", "Heat"),
        Material("topic", "Alien"),
        Material("topic", "Speed"),
    ]
    assert request(writing(), order).sampling.max_tokens == 240


def test_a_question_is_written_for_an_answer_in_a_context() -> None:
    task = Task("qa", "span_qa", ("context", "question"))
    span = Span("Rome", 0, 4)
    row = Example("c1", {"context": "Rome is old.", "question": "Where?"}, spans=(span,))
    pen = writing(task)
    order = Order(0, "text", source=begun(row, replace(BRIEF, task=task)))
    (draft,) = drafts(pen, order, "Which city is old?")
    assert isinstance(draft.content, Example)
    assert draft.content.fields == {"context": "Rome is old.", "question": "Which city is old?"}
    assert draft.content.spans == (span,)


def test_a_schema_from_the_task() -> None:
    asked = request(writing(structured=True), replace(ORDER, count=2))
    assert asked.schema == {
        "type": "object",
        "properties": {"texts": {"type": "array", "items": {"type": "string"}}},
        "required": ["texts"],
        "additionalProperties": False,
    }
    assert schema_of(("premise", "hypothesis"), 1)["required"] == ["premise", "hypothesis"]
    (one, two) = drafts(writing(structured=True), replace(ORDER, count=2), '{"texts": ["a", "b"]}')
    assert isinstance(one.content, Example)
    assert isinstance(two.content, Example)


@pytest.mark.parametrize(
    "task",
    [
        Task("m", "multi_label", ("text",), (Label("a"), Label("b"))),
        Task("three", "classification", ("a", "b", "c"), (Label("a"), Label("b"))),
    ],
)
def test_tasks_for_which_nothing_can_be_written(task: Task) -> None:
    with pytest.raises(UserError):
        written_fields(task, WritingOptions())
