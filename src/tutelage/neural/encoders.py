"""Encoders that are trained from nothing: random weights and a tokenizer of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import transformers

from tutelage.exceptions import UserError
from tutelage.neural.families import random_network, whole_eights
from tutelage.neural.tokenization import train_word_pieces


class EncoderShape(Protocol):
    """Shape of a BERT-like encoder; the student option `config` is one."""

    @property
    def d_model(self) -> int: ...
    @property
    def layers(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def d_ff(self) -> int: ...
    @property
    def vocab_size(self) -> int: ...


def fresh_encoder(
    family: Any,
    shape: EncoderShape,
    texts: Iterable[str],
    *,
    positions: int,
    seed: int,
    dropout: float | None,
    **head: Any,
) -> tuple[Any, Any]:
    """A BERT-like network with random weights, and a tokenizer trained on `texts`.

    Args:
        family: Class of `transformers` for a BERT with the wanted head.
        shape: Of the encoder.
        texts: What the tokenizer's pieces are learned from.
        positions: Most pieces of an input.
        seed: Of the weights.
        dropout: Replaces the family's own rate.
        head: Further settings of the configuration.

    Raises:
        UserError: the width is not a multiple of the number of heads.
    """
    if shape.d_model % shape.heads:
        raise UserError(
            f"d_model {shape.d_model} is not a multiple of heads {shape.heads}.",
            "Each head reads an equal part of the width.",
            "Choose for example d_model: 128, heads: 4.",
        )
    tokenizer = train_word_pieces(texts, vocab_size=shape.vocab_size)
    config = transformers.BertConfig(
        vocab_size=whole_eights(len(tokenizer)),
        hidden_size=shape.d_model,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.d_ff,
        max_position_embeddings=positions,
        pad_token_id=tokenizer.pad_token_id,
        **head,
    )
    return random_network(family, config, seed=seed, dropout=dropout), tokenizer
