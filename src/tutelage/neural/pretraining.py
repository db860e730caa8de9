"""Pre-training of networks that begin from nothing, on the texts that are given and no others.

A causal network learns the next piece of packed texts; an encoder–decoder learns to write what was
cut out of them (span corruption, arXiv 1910.10683, section 3.1.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
import torch

from tutelage.exceptions import UserError
from tutelage.neural.batching import Sizes as Lengths
from tutelage.neural.causal import Causal, CausalShape, fresh_causal
from tutelage.neural.devices import stream
from tutelage.neural.families import Sizes, fresh_transducer
from tutelage.neural.lessons import Share, Writer, share_loss, shares
from tutelage.neural.schedule import Schedule
from tutelage.neural.targets import Encoded
from tutelage.neural.tokenization import pieces, train_byte_tokenizer
from tutelage.neural.training import Plan, Progress, train

TOLD = "pretraining.json"
"""Facts of the pre-training, beside the weights."""
LONGEST = 512
"""Pieces of a block at most."""
CORRUPTED, SPAN = 0.15, 3
"""Share of the pieces that are cut out, and how many at a time on average, as in T5."""
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
        net: A network of `fresh_writer`.
        texts: Plain texts.
        steps: Optimiser steps.
        rate: Highest learning rate.
        batch_size: Blocks of packed text in a step.
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
        UserError: the texts hold next to nothing.
        TrainingError: the loss is not a number, or the checkpoint belongs to another training.
    """
    positions = net.limit if isinstance(net, Causal) else net.source_limit
    blocks = pack(net, texts, length=min(length, LONGEST, positions or LONGEST), seed=seed)
    work = Pretraining(net, blocks, micro_batch=micro_batch, seed=seed)
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


def pack(net: Writer, texts: Sequence[str], *, length: int, seed: int) -> list[list[int]]:
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
    if not blocks or len(blocks[0]) < 2:
        raise UserError(
            "The texts to pre-train on are empty.",
            "A language model learns from the order of words.",
            "Give plain texts, or leave pretrain out.",
        )
    return [block for block in blocks if len(block) > 1]


@dataclass
class Pretraining:
    """The workload of pre-training."""

    net: Writer
    blocks: Sequence[Sequence[int]]
    micro_batch: int
    seed: int
    paces: Mapping[str, float] = field(default_factory=dict)
    model: Any = field(init=False)
    sizes: Lengths = field(init=False)
    step: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.model = self.net.model
        self.sizes = np.array([[len(block), 0, 0] for block in self.blocks], dtype=np.int64)
        self.before, self.after, self.marks = _frame(self.net)

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
        source, target = corrupt(block, self.marks, rng)
        target.append(self.net.end)
        return Encoded([*self.before, *source, *self.after], target, 0, len(target))

    def loss(self, micro: Share) -> torch.Tensor:
        return share_loss(self.net, micro)

    def evaluate(self) -> Mapping[str, float]:
        return {}


def _frame(net: Writer) -> tuple[list[int], list[int], list[int]]:
    """What the tokenizer puts before and after a text, and the ids of the marks for spans."""
    [plain], [special] = pieces(net.tokenizer, ["a"]), pieces(net.tokenizer, ["a"], special=True)
    at = special.index(plain[0])
    marks = net.tokenizer.convert_tokens_to_ids([f"<extra_id_{i}>" for i in range(SENTINELS)])
    return special[:at], special[at + len(plain) :], marks


def corrupt(
    block: Sequence[int], marks: Sequence[int], rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Cut spans out of a block: the source has a mark in the place of each, the target each mark
    with what it stands for, and one more mark at the end.

    Args:
        block: At least two pieces.
        marks: Ids of the marks.
        rng: Decides the spans.
    """
    noise = min(max(round(len(block) * CORRUPTED), 1), len(block) - 1)
    count = min(max(round(noise / SPAN), 1), len(block) - noise, len(marks) - 1)
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
