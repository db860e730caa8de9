from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Completion,
    Example,
    Feedback,
    Gist,
    Label,
    Order,
    Origin,
    Reply,
    Request,
    Span,
    Task,
    Weighted,
)
from tutelage.synthesis.extrapolation import Extrapolation, build
from tutelage.synthesis.writer_options import ExtrapolateOptions, ZeroGenOptions
from tutelage.synthesis.zerogen import build as build_zerogen


def made(task: Task, **given: Any) -> Extrapolation:
    return build(replace(ExtrapolateOptions(), **given), task=task)


def say(gist: Gist, time: int) -> str:
    if gist.kind == "reasons":
        return json.dumps([f"reason {gist.label} {i}" for i in range(gist.count)])
    return f"{gist.kind} {gist.label} {' '.join(gist.given.values())} number {time}"


def errors(*labels: str, weights: tuple[float, ...] = ()) -> Feedback:
    """One wrong row of the pool for each label."""
    return Feedback(
        tuple(
            Weighted(
                Example(f"p{i}", {"text": f"error {i}"}, label, origin=Origin("pool")),
                weights[i] if weights else 1.0,
                "predicted other",
            )
            for i, label in enumerate(labels)
        )
    )


def sent(synthesizer: Extrapolation, order: Order) -> str:
    (request,) = synthesizer.step(order, ())
    assert isinstance(request, Request)
    return request.messages[-1].content


# --- seeds ----------------------------------------------------------------------------------------


def test_seeds_are_written_for_reasons_of_their_label(reviews: Task, shopping: Any) -> None:
    """Algorithm 1: X reasons for each label, k distinct ones in the prompt of each seed."""
    synthesizer = made(reviews, seed_rows=40, reasons=5, reasons_per_text=2)
    assert synthesizer.stages == ("reasons", "texts")
    brief = Brief(reviews, "s3", seed=1)
    assert synthesizer.quota(brief) == {"0": 20, "1": 20}
    bought = shopping(synthesizer, brief, say)
    first, second, *texts = shopping.requests
    assert "Label: negative (Regrets it.)" in first.messages[0].content
    assert "Give 5 different reasons" in second.messages[0].content
    assert len(bought.materials) == 10
    used: Counter[str] = Counter()
    for request in texts:
        lines = [
            line for line in request.messages[0].content.split("\n") if line.startswith("- reason")
        ]
        assert len(set(lines)) == 2
        assert all(f"reason {request.gist.label}" in line for line in lines)
        used.update(lines)
    assert len(used) == 10


def test_without_reasons_the_requests_are_those_of_zerogen(reviews: Task, shopping: Any) -> None:
    """So that an arm of seeds and one of zero-shot texts pay for the same replies once."""
    brief = Brief(reviews, "s3")
    shopping(made(reviews, seed="plain", seed_rows=6), brief, say)
    seeds, shopping.requests = shopping.requests, []
    zerogen = build_zerogen(ZeroGenOptions(rows=10), task=reviews)
    shopping(zerogen, replace(brief, arm="zerogen"), say)
    assert [request.hash for request in seeds] == [r.hash for r in shopping.requests[:6]]


def test_no_seeds_and_no_reasons_where_none_are_wanted(reviews: Task, nli: Task) -> None:
    synthesizer = made(reviews, seed="none")
    assert synthesizer.stages == ("texts",)
    brief = Brief(reviews, "s3")
    assert synthesizer.quota(brief) == {}
    assert synthesizer.orders("texts", brief) == []
    assert made(nli).stages == ("texts",)


def test_pairs_are_seeded_plainly_for_first_texts(nli: Task, brief: Brief, shopping: Any) -> None:
    bought = shopping(made(nli, seed_rows=6), brief, say)
    assert all(request.gist.given["premise"] for request in shopping.requests)
    assert Counter(
        draft.content.label for draft in bought.drafts if isinstance(draft.content, Example)
    ) == {"e": 2, "n": 2, "c": 2}


# --- variations -----------------------------------------------------------------------------------


def later(task: Task, feedback: Feedback | None, **given: Any) -> Brief:
    return replace(Brief(task, "s3", turn=1, feedback=feedback, seed=1), **given)


def test_each_error_is_varied_once_with_its_label(reviews: Task, shopping: Any) -> None:
    """Algorithm 2: one new row for each error, its label copied."""
    synthesizer = made(reviews)
    brief = later(reviews, errors("0", "1", "1"))
    assert synthesizer.quota(brief) == {"0": 1, "1": 2}
    bought = shopping(synthesizer, brief, say)
    rows = {draft.content.origin.source: draft.content for draft in bought.drafts}
    assert {name: row.label for name, row in rows.items()} == {"p0": "0", "p1": "1", "p2": "1"}
    assert sorted(row.id for row in rows.values()) == ["s3.1.0", "s3.1.1", "s3.1.2"]
    assert all(row.origin.role == "" for row in rows.values())
    assert bought.shown == ("p0", "p1", "p2")
    gists = {request.gist.given["text"]: request.gist for request in shopping.requests}
    assert gists["error 0"] == Gist("variation", "0", {"text": "error 0"}, ("text",))


