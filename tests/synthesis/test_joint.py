from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Gist,
    Material,
    Order,
    Origin,
    Refusal,
    Reply,
    Request,
    Task,
    TokenScore,
)
from tutelage.synthesis.joint import Generation, build
from tutelage.synthesis.joint_options import GenerateOptions

CONCEPTS = Task("concepts", "generation", ("concepts",))


def generation(task: Task, **options: object) -> Generation:
    made: Generation = find("synthesizer", "generate").make(
        GenerateOptions(**options),  # type: ignore[arg-type]
        task=task,
    )
    return made


def requests_of(made: Generation, order: Order) -> list[Request]:
    return [request for request in made.step(order, ()) if isinstance(request, Request)]


def drafted(made: Generation, order: Order, completion: Completion) -> Draft:
    (draft,) = made.step(order, [Reply("request1-x", (completion,))])
    assert isinstance(draft, Draft)
    return draft


def refused(made: Generation, order: Order, text: str, finish: str = "stop") -> str:
    content = drafted(made, order, Completion(text, finish)).content
    assert isinstance(content, Refusal)
    return content.reason


def test_texts_are_written_for_labels_that_the_prompt_names(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=7)
    assert made.stages == ("rows",)
    assert made.quota(brief) == {"e": 3, "n": 2, "c": 2}
    orders = made.orders("rows", brief)
    assert [order.label for order in orders] == ["e", "n", "c", "e", "n", "c", "e"]
    (request,) = requests_of(made, orders[0])
    assert request.messages[0].content == (
        "Write an example: premise, hypothesis.\nLabel: entailment\n"
    )
    s = request.sampling
    assert (s.temperature, s.top_p, s.max_tokens, s.stop, s.logprobs) == (1.0, 0.9, 256, (), None)
    draft = drafted(made, orders[1], Completion("Premise: A\nHypothesis: B\\nC"))
    assert draft.content == Example(
        "arm.0.1",
        {"premise": "A", "hypothesis": "B\nC"},
        label="n",
        origin=Origin(arm="arm", order=1, requests=("request1-x",)),
    )


def test_labels_are_left_to_the_teacher(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=4, balance="free", logprobs=True)
    assert made.quota(brief) == {"": 4}
    orders = made.orders("rows", brief)
    assert [order.label for order in orders] == [None] * 4
    (request,) = requests_of(made, orders[0])
    assert request.messages[0].content == "Write an example: label, premise, hypothesis.\n"
    assert request.gist == Gist("text", wanted=("Label", "premise", "hypothesis"), lines=True)
    text = "Label: neutral\nPremise: A\nHypothesis: B"
    tokens = (TokenScore("Label", -1.0), TokenScore("...", -2.0))
    draft = drafted(made, orders[0], Completion(text, tokens=tokens))
    assert isinstance(draft.content, Example)
    assert (draft.content.label, draft.score, draft.raw) == ("n", -1.5, text)


def test_labels_in_the_shares_of_gold(nli: Task, brief: Brief) -> None:
    train = (*brief.train, *(replace(brief.train[0], id=f"more{i}") for i in range(12)))
    made = generation(nli, rows=6, balance="gold")
    assert made.quota(replace(brief, train=train)) == {"e": 4, "n": 1, "c": 1}


def test_texts_and_targets_are_written_together() -> None:
    made = generation(CONCEPTS, rows=2)
    brief = Brief(CONCEPTS, "arm")
    assert made.quota(brief) == {"": 2}
    order = made.orders("rows", brief)[0]
    (request,) = requests_of(made, order)
    assert request.messages[0].content == "Write an example: concepts, target.\n"
    content = drafted(made, order, Completion("Concepts: dog\nTarget: A dog.")).content
    assert isinstance(content, Example)
    assert (content.target, content.references) == ("A dog.", ("A dog.",))


