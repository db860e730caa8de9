"""Pre-training: packing and corruption worked by hand, and only the given texts are read."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.causal import CausalShape
from tutelage.neural.families import Sizes
from tutelage.neural.pretraining import (
    SENTINELS,
    Pretraining,
    corrupt,
    fresh_writer,
    pack,
    pretrain,
)

pytestmark = pytest.mark.train
TEXTS = ["the cat sat on the mat", "a dog ran\nto the cat", "one mat is red"]
SHAPE = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=400, positions=64)
SIZES = Sizes(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=400)
MARKS = list(range(1000, 1000 + SENTINELS))


def writer(shape: Any, *, seed: int = 1) -> Any:
    return fresh_writer(shape, TEXTS, seed=seed, dropout=0.0)


@pytest.mark.parametrize("shape", [SHAPE, SIZES])
def test_line_breaks_come_back_as_they_were(shape: Any) -> None:
    net = writer(shape)
    ids = net.tokenizer(TEXTS[1], add_special_tokens=False)["input_ids"]
    assert net.tokenizer.decode(ids) == TEXTS[1]


def test_texts_are_packed_into_blocks_with_an_end_after_each() -> None:
    net = writer(SHAPE)
    blocks = pack(net, TEXTS, length=10, seed=1)
    assert all(len(block) == 10 for block in blocks[:-1])
    line = [piece for block in blocks for piece in block]
    texts, text = [], []
    for piece in line:
        text.append(piece)
        if piece == net.end:
            assert text[: len(net.begin)] == list(net.begin)
            texts.append(net.tokenizer.decode(text, skip_special_tokens=True))
            text = []
    assert sorted(texts) == sorted(TEXTS) and len(text) < 2
    assert pack(net, TEXTS, length=10, seed=1) == blocks
    assert any(pack(net, TEXTS, length=10, seed=seed) != blocks for seed in range(2, 6))


def test_texts_without_a_word_are_refused() -> None:
    for empty in ([], [""]):
        with pytest.raises(UserError, match="texts to pre-train on are empty"):
            pack(writer(SIZES), empty, length=10, seed=1)


def test_a_causal_block_teaches_every_next_piece() -> None:
    work = Pretraining(writer(SHAPE), [[5, 6, 7, 8]], micro_batch=1, seed=1)
    [share] = work.split([0])
    [row] = share.rows
    assert (row.source, row.target, share.total) == ([5], [6, 7, 8], 3)


@given(st.integers(2, 512), st.integers(0, 1000))
def test_what_was_cut_out_and_what_was_left_make_the_block(length: int, seed: int) -> None:
    block = list(range(length))
    source, target = corrupt(block, MARKS, np.random.default_rng(seed))
    spans: dict[int, list[int]] = {}
    for piece in target:
        if piece >= 1000:
            spans[mark := piece] = []
        else:
            spans[mark].append(piece)
    *used, last = spans
    assert used == MARKS[: len(used)] == [p for p in source if p >= 1000]
    assert last == MARKS[len(used)] and not spans[last] and all(spans[mark] for mark in used)
    whole = [x for piece in source for x in (spans[piece] if piece >= 1000 else [piece])]
    assert whole == block
    cut = sum(map(len, spans.values()))
    assert cut == max(1, round(0.15 * length))
    assert len(used) == min(max(1, round(cut / 3)), length - cut)
    assert not any(a >= 1000 and b >= 1000 for a, b in pairwise(source))


def test_a_block_of_twenty_loses_three_pieces_in_one_span() -> None:
    source, target = corrupt(range(20), MARKS, np.random.default_rng(0))
    [at] = [i for i, piece in enumerate(source) if piece == MARKS[0]]
    assert target == [MARKS[0], at, at + 1, at + 2, MARKS[1]]
    assert source == [*range(at), MARKS[0], *range(at + 3, 20)]


def test_each_step_draws_its_own_spans_again_alike() -> None:
    net = writer(SIZES)
    work = Pretraining(net, [list(range(300, 350))], micro_batch=1, seed=1)

    def drawn(step: int) -> Any:
        work.begin(step)
        return work.split([0])[0].rows[0]

    assert drawn(3) == drawn(3) != drawn(4)
    assert drawn(3).target[-1] == net.end
    assert net.tokenizer.convert_ids_to_tokens(drawn(3).target[0]) == "<extra_id_0>"


@pytest.mark.parametrize("shape", [SHAPE, SIZES])
def test_the_loss_falls_and_the_facts_tell_it(shape: Any, tmp_path: Path) -> None:
    net = writer(shape)

    def run(steps: int, folder: str) -> dict[str, Any]:
        return pretrain(
            net,
            TEXTS,
            steps=steps,
            rate=3e-3,
            batch_size=2,
            micro_batch=1,
            length=16,
            weight_decay=0.0,
            precision="fp32",
            seed=1,
            folder=tmp_path / folder,
            identity="x",
            progress=None,
        )

    first, later = run(1, "a"), run(25, "b")
    assert later["pretraining_loss"] < 0.9 * first["pretraining_loss"]
    assert later["pretraining_steps"] == 25 and later["pretraining_texts"] == 3
    assert later["pretraining_pieces"] == sum(map(len, pack(net, TEXTS, length=16, seed=1)))
