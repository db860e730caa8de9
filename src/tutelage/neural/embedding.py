"""Sentence embeddings from any encoder, as sentence-transformers makes them for MiniLM."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers

from tutelage.neural.batching import by_length
from tutelage.neural.collation import filled, pad_rows
from tutelage.neural.devices import computing, pick_device, pick_precision
from tutelage.neural.families import position_limit
from tutelage.neural.tokenization import cut, load_tokenizer, pieces
from tutelage.neural.weights import OFFLINE_SAFE, locate, reading


def embed(
    texts: Sequence[str], *, model: str, batch_size: int = 64, max_length: int = 256
) -> npt.NDArray[np.float32]:
    """Embed texts: the mean of the last layer over a text's tokens, scaled to length 1.

    Args:
        texts: Any texts.
        model: Hub id or folder of an encoder, or `minilm`.
        batch_size: Texts that are computed at once.
        max_length: Most pieces of a text; longer ones are cut at the end.

    Returns:
        [texts, width].

    Raises:
        UserError: the model cannot be loaded.
    """
    net, tokenizer = _encoder(model)
    limit = min(max_length, position_limit(net.config) or max_length)
    rows = [cut(row, limit) for row in pieces(tokenizer, texts, special=True)]
    found = np.zeros((len(rows), net.config.hidden_size), dtype=np.float32)
    precision = pick_precision("auto", net.device)
    with torch.inference_mode(), computing(net.device, precision):
        for batch in by_length([len(row) for row in rows], batch_size):
            ids = pad_rows([rows[i] for i in batch], tokenizer.pad_token_id or 0, net.device)
            mask = filled([len(rows[i]) for i in batch], net.device)
            states = net(input_ids=ids, attention_mask=mask, return_dict=True).last_hidden_state
            found[batch] = mean_of_tokens(states, mask).cpu().numpy()
    return found


def mean_of_tokens(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over true tokens, scaled to length 1, in fp32.

    Args:
        states: [rows, tokens, width].
        mask: [rows, tokens], 1 where there is a token.

    Returns:
        [rows, width].
    """
    weight = mask[:, :, None].float()
    mean = (states.float() * weight).sum(dim=1) / weight.sum(dim=1)
    return torch.nn.functional.normalize(mean, dim=1)


@lru_cache(maxsize=2)
def _encoder(model: str) -> tuple[Any, Any]:
    place = locate(model)
    with reading(place):
        net = transformers.AutoModel.from_pretrained(
            place, dtype=torch.float32, use_safetensors=True, **OFFLINE_SAFE
        )
    if net.config.is_encoder_decoder:
        net = net.get_encoder()
    net.to(pick_device()).eval()
    return net, load_tokenizer(model)