def test_what_cannot_be_read_is_refused_and_not_asked_again(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=1, balance="free")
    (order,) = made.orders("rows", brief)
    assert refused(made, order, "") == "it is empty"
    assert refused(made, order, "Premise: A\nHypothesis: B") == "Label is missing"
    assert refused(made, order, "Label: x\nPremise: A\nHypothesis: B") == "unknown label: 'x'"
    assert refused(made, order, "Label: neutral\nPremise: A", "length") == (
        "it is cut off at max_tokens; Hypothesis is missing"
    )
    assert refused(made, order, "Label: la la", "loop").startswith("it repeats itself without end")
    assert refused(made, order, "", "content_filter") == "blocked by a content filter"
    assert refused(made, order, "I'm sorry, but I can't help.") == "refused: I'm sorry, but I can't"


def test_a_row_that_was_cut_off_in_its_last_part_is_refused(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=1)
    order = made.orders("rows", brief)[0]
    whole = "Premise: A\nHypothesis: B"
    assert refused(made, order, whole, "length") == "it is cut off at max_tokens"
    assert refused(made, order, whole, "loop") == "it repeats itself without end"


def test_rows_are_shown_anew_in_each_prompt_and_not_copied(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=6, shots=2, template="compose_told.v1")
    orders = made.orders("rows", brief)
    assert all(shot.label == order.label for order in orders for shot in order.shots)
    assert len({str(order.shots) for order in orders}) == 6
    (request,) = requests_of(made, orders[0])
    shot = orders[0].shots[0]
    assert f"Label: entailment\nPremise: {shot.fields['premise']}\n" in request.messages[0].content
    assert request.sampling.stop == ("\n\n",)
    again = f"Premise: {shot.fields['premise']}\nHypothesis: {shot.fields['hypothesis']}"
    assert refused(made, orders[0], again) == f"it copies the row {shot.id}"
    free = generation(nli, rows=3, shots=3, balance="free").orders("rows", brief)
    assert {shot.label for order in free for shot in order.shots} == {"e", "n", "c"}


def test_later_waves_order_more_where_much_was_refused(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=8, balance="free")
    accepted = tuple(Example(str(i), {}) for i in range(4))
    later = replace(brief, wave=1, placed=8, accepted=accepted, lacking={"": 4})
    orders = made.orders("rows", later)
    assert [order.number for order in orders] == list(range(8, 16))


def gal(gist: Gist, asked: int) -> str:
    """Inputs that repeat every third time, and an answer to each."""
    if gist.kind == "answer":
        return "neutral" if "0" in gist.given["premise"] else "entailment"
    number = asked - asked // 3
    return f"Premise: P {number}\nHypothesis: H {number}"


def test_inputs_first_and_then_their_labels(nli: Task, brief: Brief, shopping: object) -> None:
    made = generation(nli, rows=6, then="annotate")
    assert made.stages == ("inputs", "labels")
    assert made.quota(brief) == {"": 6}
    bought = shopping(made, replace(brief, lacking={"": 6}), gal)  # type: ignore[operator]
    assert [m.kind.split()[:3] for m in bought.materials] == [
        ["input", "0", str(i)] for i in range(6)
    ]
    rows = [draft.content for draft in bought.drafts if isinstance(draft.content, Example)]
    # P 0, P 1, P 2, P 2, P 3, P 4
    assert [row.fields["premise"] for row in rows] == ["P 0", "P 1", "P 2", "P 3", "P 4"]
    assert [row.label for row in rows] == ["n", "e", "e", "e", "e"]
    assert [row.id for row in rows] == [f"arm.0.{i}" for i in (0, 1, 2, 4, 5)]
    assert all(len(row.origin.requests) == 2 and not row.origin.source for row in rows)
    assert {request for row in rows for request in row.origin.requests} < set(bought.requests)
    texts = [r.messages[0].content for r in shopping.requests]  # type: ignore[attr-defined]
    assert texts[:6] == ["Write an example: premise, hypothesis.\n"] * 6
    assert texts[6].endswith("Premise: P 0\nHypothesis: H 0\nAnswer:")


