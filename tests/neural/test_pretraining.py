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
from tutelage.neural.families import Sizes, load_transducer
from tutelage.neural.pretraining import (
    SENTINELS,
    Pretraining,
    apart,
    corrupt,
    fresh_writer,
    infill,
    pack,
    pretrain,
)
from tutelage.neural.tokenization import pieces

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
    blocks = pack(net, TEXTS, 10, seed=1)
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
    assert pack(net, TEXTS, 10, seed=1) == blocks
    assert any(pack(net, TEXTS, 10, seed=seed) != blocks for seed in range(2, 6))


def test_texts_without_a_word_are_refused() -> None:
    for empty in ([], [""]):
        with pytest.raises(UserError, match="texts to pre-train on are empty"):
            pack(writer(SIZES), empty, 10, seed=1)


def test_a_causal_block_teaches_every_next_piece() -> None:
    work = Pretraining(writer(SHAPE), [[5, 6, 7, 8]], micro_batch=1, seed=1)
    [share] = work.split([0])
    [row] = share.rows
    assert (row.source, row.target, share.total) == ([5], [6, 7, 8], 3)


@given(st.integers(2, 512), st.integers(0, 1000))
def test_what_was_cut_out_and_what_was_left_make_the_block(length: int, seed: int) -> None:
    block = list(range(length))
    source, target = corrupt(block, MARKS, 0.15, np.random.default_rng(seed))
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
    source, target = corrupt(range(20), MARKS, 0.15, np.random.default_rng(0))
    [at] = [i for i, piece in enumerate(source) if piece == MARKS[0]]
    assert target == [MARKS[0], at, at + 1, at + 2, MARKS[1]]
    assert source == [*range(at), MARKS[0], *range(at + 3, 20)]


@given(st.integers(2, 512), st.floats(0.05, 0.95), st.integers(0, 1000))
def test_masks_stand_for_their_share_of_a_text(length: int, share: float, seed: int) -> None:
    block, mask = list(range(length)), 1000
    source = infill(block, mask, share, np.random.default_rng(seed))
    left = [piece for piece in source if piece != mask]
    assert left == sorted(left)
    assert length - len(left) == min(max(1, round(share * length)), length - 1)
    assert not any(a == b == mask for a, b in pairwise(source))


def test_a_text_of_ten_loses_three_pieces_to_one_mask_anywhere() -> None:
    found = [infill(range(10), 99, 0.3, np.random.default_rng(seed)) for seed in range(100)]
    places = {source.index(99) for source in found}
    assert places == set(range(8))
    assert all(s == [*range(s.index(99)), 99, *range(s.index(99) + 3, 10)] for s in found)


def test_a_made_decoder_restores_whole_texts_and_learns_faster(masking_encoder: Path) -> None:
    net = load_transducer(str(masking_encoder), seed=1)
    blocks = apart(net, [*TEXTS, "cat"], length=7)
    [cat] = pieces(net.tokenizer, ["the cat sat on the mat"])
    assert blocks[0] == cat[:5]
    assert cat[5:] not in blocks, "one piece has no part to mask"
    work = Pretraining(net, blocks, micro_batch=1, seed=1)
    [share] = work.split([0])
    [row] = share.rows
    begin, end = net.tokenizer.cls_token_id, net.tokenizer.sep_token_id
    assert row.target == [*cat[:5], end]
    assert row.source[0] == begin and row.source[-1] == end
    assert row.source.count(net.tokenizer.mask_token_id) == 1
    assert len(row.source) == 5 - 2 + 1 + 2  # .3 of five pieces, one mask, two ends
    assert work.paces == {"decoder.": 10}
    drawn = set()
    for step in range(30):
        work.begin(step)
        drawn.add(tuple(work.split([0])[0].rows[0].source))
    assert len(drawn) > 3 and any(source[1] == net.tokenizer.mask_token_id for source in drawn)


def test_long_texts_are_learned_in_parts(masking_encoder: Path) -> None:
    net = load_transducer(str(masking_encoder), seed=1)
    [whole] = pieces(net.tokenizer, ["the cat sat on the mat to the dog"])
    assert apart(net, ["the cat sat on the mat to the dog"], length=6) == [whole[:4], whole[4:8]]


def test_an_encoder_without_a_mask_is_refused(bases: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no mask"):
        run(load_transducer(str(bases["encoder"]), seed=1), 1, tmp_path)


def test_each_step_draws_its_own_spans_again_alike() -> None:
    net = writer(SIZES)
    work = Pretraining(net, [list(range(300, 350))], micro_batch=1, seed=1)

    def drawn(step: int) -> Any:
        work.begin(step)
        return work.split([0])[0].rows[0]

    assert drawn(3) == drawn(3) != drawn(4)
    assert drawn(3).target[-1] == net.end
    assert net.tokenizer.convert_ids_to_tokens(drawn(3).target[0]) == "<extra_id_0>"


def run(net: Any, steps: int, folder: Path) -> dict[str, Any]:
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
        folder=folder,
        identity="x",
        progress=None,
    )


@pytest.mark.parametrize("shape", [SHAPE, SIZES, None])
def test_the_loss_falls_and_the_facts_tell_it(
    shape: Any, masking_encoder: Path, tmp_path: Path
) -> None:
    net = writer(shape) if shape else load_transducer(str(masking_encoder), seed=1)
    blocks = pack(net, TEXTS, 16, seed=1) if shape else apart(net, TEXTS, length=16)
    first, later = run(net, 1, tmp_path / "a"), run(net, 25, tmp_path / "b")
    assert later["pretraining_loss"] < 0.9 * first["pretraining_loss"]
    assert later["pretraining_steps"] == 25 and later["pretraining_texts"] == 3
    assert later["pretraining_pieces"] == sum(map(len, blocks))
