from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Brief, Example, Gist, Origin, Refusal, Task
from tutelage.synthesis.goldgen import GoldGen, build
from tutelage.synthesis.showing import Showing
from tutelage.synthesis.writer_options import GoldGenOptions


def made(task: Task, **given: Any) -> GoldGen:
    return build(replace(GoldGenOptions(), **given), task=task)


@pytest.fixture
def gold(reviews: Task) -> Brief:
    """Six rows of each label: three about acting, three about music."""
    train = tuple(
        Example(
            f"{label}{i}",
            {"text": f"The {'acting of the cast' if i < 3 else 'music and songs'} take {i}"},
            label,
            origin=Origin("train"),
        )
        for i in range(6)
        for label in "01"
    )
    return Brief(reviews, "gold", train, seed=3)


def test_shots_are_of_the_label_that_is_written_for(reviews: Task, gold: Brief) -> None:
    for choose in ("random", "balanced", "nearest"):
        orders = made(reviews, rows=12, shots=2, choose=choose).orders("texts", gold)
        assert len(orders) == 12
        assert all(len(order.shots) == 2 for order in orders)
        assert all(shot.label == order.label for order in orders for shot in order.shots)
        assert all(len({shot.id for shot in order.shots}) == 2 for order in orders)


def test_balanced_shows_each_row_equally_often(reviews: Task, gold: Brief) -> None:
    orders = made(reviews, rows=12, shots=2).orders("texts", gold)
    shown = Counter(shot.id for order in orders for shot in order.shots)
    assert set(shown.values()) == {2}
    assert len(shown) == 12


def test_nearest_shows_rows_that_are_alike(gold: Brief) -> None:
    showing = Showing(gold, count=3, choose="nearest")
    for _ in range(6):
        topics = {shot.fields["text"].split()[1] for shot in showing.next("0")}
        assert len(topics) == 1


def test_the_same_rows_serve_several_orders(reviews: Task, gold: Brief, shopping: Any) -> None:
    shopping(made(reviews, rows=12, shots=3, redraw=3), gold, lambda g, t: f"{g.label} says {t}")
    prompts = Counter(request.prompt_hash for request in shopping.requests)
    assert sorted(prompts.values()) == [3, 3, 3, 3]
    assert sorted({request.draw for request in shopping.requests}) == [0, 1, 2]
    assert shopping.requests[0].gist.shots == 3


def test_a_choice_does_not_depend_on_the_order_of_the_file(reviews: Task, gold: Brief) -> None:
    turned = replace(gold, train=tuple(reversed(gold.train)))
    for choose in ("random", "balanced", "nearest"):
        made_ = made(reviews, rows=12, shots=2, choose=choose)
        assert made_.orders("texts", gold) == made_.orders("texts", turned)


def test_copies_of_what_was_shown_are_refused_with_the_reason(
    reviews: Task, gold: Brief, shopping: Any
) -> None:
    long = "This film has everything one could ask for on a long rainy Sunday afternoon"
    train = tuple(replace(row, fields={"text": long}) for row in gold.train[:2])

    def copying(gist: Gist, time: int) -> str:
        return {"0": f'"{long.upper()}!!"', "1": f"{long} again"}[gist.label or ""]

    bought = shopping(made(reviews, rows=2, shots=1), replace(gold, train=train), copying)
    assert [draft.content for draft in bought.drafts] == [
        Refusal("it copies the row 00"),
        Refusal("10, which was shown, has 93% of its words"),
    ]
    assert bought.shown == ("00", "10")


def test_pairs_get_their_first_text_from_gold(nli: Task, brief: Brief, shopping: Any) -> None:
    shopping(made(nli, rows=6, shots=2), brief, lambda gist, time: f"It is {time}.")
    text = shopping.requests[0].messages[0].content
    assert text.index("Example 2\nPremise: Dog") < text.rindex("Premise: Dog")
    assert "Write one further example of a hypothesis" in text


def test_a_label_without_gold_rows_is_a_clear_fault(reviews: Task, gold: Brief) -> None:
    one = replace(gold, train=tuple(row for row in gold.train if row.label == "0"))
    with pytest.raises(UserError, match="no gold train row of the label 1"):
        made(reviews).orders("texts", one)
    with pytest.raises(UserError, match="does not write questions"):
        made(Task("qa", "span_qa", ("context", "question")))
