"""Pre-training of networks that cannot write yet, on the texts that are given and no others.

A causal network learns the next piece of packed texts; an encoder–decoder learns to write what was
cut out of them (span corruption, arXiv 1910.10683, section 3.1.4). A decoder that was made out of
an encoder learns to write whole texts of which spans are masked (text infilling, arXiv 1910.13461,
section 2.2): the encoder knows the mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import tokenizers
import torch

from tutelage.exceptions import UserError
from tutelage.neural.batching import Sizes as Lengths
from tutelage.neural.causal import Causal, CausalShape, fresh_causal
from tutelage.neural.devices import stream
from tutelage.neural.families import Sizes, Transducer, fresh_transducer
from tutelage.neural.lessons import Share, Writer, paces_for, share_loss, shares
from tutelage.neural.schedule import Schedule
from tutelage.neural.targets import Encoded
from tutelage.neural.tokenization import pieces, train_byte_tokenizer
from tutelage.neural.training import Plan, Progress, train

TOLD = "pretraining.json"
"""Facts of the pre-training, beside the weights."""
LONGEST = 512
"""Pieces of a block at most."""
CORRUPTED, MASKED, SPAN = 0.15, 0.3, 3
"""Shares of the pieces that are cut out in T5 and masked in BART, and how many at a time on average
in both."""
SENTINELS = 32
"""Marks for what was cut out: enough for the longest block."""
WARMUP = 0.1
MOMENTS, APART = 20, 25
"""Checkpoints at most, and steps between two of them at least."""


def fresh_writer(
    shape: CausalShape | Sizes, texts: Sequence[str], *, seed: int, dropout: float | None
) -> Writer:
    """A network of the given shape with random weights and a tokenizer over bytes, so that line
    breaks are read and written as they stand.

    Args:
        shape: A causal network's, or an encoder–decoder's.
        texts: What the tokenizer is trained on.
        seed: Draws the weights.
        dropout: Rate; the family's own where None.
    """
    if isinstance(shape, CausalShape):
        return fresh_causal(shape, texts, seed=seed, dropout=dropout)
    tokenizer = train_byte_tokenizer(texts, vocab_size=shape.vocab_size)
    marks = [tokenizers.AddedToken(f"<extra_id_{i}>", special=True) for i in range(SENTINELS)]
    tokenizer.add_tokens(marks, special_tokens=True)
    return fresh_transducer(shape, (), seed=seed, dropout=dropout, tokenizer=tokenizer)


def pretrain(
    net: Writer,
    texts: Sequence[str],
    *,
    steps: int,
    rate: float,
    share: float | None = None,
    batch_size: int,
    micro_batch: int,
    length: int,
    weight_decay: float,
    precision: str,
    seed: int,
    folder: Path,
    identity: str,
    progress: Progress | None,
) -> dict[str, Any]:
    """Pre-train `net` where it stands, from the checkpoint in `folder` if one is there.

    Args:
        net: A network of `fresh_writer`, or one whose decoder was just made out of an encoder.
        texts: Plain texts.
        steps: Optimiser steps.
        rate: Highest learning rate; such a decoder learns faster.
        share: Of the pieces that an encoder–decoder must restore; its kind's own where None.
        batch_size: Blocks of packed text in a step; for such a decoder texts.
        micro_batch: Blocks that are computed at once.
        length: Pieces of a block.
        weight_decay: Of AdamW.
        precision: `bf16` or `fp32`.
        seed: Of order, spans and dropout.
        folder: Of the checkpoint.
        identity: Of the whole tuning.
        progress: Called after each step.

    Returns:
        What is told of it: steps, texts, pieces, and the loss of its last part.

    Raises:
        UserError: the texts hold next to nothing, or an encoder knows no mask.
        TrainingError: the loss is not a number, or the checkpoint belongs to another training.
    """
    positions = net.limit if isinstance(net, Causal) else net.source_limit
    length = min(length, LONGEST, positions or LONGEST)
    blocks = (
        apart(net, texts, length=length) if _is_made(net) else pack(net, texts, length, seed=seed)
    )
    work = Pretraining(net, blocks, micro_batch=micro_batch, seed=seed, share=share)
    count = max(1, min(MOMENTS, steps // APART))
    plan = Plan(
        Schedule(
            steps,
            round(WARMUP * steps),
            rate,
            tuple(steps * (i + 1) // count for i in range(count)),
        ),
        batch_size,
        weight_decay,
        precision,
        net.device,
        stream(seed, "pretraining"),
        folder,
        identity,
        rules=("last",),
    )
    course = train(work, plan, progress=progress)
    return {
        "pretraining_steps": course.step,
        "pretraining_texts": len(texts),
        "pretraining_pieces": sum(map(len, blocks)),
        "pretraining_loss": course.history[-1].train_loss,
    }


def _is_made(net: Writer) -> TypeGuard[Transducer]:
    """Whether the decoder was made out of an encoder, so that it learns by text infilling.

    Raises:
        UserError: it was, and the encoder knows no mask.
    """
    if isinstance(net, Causal) or not net.is_warm_start:
        return False
    if net.tokenizer.mask_token_id is None:
        raise UserError(
            "This encoder cannot be pre-trained as an encoder–decoder.",
            "Its tokenizer has no mask, which stands for the words to be restored.",
            "Leave pretrain out, or name an encoder such as BERT, RoBERTa or minilm.",
        )
    return True


def apart(net: Transducer, texts: Sequence[str], *, length: int) -> list[list[int]]:
    """The pieces of each text by itself; of a longer one than `length` with special pieces, parts.

    Raises:
        UserError: no text has two pieces.
    """
    room = length - 2
    ids = pieces(net.tokenizer, texts)
    blocks = [text[i : i + room] for text in ids for i in range(0, len(text), room)]
    return _filled([block for block in blocks if len(block) > 1])


def pack(net: Writer, texts: Sequence[str], length: int, *, seed: int) -> list[list[int]]:
    """Texts in an order drawn by `seed`, one after another with an end of sequence between them,
    cut into blocks of `length` pieces; the last one may be shorter.

    Raises:
        UserError: there is not one block of two pieces.
    """
    begin = list(net.begin) if isinstance(net, Causal) else []
    order = np.random.default_rng(stream(seed, "texts")).permutation(len(texts))
    ids = pieces(net.tokenizer, [texts[i] for i in order])
    line = [piece for text in ids for piece in (*begin, *text, net.end)]
    blocks = [line[i : i + length] for i in range(0, len(line), length)]
    return _filled([block for block in blocks if len(block) > 1])


def _filled(blocks: list[list[int]]) -> list[list[int]]:
    if not blocks:
        raise UserError(
            "The texts to pre-train on are empty.",
            "A language model learns from the order of words.",
            "Give plain texts, or leave pretrain out.",
        )
    return blocks


@dataclass
class Pretraining:
    """The workload of pre-training."""

    net: Writer
    blocks: Sequence[Sequence[int]]
    micro_batch: int
    seed: int
    share: float | None = None
    model: Any = field(init=False)
    paces: Mapping[str, float] = field(init=False)
    sizes: Lengths = field(init=False)
    before: Sequence[int] = field(init=False)
    """What the tokenizer puts before a text."""
    after: Sequence[int] = field(init=False)
    made: bool = field(init=False)
    """Whether whole texts are restored: the decoder was made out of an encoder."""
    marks: Sequence[int] = field(init=False)
    """What stands for what was cut out: one mask for all spans, or a mark for each."""
    step: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.model = self.net.model
        self.sizes = np.array([[len(block), 0, 0] for block in self.blocks], dtype=np.int64)
        self.before, self.after = _frame(self.net)
        self.made = _is_made(self.net)
        self.marks = _marks(self.net, self.made)
        self.paces = paces_for(self.net)

    def begin(self, step: int) -> None:
        """Each step draws its own spans."""
        self.step = step

    def memory(self) -> Mapping[str, torch.Tensor]:
        """Nothing: spans derive from the seed and the step's number."""
        return {}

    def recall(self, memory: Mapping[str, torch.Tensor]) -> None:
        """Nothing to put back."""

    def split(self, rows: Sequence[int]) -> Sequence[Share]:
        return shares([self._row(i) for i in rows], micro_batch=self.micro_batch)

    def _row(self, number: int) -> Encoded:
        block = list(self.blocks[number])
        if isinstance(self.net, Causal):
            return Encoded(block[:1], block[1:], 0, len(block) - 1)
        rng = np.random.default_rng([stream(self.seed, "spans"), self.step, number])
        if self.made:
            source, target = infill(block, self.marks[0], self.share or MASKED, rng), block
        else:
            source, target = corrupt(block, self.marks, self.share or CORRUPTED, rng)
        target.append(self.net.end)
        return Encoded([*self.before, *source, *self.after], target, 0, len(target))

    def loss(self, micro: Share) -> torch.Tensor:
        return share_loss(self.net, micro)

    def evaluate(self) -> Mapping[str, float]:
        return {}


