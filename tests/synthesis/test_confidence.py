"""Annotation that leaves out answers of which the teacher is not sure enough."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tutelage.buying import Answers, Bought, buy
from tutelage.contracts import Calibrating
from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Completion,
    Example,
    Material,
    Origin,
    Refusal,
    Reply,
    Request,
    Task,
    TokenScore,
)
from tutelage.synthesis.annotate_options import AnnotateOptions
from tutelage.synthesis.annotation import build

CONCEPTS = Task("concepts", "generation", ("concepts",), instruction="Write a sentence.")


def told(words: str, sure: float) -> Completion:
    """A reply of a teacher that scores labels whole."""
    top = {words: math.log(sure)}
    others = [each for each in ("negative", "positive") if each != words]
    top |= {each: math.log((1 - sure) / len(others)) for each in others}
    return Completion(words, tokens=(TokenScore(words, math.log(sure), top),))


class Till:
    """A teacher that says of each text what is written down for it."""

    def __init__(self, says: Mapping[str, Completion]) -> None:
        self.says, self.asked = says, list[Request]()

    def buy(self, task: Task, options: AnnotateOptions, brief: Brief) -> Bought:
        async def ask(requests: Sequence[Request]) -> Answers:
            self.asked += requests
            found = []
            for request in requests:
                assert request.gist is not None and request.gist.kind == "answer"
                (text,) = request.gist.given.values()
                found.append(Reply(request.hash, (self.says[text],)))
            return Answers(found)

        return asyncio.run(buy(build(options, task=task), brief, ask, {}))


@pytest.fixture
def till(reviews: Task) -> tuple[Till, Brief]:
    """Twenty dev rows, of which the teacher has the eight surest right and half of the others; and
    three unlabelled rows."""
    says: dict[str, Completion] = {}
    dev = []
    for at in range(20):
        right = at < 8 or at % 2 == 0
        dev.append(Example(f"d{at}", {"text": f"dev {at}"}, label="1", origin=Origin("dev")))
        says[f"dev {at}"] = told("positive" if right else "negative", 0.99 - at / 50)
    sure = (0.99, 0.79, 0.6)
    unlabelled = [Example(f"u{at}", {"text": f"new {at}"}) for at in range(3)]
    says |= {f"new {at}": told("negative", p) for at, p in enumerate(sure)}
    return Till(says), Brief(reviews, "arm", (), tuple(unlabelled), dev=tuple(dev), seed=3)


def reasons(bought: Bought) -> dict[int, str]:
    return {d.order: d.content.reason for d in bought.drafts if isinstance(d.content, Refusal)}


def test_rows_below_the_confidence_that_was_said_are_refused(
    till: tuple[Till, Brief], reviews: Task
) -> None:
    teacher, brief = till
    options = AnnotateOptions(confidence=0.79)
    bought = teacher.buy(reviews, options, brief)
    assert reasons(bought) == {2: "confidence 0.60 is below 0.79"}
    rows = [draft.content for draft in bought.drafts[:2]]
    assert all(isinstance(row, Example) and row.scores is None for row in rows)
    assert {request.sampling.logprobs for request in teacher.asked} == {20}
    assert build(options, task=reviews).calibration == 0


def test_the_confidence_is_chosen_on_dev(till: tuple[Till, Brief], reviews: Task) -> None:
    # Right: d0 to d7, d8, d10, d12 and so on. Of the first eleven, ten are right (.909); of the
    # first thirteen eleven (.846); d10 has .79.
    teacher, brief = till
    options = AnnotateOptions(keep_accuracy=0.9, soft_labels=True)
    annotation = build(options, task=reviews)
    assert isinstance(annotation, Calibrating)
    assert annotation.stages == ("calibration", "annotations")
    bought = teacher.buy(reviews, options, brief)
    assert len(bought.materials) == 20
    assert bought.shown == tuple(sorted(f"d{at}" for at in range(20)))
    assert reasons(bought) == {22: "confidence 0.60 is below 0.79"}
    kept = [draft.content for draft in bought.drafts if isinstance(draft.content, Example)]
    assert [(row.id, row.label) for row in kept] == [("u0", "0"), ("u1", "0")]
    assert kept[0].scores == pytest.approx({"0": 0.99, "1": 0.01})
    assert [request.shared for request in teacher.asked] == [True] * 20 + [False] * 3


def test_where_dev_shows_no_such_confidence_nothing_is_bought(
    till: tuple[Till, Brief], reviews: Task
) -> None:
    teacher, brief = till
    bought = teacher.buy(reviews, AnnotateOptions(keep_accuracy=0.95), brief)
    assert len(teacher.asked) == 20
    assert reasons(bought) == {
        20: "nothing is kept: no confidence reaches an accuracy of 0.95 on 20 dev rows; the best "
        "is 0.91, from 0.79 on"
    }


def test_few_dev_rows_are_enough_if_they_are_chosen(
    till: tuple[Till, Brief], reviews: Task
) -> None:
    teacher, brief = till
    options = AnnotateOptions(keep_accuracy=0.5, calibration_rows=12)
    assert build(options, task=reviews).calibration == 12
    bought = teacher.buy(reviews, options, brief)
    assert len(bought.materials) == 12
    assert reasons(bought) == {14: "confidence 0.60 is below 0.63"}


def test_a_plan_orders_every_row(till: tuple[Till, Brief], reviews: Task) -> None:
    _, brief = till
    annotation = build(AnnotateOptions(keep_accuracy=0.9), task=reviews)
    assert len(annotation.orders("calibration", brief)) == 20
    planned = annotation.orders("annotations", replace(brief, placed=20))
    assert [order.number for order in planned] == [20, 21, 22]
    reply = Reply("r", (told("negative", 0.99),))
    (draft,) = annotation.step(planned[0], [reply])
    assert draft.content == Refusal("no threshold: there is no answer to a dev row")  # type: ignore[union-attr]


def test_there_must_be_dev_rows(till: tuple[Till, Brief], reviews: Task) -> None:
    annotation = build(AnnotateOptions(keep_accuracy=0.9), task=reviews)
    with pytest.raises(UserError, match="no dev rows to reach keep_accuracy"):
        annotation.orders("calibration", replace(till[1], dev=()))


def test_an_answer_without_log_probabilities_has_no_confidence(
    till: tuple[Till, Brief], reviews: Task
) -> None:
    teacher, brief = till
    bare = Till({text: Completion(said.text) for text, said in teacher.says.items()})
    bought = bare.buy(reviews, AnnotateOptions(confidence=0.5), brief)
    assert set(reasons(bought).values()) == {
        "its confidence is not known: the reply has no log-probabilities to tell it by"
    }
    bought = bare.buy(reviews, AnnotateOptions(keep_accuracy=0.5), brief)
    assert bought.materials == (Material("confidence", "None right"),) * 8 + tuple(
        Material("confidence", f"None {'wrong' if at % 2 else 'right'}") for at in range(8, 20)
    )
    assert "of 20 dev answers 0 have a confidence" in reasons(bought)[20]


def test_votes_are_a_confidence_too(reviews: Task, brief: Brief) -> None:
    options = AnnotateOptions(votes=3, confidence=0.7)
    annotation = build(options, task=reviews)
    rows = (Example("u", {"text": "Fine."}),)
    (order,) = annotation.orders("annotations", Brief(reviews, "arm", unlabelled=rows))
    replies = [Reply("r", (Completion(said),)) for said in ("positive", "positive", "negative")]
    (draft,) = annotation.step(order, replies)
    assert draft.content == Refusal("confidence 0.67 is below 0.70")  # type: ignore[union-attr]
    (request, *_) = annotation.step(order, ())
    assert isinstance(request, Request) and request.sampling.logprobs is None


def test_texts_are_drafted_with_their_confidence() -> None:
    tokens = (TokenScore("A dog", math.log(0.9)), TokenScore(" runs.", math.log(0.4)))
    says = {
        "dog run": Completion("A dog runs.", tokens=tokens),  # geometric mean .6
        "cat nap": Completion("A cat naps.", tokens=tokens[:1]),
        "cut": Completion("A cut", "length", tokens[:1]),
        "round": Completion("A A A A", "loop", tokens[:1]),
        "no": Completion("I'm sorry, but I can't do that.", tokens=tokens[:1]),
        "bare": Completion("A bare."),
    }
    rows = tuple(Example(f"u{i}", {"concepts": text}) for i, text in enumerate(says))
    brief = Brief(CONCEPTS, "arm", unlabelled=rows)
    bought = Till(says).buy(CONCEPTS, AnnotateOptions(confidence=0.61), brief)
    assert reasons(bought) == {
        0: "confidence 0.60 is below 0.61",
        2: "it is cut off at max_tokens",
        3: "it repeats itself without end",
        4: "refused: I'm sorry, but I can't",
        5: "its confidence is not known: the reply has no log-probabilities to tell it by",
    }
    draft = bought.drafts[1]
    assert isinstance(draft.content, Example)
    assert (draft.content.target, draft.content.references) == ("A cat naps.", ("A cat naps.",))
    assert draft.score == pytest.approx(math.log(0.9))
    assert not reasons(Till(says).buy(CONCEPTS, AnnotateOptions(), brief)).keys() & {0, 1, 5}


def test_texts_that_were_written_are_shown_with_their_target() -> None:
    train = (Example("t", {"concepts": "pig"}, target="A pig.", origin=Origin("train")),)
    rows = (Example("u", {"concepts": "dog"}),)
    brief = Brief(CONCEPTS, "arm", train, rows)
    (order,) = build(AnnotateOptions(shots=1), task=CONCEPTS).orders("annotations", brief)
    assert order.shots == train


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"confidence": 1.2}, "confidence: 1.2 is not a share"),
        ({"keep_accuracy": 0.0}, "keep_accuracy: 0.0 is not a share"),
        ({"confidence": 0.5, "keep_accuracy": 0.9}, "are both given"),
        ({"calibration_rows": 5}, "calibration_rows: 5 is too small"),
        ({"abstain": True, "template": "fields.v1"}, "abstain does not go with"),
    ],
)
def test_confidences_that_cannot_be(reviews: Task, options: dict[str, float], fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        build(AnnotateOptions(**options), task=reviews)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "options", "fault"),
    [
        ("generation", {"keep_accuracy": 0.9}, "keep_accuracy is not for generation tasks"),
        ("multi_label", {"confidence": 0.9}, "confidence is not for multi_label tasks"),
        ("span_qa", {"confidence": 0.9}, "confidence is not for span_qa tasks"),
        ("generation", {"votes": 3}, "votes is for tasks with labels"),
        ("generation", {"soft_labels": True}, "soft_labels is for tasks with labels"),
        ("generation", {"abstain": True}, "abstain is for tasks with labels"),
        ("generation", {"rationale": "after"}, "rationale is for tasks with labels"),
    ],
)
def test_answers_that_have_none(
    reviews: Task, kind: str, options: dict[str, object], fault: str
) -> None:
    task = replace(reviews, kind=kind, labels=reviews.labels if kind == "multi_label" else ())
    with pytest.raises(UserError, match=fault):
        build(AnnotateOptions(**options), task=task)  # type: ignore[arg-type]
