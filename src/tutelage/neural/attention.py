"""Attention whose dropout is cheap on a CPU: torch's own draws a number for each pair of pieces."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask

from tutelage.neural.dropout import kept_share

NAME = "tutelage"


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,
    **given: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """What transformers' `sdpa` computes; in training on a CPU with the mask of `kept_share`.

    Args:
        module: The attention layer that asks.
        query: [rows, heads, queries, width]; `key` and `value` likewise.
        attention_mask: Added to the scores; None where nothing is masked.
        dropout: Share of the attention weights that is dropped.
        scaling: Factor of the scores; the inverse root of the width where absent.
        position_bias: Added to the scores (T5).

    Returns:
        [rows, queries, heads, width], and no weights.
    """
    kept = kept_share(query.shape[:3] + key.shape[2:3], dropout, query) if dropout else None
    if kept is None:
        out, weights = sdpa_attention_forward(
            module,
            query,
            key,
            value,
            attention_mask,
            dropout=dropout,
            scaling=scaling,
            position_bias=position_bias,
            **given,
        )
        return out, weights
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query, key.transpose(2, 3)) * scale
    for bias in (position_bias, attention_mask):
        scores = scores if bias is None else scores + bias
    weights = torch.softmax(scores, dim=-1) * kept
    return torch.matmul(weights.to(value.dtype), value).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, eager_mask)  # always a mask to add, never one to be implied


def quicken_attention(model: torch.nn.Module) -> None:
    """Let the layers of a network attend by `attention`, where its family can be told to."""
    for part in model.modules():
        if isinstance(part, PreTrainedModel) and part.config._attn_implementation == "sdpa":
            part.set_attn_implementation(NAME)
