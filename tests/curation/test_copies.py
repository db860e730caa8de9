from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.curation.check_options import CopiesOptions
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Example, Label, Origin, Task, Verdict
from tutelage.teacher.worlds import write_gold

Judged = Callable[..., list[Verdict]]
Real = Callable[[str], list[dict[str, Any]]]

REVIEWS = Task("reviews", "classification", ("text",), (Label("good"), Label("bad")))
PAIRS = Task("pairs", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))
CONCEPTS = Task("concepts", "generation", ("concepts",))
GOLD = Example("g1", {"text": "One two three four five six seven eight nine ten."}, "good")
SHORT = Example("g2", {"text": "A fine film."}, "good")


def new(text: str, label: str = "good", **more: Any) -> Example:
    return Example("d", {"text": text}, label, **more)


@pytest.fixture
def why(judged: Judged) -> Callable[..., list[str]]:
    """What is said against rows, by n-grams alone."""

    def say(task: Task, rows: Sequence[Example], gold: Sequence[Example], **more: Any) -> list[str]:
        options = CopiesOptions(similarity=None, **more)
        verdicts = judged("copies", task, rows, gold=gold, options=options)
        return [verdict.reason for verdict in verdicts]

    return say


def test_the_share_of_its_n_grams_in_one_gold_row(why: Callable[..., list[str]]) -> None:
    # 1-10 has six 5-grams. With three more words at its end a draft has nine, six of them gold's.
    text = "one TWO three, four five six seven eight nine ten"
    rows = [new(text), new(f"{text} and so on"), new(f"{text} and so on and on", "bad")]
    assert why(REVIEWS, rows, [SHORT, GOLD]) == [
        "copies gold row g1: 100 % of its word 5-grams",
        "copies gold row g1: 67 % of its word 5-grams",
        "",  # 6 of 11
    ]
    assert why(REVIEWS, rows, [GOLD], most=0.5)[2] == "copies gold row g1: 55 % of its word 5-grams"
    # a word in the middle is changed: 1-5 and 6-10 are cut, and with 3-grams four of eight stand
    changed = new("one two three four other six seven eight nine ten")
    assert why(REVIEWS, [changed], [GOLD]) == [""]
    assert why(REVIEWS, [changed], [GOLD], ngram=3, most=0.6) == [
        "copies gold row g1: 62 % of its word 3-grams"
    ]


def test_what_stands_in_several_gold_rows_together_is_no_copy(
    why: Callable[..., list[str]],
) -> None:
    halves = [
        Example("a", {"text": "one two three four five"}, "good"),
        Example("b", {"text": "four five six seven eight"}, "good"),
    ]
    assert why(REVIEWS, [new("one two three four five six seven eight")], halves) == [""]
    same = [halves[0], replace(halves[0], id="c")]
    assert "gold row a:" in why(REVIEWS, [new("one two three four five")], same)[0]


def test_short_texts_are_copies_where_all_their_words_are_the_same(
    why: Callable[..., list[str]],
) -> None:
    rows = [new("a FINE film"), new("a fine film too"), new("two three"), new("fine film")]
    assert why(REVIEWS, rows, [GOLD, SHORT]) == [
        "copies gold row g2: 100 % of its word 5-grams", "", "", "",
    ]  # fmt: skip


def test_texts_that_were_given_are_no_copies(why: Callable[..., list[str]]) -> None:
    text = GOLD.fields["text"]
    rows = [
        replace(GOLD, rationale="It is counted.", origin=Origin("train", "arm", source="g1")),
        new(text, origin=Origin("unlabelled", "arm", source="u1")),
        replace(GOLD, rationale="From elsewhere."),
        new(text, origin=Origin(arm="arm", source="g1")),
    ]
    assert [bool(reason) for reason in why(REVIEWS, rows, [GOLD])] == [False, False, False, True]


def test_the_first_text_of_a_pair_may_be_lent(why: Callable[..., list[str]]) -> None:
    premise = "One two three four five six seven eight nine ten."
    gold = Example("g1", {"premise": premise, "hypothesis": "It counts from one on."}, "yes")
    fields = {"premise": premise, "hypothesis": "Somebody knows the names of ten numbers."}
    row = Example("d", fields, "yes")
    lent = replace(row, origin=Origin(arm="arm", source="u7"))
    recited = replace(lent, fields={**fields, "hypothesis": "it counts from one on"})
    # 6 + 3 5-grams, of which the premise's six stand in gold
    assert why(PAIRS, [row, lent, recited], [gold]) == [
        "copies gold row g1: 67 % of its word 5-grams",
        "",
        "copies gold row g1: 100 % of its word 5-grams",
    ]