def test_later_waves_answer_new_inputs_only(nli: Task, brief: Brief, shopping: object) -> None:
    made = generation(nli, rows=6, then="annotate")
    first = shopping(made, replace(brief, lacking={"": 6}), gal)  # type: ignore[operator]
    serial = count(100)

    def more(gist: Gist, asked: int) -> str:
        number = 0 if asked == 0 else next(serial)
        return (
            gal(gist, asked)
            if gist.kind == "answer"
            else f"Premise: P {number}\nHypothesis: H {number}"
        )

    later = replace(
        brief,
        lacking={"": 3},
        wave=1,
        placed=first.placed,
        accepted=(Example("x", {}),) * 3,
        materials=first.materials,
    )
    second = shopping(made, later, more)  # type: ignore[operator]
    # Six inputs were ordered for three rows that were kept: six more for the three that lack.
    assert Counter(type(draft.content) for draft in second.drafts) == {Material: 6, Example: 5}
    assert min(draft.order for draft in second.drafts) == first.placed


def test_a_plan_counts_an_answer_for_each_row(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=6, then="annotate")
    assert len(made.orders("inputs", brief)) == 6
    assert len(made.orders("labels", replace(brief, placed=6))) == 6
    assert made.orders("labels", replace(brief, placed=6, lacking={"": 6})) == []
    recorded = (Material("input 0 3 request1-y", "Premise: A\nHypothesis: B"),)
    (order,) = made.orders("labels", replace(brief, placed=6, materials=recorded))
    assert order.source is not None and order.source.fields == {"premise": "A", "hypothesis": "B"}


def test_answers_are_weighed_as_by_annotate(nli: Task, brief: Brief, shopping: object) -> None:
    dev = tuple(
        Example(f"d{i}", {"premise": f"D {i}", "hypothesis": "x"}, label="c", origin=Origin("dev"))
        for i in range(12)
    )
    made = generation(nli, rows=4, then="annotate", keep_accuracy=0.9)
    assert (made.calibration, made.stages) == (200, ("calibration", "inputs", "labels"))
    full = replace(brief, dev=dev, lacking={"": 4})
    bought = shopping(made, full, gal)  # type: ignore[operator]
    # This teacher gives no log-probabilities: no threshold, so nothing is written either.
    assert len(shopping.requests) == 12  # type: ignore[attr-defined]
    assert isinstance(bought.drafts[-1].content, Refusal)
    assert bought.drafts[-1].content.reason.startswith("nothing is kept: of 12 dev answers 0")
    assert generation(nli, then="annotate", confidence=0.5).calibration == 0
    assert generation(nli).calibration == 0


def test_quotas_of_labels_hold_for_answers_too(nli: Task, brief: Brief) -> None:
    made = generation(nli, rows=6, then="annotate", balance="equal")
    assert made.quota(brief) == {"e": 2, "n": 2, "c": 2}
    assert [order.label for order in made.orders("inputs", brief)] == [None] * 6


def test_rows_with_several_labels_are_written_and_then_answered(reviews: Task) -> None:
    several = replace(reviews, kind="multi_label")
    made = generation(several, rows=2, then="annotate")
    assert made.quota(Brief(several, "arm")) == {"": 2}
    with pytest.raises(UserError, match="Rows of a multi_label task"):
        generation(several)
    with pytest.raises(UserError, match="balance: equal is for rows with one label"):
        generation(several, then="annotate", balance="equal")


@pytest.mark.parametrize("name", ["soft_labels", "confidence", "keep_accuracy"])
def test_options_that_need_answers(nli: Task, name: str) -> None:
    with pytest.raises(UserError, match=f"{name} needs then: annotate"):
        build(GenerateOptions(**{name: 1}), task=nli)  # type: ignore[arg-type]


def test_fields_that_cannot_be_told_apart_are_refused_before_anything_is_bought(nli: Task) -> None:
    with pytest.raises(UserError, match="cannot be written out as lines"):
        generation(replace(nli, fields=("label", "hypothesis")), balance="free")
    with pytest.raises(UserError, match="There is no template"):
        generation(nli, template="mine.jinja")
