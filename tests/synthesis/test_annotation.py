from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Feedback,
    Label,
    Order,
    Origin,
    Refusal,
    Reply,
    Request,
    Task,
    TokenScore,
    Weighted,
)
from tutelage.synthesis.annotate_options import AnnotateOptions
from tutelage.synthesis.annotation import Annotation, build


def chosen(annotation: Annotation, brief: Brief) -> list[str]:
    return [order.source.id for order in annotation.orders("annotations", brief) if order.source]


def asked(annotation: Annotation, order: Order) -> list[Request]:
    requests = annotation.step(order, ())
    assert all(isinstance(request, Request) for request in requests)
    return [request for request in requests if isinstance(request, Request)]


def drafted(annotation: Annotation, order: Order, *texts: str) -> Draft:
    replies = [Reply(f"request1-{i}", (Completion(text),)) for i, text in enumerate(texts)]
    (draft,) = annotation.step(order, replies)
    assert isinstance(draft, Draft)
    return draft


def test_all_offered_rows_are_labelled(nli: Task, brief: Brief) -> None:
    annotation = find("synthesizer", "annotate").make(AnnotateOptions(), task=nli)
    orders = annotation.orders("annotations", brief)
    assert [order.number for order in orders] == list(range(20))
    (request,) = asked(annotation, orders[0])
    assert "Cat 0 sleeps." in request.messages[0].content
    assert annotation.orders("annotations", replace(brief, turn=1)) == []


def test_a_draft_has_the_rows_id_and_the_teachers_label(nli: Task, brief: Brief) -> None:
    annotation = build(AnnotateOptions(rationale="before"), task=nli)
    order = annotation.orders("annotations", replace(brief, turn=0))[3]
    draft = drafted(annotation, order, "It rests.\nAnswer: contradiction")
    assert draft.content == Example(
        "u3",
        brief.unlabelled[3].fields,
        label="c",
        rationale="It rests.",
        origin=Origin("unlabelled", "arm", 0, 3, ("request1-0",), source="u3"),
    )


def test_what_was_hidden_stays_hidden(nli: Task, brief: Brief) -> None:
    order = build(AnnotateOptions(), task=nli).orders("annotations", brief)[0]
    assert order.source is not None
    assert order.source.answer is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty reply"),
        ("unsure", "abstained"),
        ("As an AI language model, I have no view.", "refused: As an AI language model"),
        ("entailment or neutral", "no label can be read for certain"),
    ],
)
def test_no_label_is_a_refusal(nli: Task, brief: Brief, text: str, reason: str) -> None:
    annotation = build(AnnotateOptions(abstain=True), task=nli)
    order = annotation.orders("annotations", brief)[0]
    assert drafted(annotation, order, text).content == Refusal(reason)


def test_shots_are_balanced_and_the_same_for_all(nli: Task, brief: Brief) -> None:
    orders = build(AnnotateOptions(shots=3), task=nli).orders("annotations", brief)
    assert {row.label for row in orders[0].shots} == {"e", "n", "c"}
    assert all(order.shots == orders[0].shots for order in orders)


def test_random_turns_never_meet(nli: Task, brief: Brief) -> None:
    annotation = build(AnnotateOptions(rows=8), task=nli)
    turns = [set(chosen(annotation, replace(brief, turn=t))) for t in range(3)]
    assert [len(turn) for turn in turns] == [8, 8, 4]
    assert len(set.union(*turns)) == 20


def test_coverage_leaves_out_what_was_kept(nli: Task, brief: Brief) -> None:
    annotation = build(AnnotateOptions(rows=15, choose="coverage"), task=nli)
    kept = tuple(replace(row, label="n") for row in brief.unlabelled[:10])
    later = replace(brief, kept=kept, turn=1)
    assert sorted(chosen(annotation, later)) == sorted(f"u{i}" for i in range(10, 20))