def test_targets_are_held_against_all_references(why: Callable[..., list[str]]) -> None:
    gold = Example(
        "g1",
        {"concepts": "dog park run"},
        target="A dog runs in the park.",
        references=("A dog runs in the park.", "In the park there runs a dog."),
    )
    rows = [
        Example("d1", {"concepts": "cat nap"}, target="In the park there runs a dog."),
        Example("d2", {"concepts": "dog park run"}, target="Two dogs are running in some park."),
        Example("d3", {"concepts": "cat nap"}, target="A cat takes a nap."),
    ]
    assert why(CONCEPTS, rows, [gold]) == [
        "copies gold row g1: 75 % of its word 5-grams",  # one of concepts, three of the target
        "",
        "",
    ]


def test_without_gold_there_is_nothing_to_copy(judged: Judged) -> None:
    pytest.importorskip("safetensors")
    assert judged("copies", REVIEWS, [new("A fine film.")])[0].decision == "kept"


@pytest.mark.parametrize("options", [{"most": 0.0}, {"most": 1.1}, {"similarity": -0.1}])
def test_shares_that_are_none(options: dict[str, float]) -> None:
    with pytest.raises(UserError, match=next(iter(options))):
        find("check", "copies").make(CopiesOptions(**options), task=REVIEWS)


def overfitted(gold: Sequence[Example], seed: int) -> list[Example]:
    """What a teacher writes that knows gold by heart: gold rows with one word changed."""
    chance = random.Random(seed)
    vocabulary = [word for row in gold for word in row.fields["text"].split()]
    drafts = []
    for at, row in enumerate(gold):
        words = row.fields["text"].split()
        words[chance.randrange(len(words))] = chance.choice(vocabulary)
        drafts.append(replace(row, id=f"d{at}", fields={"text": " ".join(words)}))
    return drafts


def test_recited_reviews_are_caught_by_their_n_grams(why: Callable[..., list[str]]) -> None:
    def rows(role: str, count: int) -> list[Example]:
        made = write_gold("reviews", role, count, 0)
        return [Example(f"{role}{i}", {"text": one["text"]}, "good") for i, one in enumerate(made)]

    gold = rows("train", 100)
    caught = why(REVIEWS, overfitted(gold, 1), gold)
    assert sum(map(bool, caught)) >= 95
    assert all(f"gold row train{at}:" in reason for at, reason in enumerate(caught) if reason)


def test_other_words_of_the_same_meaning_are_a_copy_too(judged: Judged, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    words = ["[UNK]", "dog", "hound", "cat", "runs"]
    vectors = [[0, 0], [10, 0], [10, 1], [0, 10], [1, 1]]
    model = static_model(tmp_path, words, vectors)
    gold = [Example("g1", {"text": "dog runs"}, "good"), Example("g2", {"text": "cat"}, "bad")]
    rows = [new("hound runs"), new("cat runs"), new("dog cat"), new("unheard of")]
    options = CopiesOptions(model=model, similarity=0.99)
    verdicts = judged("copies", REVIEWS, rows, gold=gold, options=options)
    # cosines: (11, 2) and (11, 1) .996; (1, 11) and (0, 10) .996; (1, 1) and either about .77
    assert [verdict.reason for verdict in verdicts] == [
        "copies gold row g1: embedding similarity 1.00",
        "copies gold row g2: embedding similarity 1.00",
        "",
        "",
    ]


def static_model(folder: Path, words: list[str], vectors: list[list[int]]) -> str:
    """A folder with static embeddings of a few words."""
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file({"embeddings": np.array(vectors, np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "model2vec"}))
    return str(folder)


def test_a_teacher_that_knows_gold_by_heart_is_caught(judged: Judged, real: Real) -> None:
    pytest.importorskip("safetensors")
    rows = [
        Example(str(i), {"text": str(row["text"])}, "good")
        for i, row in enumerate(real("sst2/train")[:1600])
        if len(str(row["text"]).split()) >= 8
    ]
    gold, others = rows[:400], rows[400:1200]
    recited = judged("copies", REVIEWS, overfitted(gold, 1), gold=gold)
    caught = [verdict for verdict in recited if verdict.decision == "dropped"]
    assert len(caught) > 0.85 * len(gold)
    named = {verdict.draft: verdict.reason for verdict in caught}
    assert all(f"gold row {gold[at].id}:" in reason for at, reason in named.items())
    assert {"similarity" in reason for reason in named.values()} == {True, False}
    fresh = judged("copies", REVIEWS, others, gold=gold)
    assert sum(verdict.decision == "dropped" for verdict in fresh) <= 1