@pytest.mark.parametrize("feedback", [None, Feedback()])
def test_without_errors_nothing_is_ordered(reviews: Task, feedback: Feedback | None) -> None:
    synthesizer = made(reviews, rows=10)
    brief = later(reviews, feedback)
    assert synthesizer.quota(brief) == {}
    assert [synthesizer.orders(stage, brief) for stage in synthesizer.stages] == [[], []]


def sources(synthesizer: Extrapolation, brief: Brief) -> Counter[str]:
    orders = synthesizer.orders("texts", brief)
    counts: Counter[str] = Counter()
    for order in orders:
        assert order.source is not None
        counts[order.source.id] += order.count
    quota = synthesizer.quota(brief)
    if not brief.wave:
        assert sum(quota.values()) == counts.total()
    return counts


def test_several_variations_and_their_cap_over_all_turns(reviews: Task) -> None:
    feedback = errors("0", "1")
    brief = later(reviews, feedback)
    assert sources(made(reviews, variations=3), brief) == {"p0": 3, "p1": 3}
    seeds = tuple(Example(f"s{i}", {}, "0", origin=Origin(source="p0", turn=0)) for i in range(9))
    kept = tuple(Example(f"k{i}", {}, "0", origin=Origin(source="p0", turn=1)) for i in range(3))
    again = replace(brief, turn=2, kept=(*seeds, *kept))
    capped = made(reviews, variations=3, most_variations=4)
    assert sources(capped, again) == {"p0": 1, "p1": 3}
    assert sources(replace(capped, options=replace(capped.options, most_variations=3)), again) == {
        "p1": 3
    }


def test_a_number_of_rows_is_dealt_over_the_errors(reviews: Task) -> None:
    brief = later(reviews, errors("0", "1", "1", weights=(1.0, 4.0, 1.0)))
    counts = sources(made(reviews, rows=8), brief)
    assert counts["p1"] == 3  # the heaviest is dealt to first
    assert sorted(counts.values()) == [2, 3, 3]
    assert sources(made(reviews, rows=12, weighted=True), brief) == {"p0": 2, "p1": 8, "p2": 2}


def test_rows_that_have_had_their_most_leave_an_account_of_what_lacks(reviews: Task) -> None:
    brief = later(reviews, errors("0", "1", "1"))
    capped = made(reviews, rows=9, most_variations=2)
    assert capped.quota(brief) == {"0": 3, "1": 6}
    orders = capped.orders("texts", brief)
    assert Counter(order.source.id for order in orders if order.source) == {
        "p0": 2, "p1": 2, "p2": 2,
    }  # fmt: skip
    assert made(reviews, most_variations=1).quota(brief) == {"0": 1, "1": 2}


def test_a_share_of_the_errors_is_the_heaviest(reviews: Task) -> None:
    brief = later(reviews, errors("0", "1", "1", "1", weights=(1.0, 4.0, 3.0, 2.0)))
    assert set(sources(made(reviews, share=0.5), brief)) == {"p1", "p2"}
    assert set(sources(made(reviews, share=0.51), brief)) == {"p1", "p2", "p3"}


def test_labels_may_be_made_even(reviews: Task) -> None:
    brief = later(reviews, errors("0", "1", "1", "1"))
    synthesizer = made(reviews, rows=6, even_labels=True)
    assert synthesizer.quota(brief) == {"0": 3, "1": 3}
    assert sources(synthesizer, brief) == {"p0": 3, "p1": 1, "p2": 1, "p3": 1}


def test_a_later_wave_varies_the_rows_that_lack(reviews: Task) -> None:
    brief = later(reviews, errors("0", "1"))
    synthesizer = made(reviews, variations=2)
    got = tuple(Example(f"k{i}", {}, "0", origin=Origin(source="p0", turn=1)) for i in range(2))
    wave = replace(brief, wave=1, placed=4, accepted=got, lacking={"0": 0, "1": 2})
    assert sources(synthesizer, wave) == {"p1": 2}
    assert [order.number for order in synthesizer.orders("texts", wave)] == [4, 5]


def test_a_pair_keeps_its_first_text_and_several_come_in_one_reply(
    nli: Task, brief: Brief, shopping: Any
) -> None:
    wrong = Feedback((Weighted(brief.train[0], 1.0, "predicted n"),))
    synthesizer = made(nli, variations=2, texts_per_request=2)
    bought = shopping(
        synthesizer,
        replace(brief, turn=1, feedback=wrong),
        lambda gist, time: '["It moves a bit.", "Something runs."]',
    )
    assert [draft.content.fields for draft in bought.drafts] == [
        {"premise": "Dog 0 runs.", "hypothesis": "It moves a bit."},
        {"premise": "Dog 0 runs.", "hypothesis": "Something runs."},
    ]


def test_a_row_without_a_label_cannot_be_varied(reviews: Task) -> None:
    row = Example("u", {"text": "x"}, origin=Origin("unlabelled"))
    brief = later(reviews, Feedback((Weighted(row, 1.0, "random"),)))
    with pytest.raises(UserError, match="no label to copy"):
        made(reviews).orders("texts", brief)


