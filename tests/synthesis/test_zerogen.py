from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Gist,
    Label,
    Message,
    Order,
    Origin,
    Refusal,
    Reply,
    Span,
    Steering,
    Task,
)
from tutelage.synthesis.writer_options import SelfDebiasingOptions, ZeroGenOptions
from tutelage.synthesis.zerogen import ZeroGen, build


def made(task: Task, **given: Any) -> ZeroGen:
    return build(replace(ZeroGenOptions(), **given), task=task)


def rows(drafts: Sequence[Draft]) -> list[Example]:
    return [draft.content for draft in drafts if isinstance(draft.content, Example)]


def say(gist: Gist, time: int) -> str:
    """A teacher that never says the same twice."""
    told = f"{gist.kind} {gist.label} {' '.join(gist.given.values())} number {time}"
    if gist.count == 1:
        return told
    return json.dumps([f"{told} {i}" for i in range(gist.count)])


def test_labels_take_turns_and_prompts_are_the_same(reviews: Task, shopping: Any) -> None:
    brief = Brief(reviews, "zero")
    synthesizer = made(reviews, rows=5)
    assert synthesizer.quota(brief) == {"0": 3, "1": 2}
    bought = shopping(synthesizer, brief, say)
    assert [row.label for row in rows(bought.drafts)] == ["0", "1", "0", "1", "0"]
    assert [row.id for row in rows(bought.drafts)] == [f"zero.0.{i}" for i in range(5)]
    assert [request.draw for request in shopping.requests] == [0, 0, 1, 1, 2]
    assert len({request.prompt_hash for request in shopping.requests}) == 2


@pytest.mark.parametrize(("per_request", "requests"), [(1, 10), (3, 4), (5, 2), (10, 2)])
def test_several_texts_in_a_request_are_fewer_requests(
    reviews: Task, shopping: Any, per_request: int, requests: int
) -> None:
    bought = shopping(
        made(reviews, rows=10, texts_per_request=per_request), Brief(reviews, "zero"), say
    )
    assert len(shopping.requests) == requests
    assert Counter(row.label for row in rows(bought.drafts)) == {"0": 5, "1": 5}
    assert len({row.id for row in rows(bought.drafts)}) == 10


def test_a_later_wave_orders_what_is_lacking_and_numbers_go_on(reviews: Task) -> None:
    brief = Brief(reviews, "zero")
    kept = tuple(Example(str(i), {"text": str(i)}, "0") for i in range(3))
    later = replace(brief, wave=1, placed=5, accepted=kept, lacking={"0": 0, "1": 2})
    orders = made(reviews, rows=5).orders("texts", later)
    assert [(order.number, order.label) for order in orders] == [
        (5, "1"), (6, "1"), (7, "1"), (8, "1"),
    ]  # fmt: skip


def test_topics_come_first_and_every_label_writes_about_each(reviews: Task, shopping: Any) -> None:
    synthesizer = made(reviews, rows=8, topics=3)
    assert synthesizer.stages == ("topics", "texts")

    def teacher(gist: Gist, time: int) -> str:
        return '["Heat", "Alien", "heat"]' if gist.wanted == ("topic",) else say(gist, time)

    bought = shopping(synthesizer, Brief(reviews, "zero"), teacher)
    assert "Name 3 different subjects that such a text" in shopping.requests[0].messages[0].content
    assert len(rows(bought.drafts)) == 8
    about = Counter(
        (request.gist.label, topic)
        for request in shopping.requests[1:]
        for topic in ("Heat", "Alien")
        if f"Build on this:\n- {topic}\n" in request.messages[0].content
    )
    assert about == {(label, topic): 2 for label in "01" for topic in ("Heat", "Alien")}
    later = replace(Brief(reviews, "zero"), wave=1, placed=9, materials=bought.materials)
    assert synthesizer.orders("topics", later) == []


def test_every_label_of_a_pair_is_written_for_the_same_first_texts(
    nli: Task, brief: Brief, shopping: Any
) -> None:
    shopping(made(nli, rows=12), brief, say)
    by_label: dict[str, list[str]] = {}
    for request in shopping.requests:
        by_label.setdefault(request.gist.label, []).append(request.gist.given["premise"])
    assert by_label["e"] == by_label["n"] == by_label["c"]
    assert sorted(by_label["e"]) == [f"Dog {i} runs." for i in range(4)]


def test_first_texts_from_unlabelled_rows_and_from_the_teacher(
    nli: Task, brief: Brief, shopping: Any
) -> None:
    bought = shopping(made(nli, rows=6, context="unlabelled"), brief, say)
    assert all(row.fields["premise"].startswith("Cat") for row in rows(bought.drafts))
    assert all(row.origin.role == "" for row in rows(bought.drafts))
    synthesizer = made(nli, rows=6, context="written")
    assert synthesizer.stages == ("contexts", "texts")
    bought = shopping(synthesizer, replace(brief, train=(), unlabelled=()), say)
    premises = Counter(row.fields["premise"] for row in rows(bought.drafts))
    assert set(premises.values()) == {3}
    assert all(row.origin.source == "" for row in rows(bought.drafts))


def test_no_first_text_is_a_clear_fault(nli: Task, brief: Brief) -> None:
    with pytest.raises(UserError, match="context: train brings no text"):
        made(nli).orders("texts", replace(brief, train=()))


