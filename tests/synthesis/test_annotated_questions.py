"""A teacher that answers questions: what is kept of its replies, and why the rest is not."""

from __future__ import annotations

from tutelage.records import Brief, Completion, Draft, Example, Origin, Refusal, Reply, Span, Task
from tutelage.synthesis.annotate_options import AnnotateOptions
from tutelage.synthesis.annotation import build

TASK = Task("qa", "span_qa", ("context", "question"), metric="f1")
CONTEXT = "Ann met Bob. Bob met Cleo."
ROW = Example(
    "u1", {"context": CONTEXT, "question": "Who met Cleo?"}, origin=Origin(role="unlabelled")
)
SHOT = Example("g", {"context": "Dan ran.", "question": "Who?"}, spans=(Span("Dan", 0, 3),))


def drafted(options: AnnotateOptions, *texts: str) -> Draft:
    annotation = build(options, task=TASK)
    (order,) = annotation.orders("annotations", Brief(TASK, "a", (SHOT,), (ROW,)))
    replies = [Reply(f"request1-{i}", (Completion(text),)) for i, text in enumerate(texts)]
    (draft,) = annotation.step(order, replies)
    assert isinstance(draft, Draft)
    return draft


def test_an_answer_that_stands_in_the_context_becomes_a_row() -> None:
    content = drafted(AnnotateOptions(rationale="after"), "Answer: Bob\nReasons: Bob did.").content
    assert isinstance(content, Example)
    assert content.spans == (Span("Bob", 8, 11),)
    assert (content.id, content.fields, content.label) == ("u1", ROW.fields, None)
    assert content.rationale == "Bob did."
    assert content.origin.requests == ("request1-0",)


def test_reasons_for_a_refusal() -> None:
    assert drafted(AnnotateOptions(), "Eve").content == Refusal("no answer is in the context")
    assert drafted(AnnotateOptions(), " ").content == Refusal("empty reply")
    assert drafted(AnnotateOptions(), "none").content == Refusal("no answer is in the context")


def test_no_answer_where_the_teacher_may_say_so() -> None:
    content = drafted(AnnotateOptions(abstain=True), "None").content
    assert isinstance(content, Example) and content.spans == ()


def test_votes_count_the_texts() -> None:
    content = drafted(AnnotateOptions(votes=3), "Bob", "Ann", "bob").content
    assert isinstance(content, Example)
    assert (content.spans, content.scores) == ((Span("Bob", 8, 11),), None)
    tied = drafted(AnnotateOptions(votes=3), "Bob", "Ann", "Cleo").content
    assert tied == Refusal("no majority among the votes")


def test_shots_are_shown() -> None:
    annotation = build(AnnotateOptions(shots=1), task=TASK)
    (order,) = annotation.orders("annotations", Brief(TASK, "a", (SHOT,), (ROW,)))
    (request,) = annotation.step(order, ())
    assert "Question: Who?\nAnswer: Dan\n" in request.messages[0].content  # type: ignore[union-attr]
