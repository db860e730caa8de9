"""Sentence embeddings from any encoder, as sentence-transformers makes them for MiniLM.

A text's embedding is the same to the last bit whatever is embedded beside it: its batch has a
fixed number of rows, filled up where there are fewer, and a width that follows from its own length
alone. So embeddings may be kept and shared, and a resumed run finds the same ones. On a CPU these
small batches are also several times as fast as large ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers

from tutelage.neural.collation import filled, pad_rows
from tutelage.neural.devices import computing, pick_device, pick_precision
from tutelage.neural.families import position_limit
from tutelage.neural.tokenization import cut, load_tokenizer, pieces
from tutelage.neural.weights import OFFLINE_SAFE, locate, reading


def embed(
    texts: Sequence[str], *, model: str, batch_size: int = 8, max_length: int = 256
) -> npt.NDArray[np.float32]:
    """Embed texts: the mean of the last layer over a text's tokens, scaled to length 1.

    Args:
        texts: Any texts.
        model: Hub id or folder of an encoder, or `minilm`.
        batch_size: Texts that are computed at once; another number moves the last bits.
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
        for batch in _batches([len(row) for row in rows], batch_size):
            full = [rows[i] for i in (*batch, *batch[:1] * (batch_size - len(batch)))]
            width = min(limit, -(-len(full[0]) // WIDTH) * WIDTH)
            ids = pad_rows(full, tokenizer.pad_token_id or 0, net.device, length=width)
            mask = filled([len(row) for row in full], net.device, length=width)
            states = net(input_ids=ids, attention_mask=mask, return_dict=True).last_hidden_state
            found[batch] = mean_of_tokens(states, mask)[: len(batch)].cpu().numpy()
    return found


WIDTH = 16
"""Batches are as wide as the next multiple of it."""


def _batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Positions of texts whose batches are equally wide, widest first, `size` at a time."""
    by_width: dict[int, list[int]] = defaultdict(list)
    for i, length in enumerate(lengths):
        by_width[-(-length // WIDTH)].append(i)
    for _, found in sorted(by_width.items(), reverse=True):
        yield from (found[at : at + size] for at in range(0, len(found), size))


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
