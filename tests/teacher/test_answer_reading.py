"""Answers that a teacher copied out of a context, and replies that say none for certain."""

from __future__ import annotations

import pytest

from tutelage.records import Completion, Example, Reply, Span, Task
from tutelage.teacher.annotator import AnnotatorOptions, abstains, ask, choose_shots, read
from tutelage.teacher.answer_reading import locate, read_answer

TASK = Task("qa", "span_qa", ("context", "question"), metric="f1")
CONTEXT = "In 2010 the Hoppings funfair was held on the Town\nMoor in June; 10 people came."
ROW = Example("1", {"context": CONTEXT, "question": "Where?"})
MOOR = (Span("Town\nMoor", 45, 54),)


@pytest.mark.parametrize(
    "reply",
    [
        "Town Moor",
        "town moor.",
        '"Town Moor"',
        "**Town Moor**",
        "Answer: Town Moor",
        "It says so in the text.\nAnswer: Town Moor",
        "The final answer is: Town Moor.",
        '{"answer": "Town Moor"}',
        '```json\n{"answer": "Town Moor", "reasons": "said"}\n```',
        "Answer: Town Moor\nReasons: the text says so",
    ],
)
def test_answers_that_can_be_read(reply: str) -> None:
    assert read_answer(reply, CONTEXT).spans == MOOR


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Hyde Park",
        "It was held on the Town Moor, I think.",
        "Town",  # only as a whole word of the context: it is one
        "Answer: Town Moor\nAnswer: June",
        "none",
        "I cannot tell.",
    ],
)
def test_what_is_not_copied_or_not_one_answer_is_unreadable(reply: str) -> None:
    spans = read_answer(reply, CONTEXT).spans
    assert spans is None if reply != "Town" else spans == (Span("Town", 45, 49),)


def test_whole_words_only_and_the_first_place_of_several() -> None:
    assert locate("10", CONTEXT) == (CONTEXT.index("10 people"), CONTEXT.index("10 people") + 2)
    assert locate("201", CONTEXT) is None
    assert locate("the", CONTEXT) == (8, 11)
    assert locate("京都", "彼は京都に住む") == (2, 4)


def test_no_answer_is_read_only_where_it_was_offered() -> None:
    assert read_answer("None.", CONTEXT, may_be_none=True).spans == ()
    assert read_answer("Answer: no answer", CONTEXT, may_be_none=True).spans == ()
    assert read_answer("none", "There was none left.", may_be_none=True).spans == (
        Span("none", 10, 14),
    )


def test_the_prompt_shows_context_question_and_shots() -> None:
    shot = Example(
        "s", {"context": "Ann met Bob.", "question": "Who?"}, spans=(Span("Bob", 8, 11),)
    )
    none = Example("n", {"context": "Ann left.", "question": "Why?"}, spans=())
    request = ask(TASK, ROW, shots=[shot, none, ROW])
    (message,) = request.messages
    assert "the shortest piece of the context that answers it" in message.content
    assert "Context: Ann met Bob.\nQuestion: Who?\nAnswer: Bob\n" in message.content
    assert "Why?" not in message.content and "answer none" not in message.content
    assert message.content.endswith("Question: Where?\nAnswer:")
    assert request.sampling.max_tokens == 64
    timid = ask(TASK, ROW, shots=[none], options=AnnotatorOptions(abstain=True))
    assert "answer none." in timid.messages[0].content
    assert "Question: Why?\nAnswer: none\n" in timid.messages[0].content


def test_reading_a_reply_with_its_reasons() -> None:
    before = AnnotatorOptions(rationale="before")
    reply = Reply("r", (Completion("Reasons: It was held there.\nAnswer: Town Moor"),))
    found = read(TASK, ROW, reply, options=before)
    assert (found.spans, found.rationale) == (MOOR, "It was held there.")
    assert found.answer == ("Town\nMoor",) and not abstains(TASK, reply)
    after = Reply("r", (Completion("Answer: June\nReasons: It says June."),))
    found = read(TASK, ROW, after, options=AnnotatorOptions(rationale="after"))
    assert (found.answer, found.rationale) == (("June",), "It says June.")
    run_on = Reply("r", (Completion("June\n\nContext: Another one.\nQuestion: Who?\nAnswer: Bob"),))
    assert read(TASK, ROW, run_on).answer == ("June",)
    assert read(TASK, ROW, Reply("r", ())).answer is None


def test_shots_of_questions_are_drawn_by_id_alone() -> None:
    train = [Example(str(i), {"context": "c", "question": str(i)}, spans=()) for i in range(9)]
    chosen = choose_shots(TASK, train, 3, seed=1)
    assert len(chosen) == 3
    assert choose_shots(TASK, train[::-1], 3, seed=1) == chosen