def _frame(net: Writer) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and after a text."""
    [plain], [special] = pieces(net.tokenizer, ["a"]), pieces(net.tokenizer, ["a"], special=True)
    at = special.index(plain[0])
    return special[:at], special[at + len(plain) :]


def _marks(net: Writer, made: bool) -> list[int]:
    if isinstance(net, Causal):
        return []
    if made:
        return [net.tokenizer.mask_token_id]
    ids: list[int] = net.tokenizer.convert_tokens_to_ids(
        [f"<extra_id_{i}>" for i in range(SENTINELS)]
    )
    return ids


def infill(block: Sequence[int], mask: int, share: float, rng: np.random.Generator) -> list[int]:
    """A text with one mask in the place of each of its spans, which may be its beginning or end.

    Args:
        block: At least two pieces.
        mask: Id of the mask.
        share: Of the pieces that are masked, about.
        rng: Decides the spans.
    """
    noise, count = _spans(len(block), share)
    first, *between, last = _parts(len(block) - noise + 2, count + 1, rng)
    source: list[int] = []
    at = 0
    for kept, cut in zip((first - 1, *between), _parts(noise, count, rng), strict=True):
        source += [*block[at : at + kept], mask]
        at += kept + cut
    return [*source, *block[at : at + last - 1]]


def _spans(length: int, share: float) -> tuple[int, int]:
    """How many pieces are cut out, and in how many spans; something is left between two."""
    noise = min(max(round(length * share), 1), length - 1)
    return noise, min(max(round(noise / SPAN), 1), length - noise)


def corrupt(
    block: Sequence[int], marks: Sequence[int], share: float, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Cut spans out of a block: the source has a mark in the place of each, the target each mark
    with what it stands for, and one more mark at the end.

    Args:
        block: At least two pieces.
        marks: Ids of the marks.
        share: Of the pieces that are cut out, about.
        rng: Decides the spans.
    """
    noise, count = _spans(len(block), share)
    count = min(count, len(marks) - 1)
    source: list[int] = []
    target: list[int] = []
    at = 0
    for mark, kept, cut in zip(
        marks, _parts(len(block) - noise, count, rng), _parts(noise, count, rng), strict=False
    ):
        source += [*block[at : at + kept], mark]
        target += [mark, *block[at + kept : at + kept + cut]]
        at += kept + cut
    return source, [*target, marks[count]]


def _parts(total: int, count: int, rng: np.random.Generator) -> list[int]:
    """`total` as a sum of `count` whole numbers above 0, each way equally likely."""
    cuts = sorted(1 + rng.choice(total - 1, count - 1, replace=False)) if count > 1 else []
    return [int(b - a) for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