def test_what_cannot_be(reviews: Task, nli: Task) -> None:
    task = Task("qa", "span_qa", ("context", "question"))
    with pytest.raises(UserError, match="self_debiasing does not go with the task 'qa'"):
        made(task, self_debiasing=SelfDebiasingOptions())
    with pytest.raises(UserError, match="topics are for single texts"):
        made(nli, topics=5)
    with pytest.raises(UserError, match="cannot run as published on these pairs"):
        made(nli, as_published=True)
    with pytest.raises(UserError, match="single texts without topics"):
        made(reviews, as_published=True)
    with pytest.raises(UserError, match="no template"):
        made(reviews, template="none.jinja")


def test_a_template_of_ones_own(reviews: Task, tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("Say something {{ label.words }}.")
    options = ZeroGenOptions(template="own.jinja", rows=2)
    synthesizer = find("synthesizer", "zerogen").make(options, task=reviews, folder=tmp_path)
    order = synthesizer.orders("texts", Brief(reviews, "zero"))[0]
    assert synthesizer.step(order, ())[0].messages[0].content == "Say something negative."


# --- as published ---------------------------------------------------------------------------------


def test_the_published_film_review(reviews: Task, shopping: Any) -> None:
    """Section 3.2 of the paper: a title is sampled first, then a review of it with the label."""
    long = "I had waited for this film for years and it was worth every single minute."

    def teacher(gist: Gist, time: int) -> str:
        return 'The Matrix"\n\nMovie: "Heat"' if gist.wanted == ("topic",) else f'{long}" (8/10)'

    synthesizer = made(reviews, rows=2, topics=1, as_published=True)
    bought = shopping(synthesizer, Brief(reviews, "zero"), teacher)
    title, bad, good = shopping.requests
    assert [message.content for message in title.messages] == ['Movie: "']
    assert bad.messages[0].content == (
        'The movie review in negative sentiment for movie "The Matrix" is: "'
    )
    assert good.messages[0].content == (
        'The movie review in positive sentiment for movie "The Matrix" is: "'
    )
    for request in shopping.requests:
        sampling = request.sampling
        assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (1.0, 0.9, 40)
    assert [row.fields["text"] for row in rows(bought.drafts)] == [long, long]


def test_the_published_question(shopping: Any) -> None:
    task = Task("qa", "span_qa", ("context", "question"))
    train = Example(
        "c", {"context": "Rome is old.", "question": "?"}, spans=(Span("Rome", 0, 4),),
        origin=Origin("train"),
    )  # fmt: skip
    brief = Brief(task, "zero", train=(train,))
    bought = shopping(
        made(task, rows=1, as_published=True), brief, lambda g, t: 'Which city is very old?"'
    )
    assert shopping.requests[0].messages[0].content == (
        'The context is: "Rome is old."\n"Rome" is the answer of the following question: "'
    )
    (row,) = rows(bought.drafts)
    assert row.fields["question"] == "Which city is very old?"
    assert row.spans == train.spans


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ('Too short for the filter."', "it has 5 words, fewer than 10"),
        ("", "it is empty"),
        ("A text that has no end and no stop because it was", "the quotation has no end"),
    ],
)
def test_published_filters_drop(reviews: Task, reply: str, reason: str) -> None:
    synthesizer = made(reviews, rows=2, topics=1, as_published=True)
    order = Order(0, "texts", "0", Example("", {}), materials=("Heat",))
    finish = "length" if "no end" in reply else "stop"
    (draft,) = synthesizer.step(order, [Reply("r", (Completion(reply, finish),))])
    assert isinstance(draft, Draft)
    assert draft.content == Refusal(reason)


def test_a_review_that_is_its_title_is_dropped(reviews: Task) -> None:
    title = "A very long title of ten words and even one more"
    synthesizer = made(reviews, rows=2, topics=1, as_published=True)
    order = Order(0, "texts", "0", Example("", {}), materials=(title,))
    (draft,) = synthesizer.step(order, [Reply("r", (Completion(f'{title}!"'),))])
    assert isinstance(draft, Draft)
    assert draft.content == Refusal("it repeats what it was written for")


@pytest.mark.parametrize(
    ("fields", "prompt", "said"),
    [
        (
            ("premise", "hypothesis"),
            '"Dog 0 runs."\nBased on the above description, the following sentence is definitely '
            '{}: "',
            ("correct", "wrong"),
        ),
        (
            ("sentence", "question"),
            'Information: "Dog 0 runs."\nQuestion (answer {} above information): "',
            ("in", "not in"),
        ),
    ],
)
def test_the_published_pairs(
    fields: tuple[str, str], prompt: str, said: tuple[str, str], shopping: Any
) -> None:
    """RTE and QNLI: second texts for gold first ones, each label against the other's prompt."""
    task = Task("rte", "nli", fields, (Label("0", "entailment"), Label("1", "not_entailment")))
    row = Example("g", dict(zip(fields, ("Dog 0 runs.", "x"), strict=True)), "0")
    brief = Brief(task, "zero", (replace(row, origin=Origin("train")),), seed=1)
    long = "Is it a dog that is running there in the cold park?"
    synthesizer = made(task, rows=2, as_published=True)
    bought = shopping(synthesizer, brief, lambda g, t: f'{long}" says the man')
    prompts = [(Message("user", prompt.format(words)),) for words in said]
    assert [request.messages for request in shopping.requests] == prompts
    assert [request.steering for request in shopping.requests] == [
        Steering(against=(prompts[1],), decay=200.0, least=0.01),
        Steering(against=(prompts[0],), decay=200.0, least=0.01),
    ]
    assert [row.fields[fields[1]] for row in rows(bought.drafts)] == [long, long]
