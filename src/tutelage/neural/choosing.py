"""Which piece comes next: the likeliest, or a draw from temperature and nucleus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tutelage.neural.noise import exponential


@dataclass(frozen=True, slots=True)
class Draw:
    """How one row draws its next piece."""

    temperature: float
    """0 takes the likeliest piece."""
    top_p: float
    """Only the likeliest pieces whose probabilities first reach this sum are drawn from."""
    stream: int
    step: int


def choose(scores: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    """One piece for each row; a row's choice depends on its own scores and numbers alone.

    A draw is the argmax of p(w) / e(w) with standard exponential e(w), which is the argmax of
    log p(w) plus Gumbel noise without a logarithm. Unlike one uniform number and a running sum,
    rounding errors can change it only where the two best pieces are as good as equal.

    Args:
        scores: Logits or log-probabilities, [rows, vocabulary].
        draws: One for each row.

    Returns:
        [rows], ids.
    """
    rows = [i for i, draw in enumerate(draws) if draw.temperature > 0]
    if not rows:
        return scores.argmax(dim=1)
    if len(rows) < len(draws):
        chosen = scores.argmax(dim=1)
        chosen[rows] = choose(scores[rows], [draws[i] for i in rows])
        return chosen
    return _draw(scores, draws)


def _draw(scores: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    shares = nucleus(
        torch.softmax(scores / _column([d.temperature for d in draws], scores), dim=1),
        _column([d.top_p for d in draws], scores),
    )
    waits = exponential(
        [d.stream for d in draws], [d.step for d in draws], scores.shape[1], scores.device
    )
    return waits.reciprocal_().mul_(shares).argmax(dim=1)


def nucleus(shares: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """Probabilities with 0 outside the smallest set of the likeliest that reaches `top_p`
    (Holtzman et al., arXiv 1904.09751); the likeliest piece always stays.

    Args:
        shares: [rows, vocabulary].
        top_p: [rows, 1]; 1 keeps all.
    """
    if bool((top_p >= 1).all()):
        return shares
    ordered, places = shares.sort(dim=1, descending=True, stable=True)
    before = ordered.cumsum(dim=1) - ordered
    outside = (before >= top_p) & (top_p < 1)
    outside[:, 0] = False
    return shares.masked_fill(torch.zeros_like(outside).scatter(1, places, outside), 0.0)


def _column(numbers: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(numbers, dtype=like.dtype, device=like.device)[:, None]
