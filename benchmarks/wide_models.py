"""What benchmarks of writing share: made-up texts, and a fresh model that does not repeat itself.

The weights are drawn five times as wide as usual: as usual greedy text would only repeat the piece
that the model reads, far from any tie between two pieces, and ours would stop.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch

from tutelage.neural.causal import Causal, CausalShape, fresh_causal


def made_texts(
    count: int, *, seed: int, words: int, longest: int, lengths: tuple[int, int]
) -> list[str]:
    """Random words: what a tokenizer is trained on and what prompts are made of.

    Args:
        count: Of the texts.
        seed: Draws words and texts.
        words: Different words.
        longest: Most letters of a word; the fewest are 2.
        lengths: Fewest and most words of a text.
    """
    rng = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    known = ["".join(rng.choices(letters, k=rng.randint(2, longest))) for _ in range(words)]
    return [" ".join(rng.choices(known, k=rng.randint(*lengths))) for _ in range(count)]


def wide_model(shape: CausalShape, texts: Sequence[str]) -> Causal:
    """A fresh model of the shape with wide weights."""
    net = fresh_causal(shape, texts, seed=1)
    torch.manual_seed(1)
    for weights in net.model.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.1)
    return net
