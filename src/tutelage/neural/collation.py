"""Encoded rows into padded tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tutelage.neural.targets import Encoded


def pad_rows(
    rows: Sequence[Sequence[int]], pad: int, device: torch.device, *, length: int | None = None
) -> torch.Tensor:
    """[rows, longest] (or `length`), padded at the end."""
    width = length if length is not None else max(map(len, rows))
    padded = np.full((len(rows), width), pad, dtype=np.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return torch.from_numpy(padded).to(device, non_blocking=True)


def filled(
    lengths: Sequence[int], device: torch.device, *, length: int | None = None
) -> torch.Tensor:
    """[rows, longest] (or `length`), 1 where a row has a token."""
    size = torch.tensor(lengths)
    mask = torch.arange(int(size.max()) if length is None else length) < size[:, None]
    return mask.long().to(device, non_blocking=True)


@dataclass(frozen=True, slots=True)
class Micro:
    """A micro-batch of sequences on the device."""

    source: torch.Tensor
    """[rows, source]."""
    mask: torch.Tensor
    """[rows, source], 1 where there is a token."""
    inputs: torch.Tensor
    """Decoder inputs, [rows, target]: the target shifted right behind the start token."""
    where: torch.Tensor
    """[rows, target], true where the target counts."""
    pieces: torch.Tensor
    """[tokens], gold ids where `where` is true, row by row."""
    in_label: torch.Tensor
    """[tokens], true for the label part."""
    weights: torch.Tensor
    """[tokens], weight of the row."""


def collate(
    rows: Sequence[Encoded],
    *,
    pad: int,
    start: int,
    device: torch.device,
    padded_to: int | None = None,
) -> Micro:
    """Make a micro-batch.

    Args:
        rows: Sequences.
        pad: Id of the padding.
        start: Id with which a decoder begins.
        device: Where the tensors go.
        padded_to: Length to which targets are padded with ids that *count* (as published); with
            None padding never counts.
    """
    target = pad_rows([row.target for row in rows], pad, device, length=padded_to)
    inputs = torch.cat([target.new_full((len(rows), 1), start), target[:, :-1]], dim=1)
    position = torch.arange(target.shape[1], device=device)
    spans = torch.tensor(
        [[len(row.target), row.label_from, row.label_to] for row in rows], device=device
    )
    if padded_to is not None:
        where = torch.ones_like(target, dtype=torch.bool)
    else:
        where = position < spans[:, :1]
    label = (position >= spans[:, 1:2]) & (position < spans[:, 2:])
    weights = torch.tensor([row.weight for row in rows], device=device)
    return Micro(
        source=pad_rows([row.source for row in rows], pad, device),
        mask=filled([len(row.source) for row in rows], device),
        inputs=inputs,
        where=where,
        pieces=target[where],
        in_label=label[where],
        weights=weights[:, None].expand_as(target)[where],
    )
