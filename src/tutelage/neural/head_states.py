"""What the last layer of a classifier reads: the encoder's state of each text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tutelage.neural.batching import by_length
from tutelage.neural.categorisation import Categoriser
from tutelage.neural.devices import computing


def head_states(
    net: Categoriser,
    rows: Sequence[Mapping[str, list[int]]],
    *,
    precision: str,
    batch_size: int = 64,
) -> npt.NDArray[np.float64]:
    """Inputs of the layer that gives the logits, [rows, width].

    Args:
        net: A trained classifier. Its dropout is off while it reads.
        rows: Texts in ids, as of `Categoriser.read`.
        precision: In which the encoder computes.
        batch_size: Rows that are computed at once.
    """
    found = np.zeros((len(rows), net.head.in_features))
    caught: list[torch.Tensor] = []

    def catch(_: torch.nn.Module, given: tuple[Any, ...]) -> None:
        caught.append(given[0])

    net.model.eval()
    hook = net.head.register_forward_pre_hook(catch)
    try:
        with torch.inference_mode(), computing(net.model.device, precision):
            for batch in by_length([len(row["input_ids"]) for row in rows], batch_size):
                net.logits([rows[i] for i in batch])
                found[batch] = caught.pop().double().cpu().numpy()
    finally:
        hook.remove()
    return found