# --- as published: Table 1 ------------------------------------------------------------------------


def published(style: str, task: Task) -> Extrapolation:
    return made(task, as_published=style, seed_rows=4, reasons=3)


def pair(names: tuple[str, str], words: tuple[str, str]) -> Task:
    return Task("pair", "nli", names, (Label("0", words[0]), Label("1", words[1])))


def test_the_prompts_for_imdb(reviews: Task) -> None:
    synthesizer = published("imdb", reviews)
    brief = Brief(reviews, "s3")
    asked = sent(synthesizer, synthesizer.orders("reasons", brief)[1])
    assert asked == (
        "Imagine you are watching a movie; consider 3 reasons that may lead to positive "
        "impression of the movie."
    )
    seed = Order(0, "texts", "1", Example("", {}), materials=("good actors", "fine music"))
    assert sent(synthesizer, seed) == (
        "Now imagine that you just watched a movie that has good actors, fine music. Now you "
        "should write a positive review about this movie."
    )
    (order,) = synthesizer.orders("texts", later(reviews, errors("1")))
    assert sent(synthesizer, order) == "Write a positive movie similar to: \n error 0"
    (request,) = synthesizer.step(order, ())
    assert isinstance(request, Request)
    assert request.sampling.temperature == 0.9


def test_the_prompts_for_qnli_and_rte() -> None:
    row = Example(
        "p", {"a": "It rains.", "b": "Is it wet?"}, "0", origin=Origin("pool")
    )  # fmt: skip
    wrong = Feedback((Weighted(row, 1.0, "predicted 1"),))
    task = pair(("a", "b"), ("in", "not in"))
    synthesizer = published("qnli", task)
    seed = Order(0, "texts", "1", row)
    assert sent(synthesizer, seed) == (
        "Given an information paragraph: It rains. \n Please ask a question that has answers not "
        "in the information paragraph"
    )
    (error,) = synthesizer.orders("texts", later(task, wrong))
    assert sent(synthesizer, error) == (
        "Given a premise: It rains. \n And here is a question: Is it wet? that the answer of "
        "question is in the premise.\nPlease write another question similar to the given question "
        "and have answers in the premise."
    )
    task = pair(("a", "b"), ("correct", "wrong"))
    synthesizer = published("rte", task)
    assert sent(synthesizer, seed) == (
        "It rains. \nBased on the above description, the following sentence is definitely wrong:"
    )
    (error,) = synthesizer.orders("texts", later(task, wrong))
    assert sent(synthesizer, error) == (
        "It rains. \nBased on the above description, the following sentence: Is it wet? is "
        "definitely correct. Now write a sentence similar to the given sentence and is definitely "
        "correct based on the given description."
    )


def test_the_prompts_for_adversarial_qa() -> None:
    task = Task("qa", "span_qa", ("context", "question"))
    row = Example(
        "p", {"context": "Rome is old.", "question": "What is old"}, spans=(Span("Rome", 0, 4),),
        origin=Origin("train"),
    )  # fmt: skip
    synthesizer = published("adqa", task)
    brief = Brief(task, "s3", train=(row,))
    first = synthesizer.orders("texts", brief)[0]
    assert sent(synthesizer, first) == (
        "Given a context: Rome is old. \nRome is the answer to the following question:"
    )
    wrong = Feedback((Weighted(row, 1.0, "predicted old"),))
    (error,) = synthesizer.orders("texts", later(task, wrong))
    assert sent(synthesizer, error) == (
        "Given a context: Rome is old. \nRome is the answer to: What is old.\n"
        "A question that has the same answer in the context is:"
    )
    (draft,) = synthesizer.step(error, [Reply("r", (Completion("Which city is old?"),))])
    assert draft.content.spans == row.spans  # type: ignore[union-attr]


def test_as_published_nothing_is_filtered_and_nothing_ordered_again(
    reviews: Task, shopping: Any
) -> None:
    """All errors are varied once, and what comes is kept as it came: no check is described."""
    synthesizer = published("imdb", reviews)
    assert synthesizer.waves == 1
    brief = later(reviews, errors("0", "1"))
    assert synthesizer.quota(brief) == {}
    bought = shopping(synthesizer, brief, lambda gist, time: f'"{gist.given["text"]}"')
    texts = sorted(draft.content.fields["text"] for draft in bought.drafts)
    assert texts == ['"error 0"', '"error 1"']


def test_as_published_the_label_of_a_seed_is_drawn(reviews: Task) -> None:
    synthesizer = made(reviews, as_published="imdb", seed_rows=100)
    quotas = [synthesizer.quota(Brief(reviews, "s3", seed=seed)) for seed in (1, 1, 2)]
    assert quotas[0] == quotas[1] != quotas[2]
    assert all(sum(quota.values()) == 100 and min(quota.values()) > 30 for quota in quotas)


def test_published_prompts_fit_their_tasks(reviews: Task, nli: Task) -> None:
    for style, task in (("imdb", nli), ("rte", reviews), ("adqa", nli)):
        with pytest.raises(UserError, match="prompts that fit"):
            published(style, task)
