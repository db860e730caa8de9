"""Pieces of the genuine T5 tokenizer, and counting what a limit cuts."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

pytest.importorskip("torch")

from transformers import T5Tokenizer

from tutelage.exceptions import TrainingError
from tutelage.neural.targets import check_labels, make_layout, read_objective
from tutelage.neural.tokenization import (
    count_tokens,
    cut,
    pieces,
    train_tokenizer,
    train_word_pieces,
)
from tutelage.records import Label, Task

pytestmark = pytest.mark.train

DATA = Path(os.environ.get("TUTELAGE_REAL_DATA", Path(__file__).parents[2].parent / "shared/data"))


@pytest.fixture(scope="module")
def t5():
    model = DATA / "assets/t5-spiece/spiece.model"
    if not model.exists():
        pytest.skip(f"{model} is not here: set TUTELAGE_REAL_DATA")
    pytest.importorskip("google.protobuf", reason="transformers reads spiece.model with protobuf")
    return T5Tokenizer.from_pretrained(model.parent)


NLI = [Label("entailment"), Label("neutral"), Label("contradiction")]
CAPITAL = [Label(x.name, x.name.capitalize()) for x in NLI]


@pytest.mark.real
def test_capitalised_nli_labels_have_the_published_first_pieces(t5) -> None:
    found = pieces(t5, [label.said for label in CAPITAL])
    assert [ids[0] for ids in found] == [695, 3617, 17277]
    assert [len(ids) for ids in found] == [4, 2, 2] or [len(ids) for ids in found] == [3, 2, 2]
    check_labels(dict(zip("ENC", found, strict=True)), first_only=True)


@pytest.mark.real
def test_lower_case_labels_begin_with_a_bare_underscore(t5) -> None:
    found = pieces(t5, [label.said for label in NLI])
    assert found[1:] == [[7163], [27252]]
    assert found[0][0] == 3


@pytest.mark.real
def test_a_target_laid_out_in_ids_is_the_tokenised_string(t5) -> None:
    task = Task("nli", "nli", ("premise", "hypothesis"), tuple(CAPITAL))
    layout = make_layout(
        task,
        read_objective("split_loss"),
        separator="Rationale:",
        max_target=400,
        end=t5.eos_token_id,
        tokenize=lambda texts: pieces(t5, texts),
    )
    why = "The man, 34, can't be asleep: he is running."
    (row,) = layout.targets("contradiction", pieces(t5, [why])[0])
    whole = pieces(t5, [f"Contradiction Rationale: {why}"], special=True)[0]
    assert row.target == whole
    assert (row.label_from, row.label_to) == (0, 2)


def test_labels_that_collide_in_pieces_stop_before_training() -> None:
    tokenizer = train_tokenizer(["yes no"], vocab_size=300)
    task = Task("t", "classification", ("text",), (Label("☃"), Label("☂"), Label("yes")))
    with pytest.raises(TrainingError, match="cannot be told apart"):
        make_layout(
            task,
            read_objective("label_only"),
            separator="Rationale:",
            max_target=40,
            end=1,
            tokenize=lambda texts: pieces(tokenizer, texts),
        )


def test_counting_says_what_a_limit_cuts(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["red blue"], vocab_size=300)
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    found = count_tokens(["red blue", "red"], model=str(tmp_path), limit=2)
    assert (found.texts, found.tokens, found.longest, found.cut) == (2, 5, 3, 1)
    assert found.share_cut == 0.5


def test_cutting_keeps_the_closing_token() -> None:
    assert cut([101, 5, 6, 7, 102], 4) == [101, 5, 6, 102]
    assert cut([5, 1], 2) == [5, 1]


def test_word_pieces_are_the_same_whatever_the_order_of_texts_and_the_run() -> None:
    """Numbers in a hash map's order would differ from one training to the next."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(2, 7))) for _ in range(300)]
    texts = [" ".join(words[i : i + 10]) for i in range(0, 300, 10)]
    first = train_word_pieces(texts, vocab_size=120)
    for _ in range(3):
        rng.shuffle(texts)
        assert train_word_pieces(texts, vocab_size=120).get_vocab() == first.get_vocab()
    found = first("Fade", "abba", return_offsets_mapping=True)
    assert found["offset_mapping"][-2][1] == 4  # pieces know their characters
    assert first.unk_token_id not in found["input_ids"]
