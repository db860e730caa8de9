"""Bending a model's own probabilities of the next piece: self-debiasing, and repetition rewards.

Self-debiasing: Schick, Udupa and Schütze, arXiv 2103.00453, equations 2 to 4; ZeroGen
(arXiv 2202.07922) runs it with the prompts of the other labels. Repetition reward and penalty:
SuperGen, arXiv 2202.04538, section 4, on the scores of CTRL (arXiv 1909.05858, section 4.1).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch

from tutelage.exceptions import UserError


@dataclass(frozen=True, slots=True)
class Steered:
    """How one text is steered."""

    against: tuple[str, ...] = ()
    """Prompts whose likeliest pieces are scaled down (self-debiasing)."""
    decay: float = 200.0
    """Lambda of self-debiasing; ZeroGen's value."""
    least: float = 0.01
    """Epsilon of self-debiasing: no piece is scaled by less; ZeroGen's value."""
    source: str = ""
    """Text whose pieces are rewarded."""
    reward: float = 1.0
    """Alpha: temperature factor of pieces of `source` not written yet; below 1 rewards them."""
    penalty: float = 1.0
    """Beta: temperature factor of pieces written already; above 1 repeats them less."""

    def __post_init__(self) -> None:
        for name in ("reward", "penalty"):
            if not getattr(self, name) > 0:
                raise UserError(
                    f"Steering has {name} {getattr(self, name)}.",
                    "It divides scores, so it must be above 0.",
                    "Use 1.0 to leave the scores as they are.",
                )
        if not (0 < self.least <= 1 and self.decay >= 0):
            raise UserError(
                f"Steering has decay {self.decay} and least {self.least}.",
                "A piece is scaled by exp(decay x difference), and by no less than `least`.",
                "Use decay 0 or more, and least above 0 and at most 1 (ZeroGen: 200 and 0.01).",
            )


def steer(
    logits: torch.Tensor,
    against: torch.Tensor,
    how: Steered,
    *,
    source: Collection[int] = (),
    written: Collection[int] = (),
) -> torch.Tensor:
    """Log-probabilities of the next piece, bent.

    Where both are asked for, the reward changes the distribution and self-debiasing scales what
    comes of it; the factors of self-debiasing are those of the model's own probabilities.

    Args:
        logits: After the prompt and what is written, [vocabulary].
        against: After each counter prompt and what is written, [prompts, vocabulary].
        how: Strengths.
        source: Ids of the pieces of `how.source`.
        written: Ids written so far.

    Returns:
        [vocabulary], natural logarithms that sum to 1 as probabilities.
    """
    bent = torch.log_softmax(rewarded(logits, how, source=source, written=written), dim=-1)
    if not len(against):
        return bent
    own, others = torch.softmax(logits, dim=-1), torch.softmax(against, dim=-1)
    factors = debiasing_factors(own, others, decay=how.decay, least=how.least)
    return torch.log_softmax(bent + factors.log(), dim=-1)


def debiasing_factors(
    own: torch.Tensor, against: torch.Tensor, *, decay: float, least: float
) -> torch.Tensor:
    """By what self-debiasing scales each piece's probability, before it is normalised again.

    With d(w) = p(w | prompt) - max over counter prompts of p(w | counter prompt), the factor is 1
    where d(w) >= 0, else exp(decay * d(w)), but never below `least`.

    Args:
        own: p(w | prompt), [vocabulary].
        against: p(w | counter prompt), [prompts, vocabulary].
        decay: Lambda.
        least: Epsilon.

    Returns:
        [vocabulary], from `least` to 1.
    """
    difference = own - against.amax(dim=0)
    return torch.exp(decay * difference.clamp(max=0)).clamp(min=least)


def rewarded(
    logits: torch.Tensor,
    how: Steered,
    *,
    source: Collection[int] = (),
    written: Collection[int] = (),
) -> torch.Tensor:
    """Logits with the temperatures of single pieces: `how.reward` for pieces of the source that are
    not written yet, `how.penalty` for those that are written, 1 for all others.

    A positive logit is divided by the factor and a negative one multiplied, so that a factor below
    1 raises and one above 1 lowers both, as CTRL and SuperGen's programs do; divided alone, as
    the equation is printed, it would do the opposite to negative ones. SuperGen's program also
    punishes pieces of the prompt around the source; here, as in the paper, only what was written.

    Args:
        logits: [vocabulary].
        how: Factors.
        source: Ids of the pieces of the source.
        written: Ids written so far.
    """
    done = set(written)
    factors = torch.ones_like(logits)
    for ids, factor in ((set(source) - done, how.reward), (done, how.penalty)):
        if ids and factor != 1.0:
            factors[sorted(ids)] = factor
    return torch.where(logits > 0, logits / factors, logits * factors)
