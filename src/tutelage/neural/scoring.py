"""Which label is likeliest: by the log-probability of its pieces, always a valid label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tutelage.neural.collation import filled, pad_rows
from tutelage.neural.families import Transducer

CELLS = 1 << 18
"""Most cells (candidates x pieces of their source) that the decoder attends to at once: 150 labels
at 256 pieces go seven rows at a time."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Labels as the decoder is fed with them.

    Two labels that share all pieces but the last share one decoder input, and a label whose pieces
    begin another one's input rides along with it: 150 one-piece labels need a single input.
    """

    inputs: tuple[tuple[int, ...], ...]
    """Pieces before the last one, of the labels that no other input covers."""
    label: npt.NDArray[np.int64]
    """[pieces], label of each piece."""
    row: npt.NDArray[np.int64]
    """[pieces], input under which the piece is read."""
    place: npt.NDArray[np.int64]
    """[pieces], position of the piece in its label."""
    piece: npt.NDArray[np.int64]
    """[pieces], its id."""


def make_candidates(labels: Sequence[Sequence[int]]) -> Candidates:
    """Prepare labels for scoring.

    >>> make_candidates([[7], [8], [9, 4], [9, 5]]).inputs
    ((9,),)
    """
    needed = sorted({tuple(pieces[:-1]) for pieces in labels}, key=lambda x: (-len(x), x))
    inputs: list[tuple[int, ...]] = []
    for prefix in needed:
        if not any(kept[: len(prefix)] == prefix for kept in inputs):
            inputs.append(prefix)
    cells = []
    for number, pieces in enumerate(labels):
        row = next(i for i, x in enumerate(inputs) if x[: len(pieces) - 1] == tuple(pieces[:-1]))
        cells += [(number, row, place, piece) for place, piece in enumerate(pieces)]
    label, row_of, place_of, piece_of = np.array(cells, dtype=np.int64).T
    return Candidates(tuple(inputs), label, row_of, place_of, piece_of)


def score_labels(
    net: Transducer,
    states: torch.Tensor,
    mask: torch.Tensor,
    candidates: Candidates,
    *,
    labels: int,
    prefixes: Sequence[Sequence[int]] | None = None,
) -> npt.NDArray[np.float64]:
    """log p(pieces of the label | source, prefix) for every row and label.

    The sum runs over the label span of the loss, all pieces of the label. What follows a label
    (separator or end of sequence) is left out: since no label is the beginning of another, its
    pieces alone make the labels exclusive, and rows with and without rationale score alike.

    Args:
        net: The student, in evaluation mode.
        states: Encoder states, [rows, source, width].
        mask: [rows, source].
        candidates: Of `make_candidates`.
        labels: Number of labels.
        prefixes: Pieces that each row's target begins with (a rationale); none where absent.

    Returns:
        [rows, labels], natural logarithms.
    """
    count = len(candidates.inputs)
    at_once = max(1, CELLS // (count * states.shape[1]))
    before = prefixes if prefixes is not None else [()] * len(states)
    found = []
    for i in range(0, len(states), at_once):
        rows = slice(i, i + at_once)
        found.append(_score(net, states[rows], mask[rows], candidates, labels, before[rows]))
    return np.concatenate(found)


def _score(
    net: Transducer,
    states: torch.Tensor,
    mask: torch.Tensor,
    candidates: Candidates,
    labels: int,
    before: Sequence[Sequence[int]],
) -> npt.NDArray[np.float64]:
    count, rows = len(candidates.inputs), len(states)
    fed = [[net.start, *p, *x] for p in before for x in candidates.inputs]
    inputs = pad_rows(fed, net.pad, net.device)
    read_from = torch.tensor([len(p) for p in before for _ in candidates.inputs])
    position = torch.arange(inputs.shape[1])
    lengths = torch.tensor([len(f) for f in fed])
    where = (position >= read_from[:, None]) & (position < lengths[:, None])
    logits = net.logits_at(
        states.repeat_interleave(count, dim=0),
        mask.repeat_interleave(count, dim=0),
        inputs,
        where.to(net.device),
        exact=True,
    )
    # Row r's logits start at r * (cells of all inputs); input k's cells follow those before it.
    sizes = np.array([len(x) + 1 for x in candidates.inputs])
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    cell = start[candidates.row] + candidates.place
    flat = torch.from_numpy(np.arange(rows)[:, None] * sizes.sum() + cell).to(net.device)
    piece = torch.from_numpy(candidates.piece).to(net.device)
    logits = logits.float()
    picked = logits[flat, piece] - torch.logsumexp(logits, dim=1)[flat]
    scores = np.zeros((rows, labels))
    np.add.at(scores.T, candidates.label, picked.double().cpu().numpy().T)
    return scores


def softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities over the last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: npt.NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares


def encode_rows(
    net: Transducer, sources: Sequence[Sequence[int]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encoder states and mask of a batch of sources."""
    mask = filled([len(source) for source in sources], net.device)
    return net.encode(pad_rows(sources, net.pad, net.device), mask), mask
