"""SuperGen: candidates by the number, their scores, its published settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Label,
    Origin,
    Refusal,
    Reply,
    Request,
    Sampling,
    Task,
    TokenScore,
)
from tutelage.synthesis.generation_options import SuperGenOptions
from tutelage.synthesis.supergen import SuperGen, build

REVIEWS = Task(
    "reviews", "classification", ("text",), (Label("0", "negative"), Label("1", "positive"))
)
BRIEF = Brief(REVIEWS, "supergen", seed=3)


def supergen(task: Task = REVIEWS, **given: object) -> SuperGen:
    return build(SuperGenOptions(**given), task=task)  # type: ignore[arg-type]


def test_four_candidates_for_each_row_and_three_in_later_waves() -> None:
    made = supergen(rows=20)
    assert made.quota(BRIEF) == {"0": 10, "1": 10}
    first = made.orders("texts", replace(BRIEF, lacking=made.quota(BRIEF)))
    assert Counter(order.label for order in first) == {"0": 40, "1": 40}
    kept = tuple(Example(str(i), {"text": "x"}, "0") for i in range(15))
    later = replace(BRIEF, wave=1, placed=80, accepted=kept, lacking={"0": 1, "1": 4})
    again = made.orders("texts", later)
    assert Counter(order.label for order in again) == {"0": 3, "1": 12}
    assert [order.number for order in again] == list(range(80, 95))
    assert (
        supergen(rows=3, oversample=1.5).orders("texts", BRIEF)[-1].number == 4
    )  # ceil(3), ceil(1.5)


def test_log_probabilities_are_asked_for_and_become_scores() -> None:
    made = supergen(rows=2)
    order = made.orders("texts", BRIEF)[0]
    (asked,) = made.step(order, ())
    assert isinstance(asked, Request) and asked.sampling.logprobs is not None
    tokens = (TokenScore("Dull", -0.5), TokenScore(".", -1.5))
    for given, score in ((tokens, -1.0), (None, None)):
        (draft,) = made.step(order, [Reply("r", (Completion("Dull.", tokens=given),))])
        assert isinstance(draft, Draft) and draft.score == score


def test_what_it_cannot_do_is_refused_with_the_reason() -> None:
    with pytest.raises(UserError, match="whole reply"):
        supergen(texts_per_request=5)


# --- as published ---------------------------------------------------------------------------------

PAIRS = Task(
    "nli",
    "nli",
    ("premise", "hypothesis"),
    tuple(map(Label, ("entailment", "neutral", "contradiction"))),
)


def test_published_reviews() -> None:
    made = supergen(rows=60, oversample=25_000 / 3_000, as_published=True)
    orders = made.orders("texts", BRIEF)
    assert Counter(order.label for order in orders) == {"0": 250, "1": 250}
    assert made.waves == 1
    order = orders[0]
    (asked,) = made.step(order, ())
    assert isinstance(asked, Request)
    opener = order.attributes["opener"]
    assert asked.messages[0].content == f"Reviews Rating: 1.0 {opener}"
    assert asked.sampling == Sampling(temperature=0.2, max_tokens=40, logprobs=0)
    assert len({o.attributes["opener"] for o in orders}) == 8
    (draft,) = made.step(order, [Reply("r", (Completion(" is dull. It ends. And th"),))])
    assert isinstance(draft, Draft) and isinstance(draft.content, Example)
    assert draft.content.fields == {"text": f"{opener} is dull. It ends."}


@pytest.mark.parametrize("text", ["is dull", 'is "dull". And', "is\ndull. And"])
def test_published_filters(text: str) -> None:
    made = supergen(rows=2, as_published=True)
    (draft,) = made.step(made.orders("texts", BRIEF)[0], [Reply("r", (Completion(text),))])
    assert isinstance(draft, Draft) and isinstance(draft.content, Refusal)


def test_published_pairs() -> None:
    made = supergen(PAIRS, rows=3, oversample=1.0, as_published=True)
    premise = Example("p", {"premise": "The moon is far.", "hypothesis": "x"}, "neutral")
    train = (replace(premise, origin=Origin(role="train")),)
    prompts = {}
    for order in made.orders("texts", Brief(PAIRS, "supergen", train, seed=1)):
        (asked,) = made.step(order, ())
        assert isinstance(asked, Request) and asked.sampling.temperature == 0.0
        prompts[order.label] = asked.messages[0].content
    assert prompts == {
        "entailment": "Wikipedia The moon is far. In other words,",
        "neutral": "Wikipedia The moon is far. Furthermore,",
        "contradiction": "Wikipedia There is a rumor that the moon is far. However, the truth is:",
    }


def test_published_prompts_know_few_labels() -> None:
    with pytest.raises(UserError, match="positive, negative alone"):
        supergen(replace(REVIEWS, labels=(Label("spam"), Label("ham"))), as_published=True)