def test_doubt_and_errors_choose_once_there_is_feedback(nli: Task, brief: Brief) -> None:
    rows = brief.unlabelled
    doubts = Feedback((Weighted(rows[7], 0.9, "unsure"), Weighted(rows[2], 0.8, "unsure")))
    errors = Feedback((Weighted(Example("p", {"premise": "Cat 13 sleeps."}), 1.0, "wrong"),))
    by_doubt = build(AnnotateOptions(rows=2, choose="uncertainty"), task=nli)
    by_error = build(AnnotateOptions(rows=1, choose="near_errors"), task=nli)
    by_chance = build(AnnotateOptions(rows=2), task=nli)
    assert chosen(by_doubt, replace(brief, feedback=doubts, turn=1)) == ["u7", "u2"]
    assert chosen(by_error, replace(brief, feedback=errors, turn=1)) == ["u13"]
    assert chosen(by_doubt, brief) == chosen(by_chance, brief)


def test_votes_buy_several_draws_of_one_prompt(nli: Task, brief: Brief) -> None:
    annotation = build(AnnotateOptions(votes=5), task=nli)
    order = annotation.orders("annotations", brief)[0]
    requests = asked(annotation, order)
    assert len(requests) == 5
    assert len({request.prompt_hash for request in requests}) == 1
    assert not requests[0].shared
    assert requests[0].sampling.temperature == 0.7
    draft = drafted(annotation, order, "neutral", "neutral", "entailment", "neutral", "hm")
    assert isinstance(draft.content, Example)
    assert draft.content.label == "n"
    assert draft.content.scores == {"e": 0.25, "n": 0.75, "c": 0.0}
    assert len(draft.content.origin.requests) == 5


def test_votes_without_a_majority_are_refused(nli: Task, brief: Brief) -> None:
    annotation = build(AnnotateOptions(votes=3), task=nli)
    order = annotation.orders("annotations", brief)[0]
    tie = drafted(annotation, order, "neutral", "entailment", "hm")
    assert tie.content == Refusal("no majority among the votes")
    unreadable = drafted(annotation, order, "hm", "neutral", "oh")
    assert unreadable.content == Refusal("no majority among the votes")


def test_votes_on_several_labels_count_each_label(brief: Brief) -> None:
    task = Task("m", "multi_label", ("premise",), (Label("joy"), Label("fear")))
    annotation = build(AnnotateOptions(votes=3), task=task)
    order = annotation.orders("annotations", brief)[0]
    draft = drafted(annotation, order, "joy, fear", "joy", "none")
    assert isinstance(draft.content, Example)
    assert (draft.content.label, draft.content.labels) == (None, ("joy",))
    assert draft.content.scores == pytest.approx({"joy": 2 / 3, "fear": 1 / 3})
    assert drafted(annotation, order, "none", "none", "none").content.labels == ()  # type: ignore[union-attr]


def test_soft_labels_come_from_log_probabilities(nli: Task, brief: Brief) -> None:
    annotation = build(AnnotateOptions(soft_labels=True), task=nli)
    order = annotation.orders("annotations", brief)[0]
    assert asked(annotation, order)[0].sampling.logprobs == 20
    top = {"neutral": math.log(0.5), "ent": math.log(0.25)}
    tokens = (TokenScore("neutral", math.log(0.5), top),)
    (draft,) = annotation.step(order, [Reply("r", (Completion("neutral", tokens=tokens),))])
    assert isinstance(draft, Draft)
    assert isinstance(draft.content, Example)
    assert draft.content.scores == pytest.approx({"e": 1 / 3, "n": 2 / 3, "c": 0.0})


def test_what_cannot_be_is_refused(nli: Task, brief: Brief) -> None:
    with pytest.raises(UserError, match="no unlabelled rows"):
        build(AnnotateOptions(), task=nli).orders("annotations", replace(brief, unlabelled=()))
    with pytest.raises(UserError, match="votes: 3 does not go with temperature: 0"):
        build(AnnotateOptions(votes=3, temperature=0), task=nli)
    with pytest.raises(UserError, match="votes: 3 does not go with soft_labels"):
        build(AnnotateOptions(votes=3, soft_labels=True), task=nli)
    with pytest.raises(UserError, match="votes: 0 is too small"):
        build(AnnotateOptions(votes=0), task=nli)
    with pytest.raises(UserError, match="no template 'other'"):
        build(AnnotateOptions(template="other"), task=nli)
