"""ProGen: ZeroGen without feedback, in-context feedback with it; its published settings."""

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
    Feedback,
    Label,
    Material,
    Message,
    Order,
    Refusal,
    Reply,
    Request,
    Sampling,
    Task,
    Weighted,
)
from tutelage.synthesis import zerogen
from tutelage.synthesis.generation_options import ProGenOptions
from tutelage.synthesis.progen import ProGen, build
from tutelage.synthesis.writer_options import ZeroGenOptions

REVIEWS = Task(
    "reviews", "classification", ("text",), (Label("0", "negative"), Label("1", "positive"))
)
WORDS = ["acting", "plot", "music", "ending", "camera", "pace", "script", "cast", "humour", "heart"]
HELPFUL = tuple(
    Weighted(Example(f"{label}{i}", {"text": f"{said} {word}"}, label=label), 0.1, "influence")
    for label, said in (("0", "Dull"), ("1", "Lovely"))
    for i, word in enumerate(WORDS)
)
BRIEF = Brief(REVIEWS, "progen", turn=1, seed=3, feedback=Feedback(HELPFUL))


def progen(**given: object) -> ProGen:
    return build(ProGenOptions(**given), task=REVIEWS)  # type: ignore[arg-type]


def request(made: ProGen, order: Order) -> Request:
    (found,) = made.step(order, ())
    assert isinstance(found, Request)
    return found


def drafted(made: ProGen, order: Order, text: str) -> Draft:
    (found,) = made.step(order, [Reply("request1-0", (Completion(text),))])
    assert isinstance(found, Draft)
    return found


def test_without_feedback_it_is_zerogen() -> None:
    bare = replace(BRIEF, turn=0, feedback=None)
    orders = progen(rows=40).orders("texts", bare)
    plain = zerogen.build(ZeroGenOptions(rows=40), task=REVIEWS)
    assert orders == plain.orders("texts", bare)
    made = progen(rows=40)
    assert request(made, orders[0]) == plain.step(orders[0], ())[0]


def test_half_of_the_orders_show_eight_helpful_rows_of_their_label() -> None:
    orders = progen(rows=400).orders("texts", BRIEF)
    showing = [order for order in orders if order.shots]
    assert 160 <= len(showing) <= 240
    for order in showing:
        assert order.kind == "like" and len({shot.id for shot in order.shots}) == 8
        assert {shot.label for shot in order.shots} == {order.label}
    assert len({tuple(s.id for s in o.shots) for o in showing}) > 100  # drawn anew for each order
    assert orders == progen(rows=400).orders("texts", BRIEF)
    assert orders != progen(rows=400).orders("texts", replace(BRIEF, seed=4))
    assert [o.label for o in orders] == [
        o.label for o in progen(rows=400, feedback_share=0.0).orders("texts", BRIEF)
    ]


def test_a_label_without_helpful_rows_is_written_plainly() -> None:
    brief = replace(BRIEF, feedback=Feedback(HELPFUL[:3]))
    orders = progen(rows=40, feedback_share=1.0).orders("texts", brief)
    assert {len(o.shots) for o in orders if o.label == "0"} == {3}
    assert {o.kind for o in orders if o.label == "1"} == {"texts"}


def test_the_prompt_shows_the_rows() -> None:
    made = progen(rows=2, shots=2, feedback_share=1.0)
    asked = request(made, made.orders("texts", BRIEF)[0]).messages[0].content
    assert asked.startswith("Label: negative\n\nExample 1\nText: Dull ")
    assert "Example 2\nText: Dull " in asked and "not a copy of those shown" in asked
    assert request(made, made.orders("texts", BRIEF)[0]).gist is not None


def test_copies_of_what_was_shown_are_refused() -> None:
    made = progen(rows=2, feedback_share=1.0)
    order = made.orders("texts", BRIEF)[0]
    copy = drafted(made, order, order.shots[0].fields["text"].upper())
    assert copy.content == Refusal(f"it copies the row {order.shots[0].id}")
    assert isinstance(drafted(made, order, "It has no story at all.").content, Example)


def test_a_schedule_says_how_many_rows_there_are_after_each_turn() -> None:
    made = progen(schedule=(100, 400, 1200))
    sizes = [made.quota(replace(BRIEF, turn=turn)) for turn in range(5)]
    assert sizes == [{"0": n // 2, "1": n // 2} for n in (100, 300, 800, 800, 800)]
    assert len(made.orders("texts", replace(BRIEF, turn=0))) == 100
    for wrong in ((), (100, 100), (200, 100)):
        with pytest.raises(UserError, match="does not rise"):
            progen(schedule=wrong)


def test_it_writes_for_single_labels() -> None:
    with pytest.raises(UserError, match="span_qa"):
        build(ProGenOptions(), task=replace(REVIEWS, kind="span_qa", labels=()))


# --- as published ---------------------------------------------------------------------------------


def published_order(made: ProGen, shots: Sequence[Example]) -> Order:
    brief = replace(BRIEF, materials=(Material("topic", "Heat"),))
    order = next(o for o in made.orders("texts", brief) if o.label == "1" and o.shots)
    return replace(order, shots=tuple(shots))


def test_the_published_settings() -> None:
    options = ProGenOptions()
    assert (options.shots, options.feedback_share, options.most_shared) == (8, 0.5, 0.9)
    made = progen(rows=40, topics=1, as_published=True, feedback_share=1.0)
    order = published_order(made, [HELPFUL[10].example, HELPFUL[11].example])
    asked = request(made, order)
    assert asked.messages == (
        Message(
            "user",
            'The movie review is: "Lovely acting"\n\nThe movie review is: "Lovely plot"\n\n'
            'The movie review in positive sentiment for movie "Heat" is: "',
        ),
    )
    assert asked.sampling == Sampling(temperature=1.0, top_p=0.9, max_tokens=100)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('One two three four five six seven eight nine eleven and more" and', False),  # 9 of 10
        ('One two three four five six seven eight and much more of it" and', True),  # 8 of 10
        ('Nine words are one too few for this method" and', False),
    ],
)
def test_the_published_filters(text: str, kept: bool) -> None:
    made = progen(rows=40, topics=1, as_published=True, feedback_share=1.0)
    shown = Example(
        "s", {"text": "One, two, three, four, five, six, seven, eight, nine, ten."}, "1"
    )
    content = drafted(made, published_order(made, [shown]), text).content
    assert isinstance(content, Example) is kept
