"""Beam search against greedy writing, on one network."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tutelage.neural.decoding import GREEDY, Search, generation_config, write_on
from tutelage.neural.families import Sizes, fresh_transducer
from tutelage.neural.rewriting import Rewriter
from tutelage.neural.scoring import encode_rows
from tutelage.neural.targets import Objective
from tutelage.neural.tokenization import pieces
from tutelage.neural.transduction import SequenceLoss

pytestmark = pytest.mark.train

TEXTS = [
    "red blue",
    "one two three",
    "one red blue",
    "green",
    "green grey red",
    "one one one",
    "blue red red one",
    "grey",
]
LONGEST = 6


def written(net: Any, search: Search) -> list[list[int]]:
    with torch.inference_mode():
        states, mask = encode_rows(net, pieces(net.tokenizer, TEXTS, special=True))
        return write_on(net, states, mask, max_new=LONGEST, search=search)


def log_probability(net: Any, source: list[int], row: list[int]) -> float:
    """Of a whole text, its end included where it has one, by transformers alone."""
    target = row if len(row) == LONGEST else [*row, net.end]
    inputs = torch.tensor([[net.start, *target[:-1]]])
    with torch.inference_mode():
        logits = net.model(input_ids=torch.tensor([source]), decoder_input_ids=inputs).logits[0]
    logs = torch.log_softmax(logits.double(), -1)
    return float(logs[range(len(target)), target].sum())


@pytest.fixture(scope="module")
def half_taught_net() -> Any:
    """Taught a little to turn texts round: it ends its texts, and wavers between them."""
    texts = [" ".join(words) for words in product(("red", "blue", "green", "one"), repeat=3)]
    shape = Sizes(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=400)
    net = fresh_transducer(shape, [*texts, *TEXTS], seed=3, dropout=0.0)
    turned = [" ".join(reversed(text.split())) for text in texts]
    rows = Rewriter(net, 64, LONGEST).encode(texts, turned, [1.0] * len(texts))
    taught = SequenceLoss(net, Objective("label_only"), micro_batch=64)
    optimizer = torch.optim.AdamW(net.model.parameters(), lr=1e-2)
    for _ in range(40):
        for part in taught.split(rows):
            taught.loss(part).backward()
        optimizer.step()
        optimizer.zero_grad()
    net.model.eval()
    return net


def test_one_beam_is_greedy(half_taught_net: Any) -> None:
    plain = written(half_taught_net, GREEDY)
    assert written(half_taught_net, Search(beams=1, length_penalty=0.3)) == plain
    for text, row in zip(TEXTS, plain, strict=True):
        [source] = pieces(half_taught_net.tokenizer, [text], special=True)
        inputs = [half_taught_net.start]
        for piece in row:
            with torch.inference_mode():
                logits = half_taught_net.model(
                    input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([inputs])
                ).logits[0, -1]
            assert int(logits.argmax()) == piece
            inputs.append(piece)


def test_four_beams_find_texts_at_least_as_likely(half_taught_net: Any) -> None:
    greedy, beams = (
        written(half_taught_net, GREEDY),
        written(half_taught_net, Search(4, length_penalty=0.0)),
    )
    assert greedy != beams
    sources = pieces(half_taught_net.tokenizer, TEXTS, special=True)
    for source, one, four in zip(sources, greedy, beams, strict=True):
        first, second = (log_probability(half_taught_net, source, row) for row in (one, four))
        assert second >= first - 1e-4


def test_a_higher_length_penalty_writes_no_less(half_taught_net: Any) -> None:
    short, long = (
        sum(map(len, written(half_taught_net, Search(4, length_penalty=x)))) for x in (-2.0, 2.0)
    )
    assert short < long


def test_no_piece_follows_itself_where_that_is_forbidden(half_taught_net: Any) -> None:
    rows = written(half_taught_net, Search(2, no_repeat_ngram=1))
    assert all(len(set(row)) == len(row) for row in rows)
    assert any(len(set(row)) < len(row) for row in written(half_taught_net, Search(2)))


def test_nothing_of_a_models_own_generation_settings_is_mixed_in(half_taught_net: Any) -> None:
    config = generation_config(half_taught_net, Search(4, no_repeat_ngram=2), max_new=9, forced=7)
    assert (config.num_beams, config.max_new_tokens, config.forced_bos_token_id) == (4, 9, 7)
    assert (config.early_stopping, config.no_repeat_ngram_size) == (False, 2)


@pytest.mark.parametrize("beams", [1, 3])
def test_texts_are_the_same_in_any_order_and_batch(half_taught_net: Any, beams: int) -> None:
    def say(texts: list[str], batch_size: int) -> list[str]:
        rewriter = Rewriter(
            half_taught_net, 64, LONGEST, search=Search(beams), batch_size=batch_size
        )
        return rewriter.write(texts)

    whole = say(TEXTS, 32)
    assert say(TEXTS[::-1], 32) == whole[::-1]
    assert say(TEXTS, 5) == whole
    assert say([], 5) == []
