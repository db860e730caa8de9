"""Losses, as small pure functions that can be checked by hand.

Notation: a target has T positions with gold pieces y_1..y_T; ce_t = -log p(y_t | source, y_<t).
Each position belongs to the label part or the rationale part (`targets.py` says which, and where
the end-of-sequence token goes), or is padding and belongs to none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Totals:
    """Weighted number of tokens of each part in the whole effective batch."""

    label: float
    rationale: float


def token_losses(
    logits: torch.Tensor, pieces: torch.Tensor, *, label_smoothing: float = 0.0
) -> torch.Tensor:
    """ce of each position, in fp32 whatever the logits are in.

    Args:
        logits: [tokens, vocabulary], only positions that have a target.
        pieces: [tokens], gold ids.
        label_smoothing: Share of the target that is spread evenly over the vocabulary.

    Returns:
        [tokens].
    """
    return functional.cross_entropy(
        logits.float(), pieces, reduction="none", label_smoothing=label_smoothing
    )


def parts_loss(
    losses: torch.Tensor,
    in_label: torch.Tensor,
    weights: torch.Tensor,
    *,
    label: float,
    rationale: float,
    totals: Totals,
) -> torch.Tensor:
    """The split loss of arXiv 2409.12599, eq. 2, with its reduction made explicit:

        L = F_label * sum_{t in label} w_t ce_t / N_label
          + F_rationale * sum_{t in rationale} w_t ce_t / N_rationale

    N is the weighted number of tokens of that part in the *effective* batch: micro-batches of one
    batch add up to the loss of the batch, however they are cut. A part without tokens adds nothing.
    With `F_label = 1` and every position in the label part it is the plain mean over tokens of
    a label-only run. Distilling Step-by-Step (arXiv 2305.02301, author code) is the same sum over
    two sequences, with F_label = alpha. As published, A keeps position 0 alone in the label part
    and all other positions of a target padded to 400 in the rationale part (`first_token`).

    Args:
        losses: [tokens], ce of each position.
        in_label: [tokens], true for the label part.
        weights: [tokens], weight of the row that the position belongs to.
        label: F_label.
        rationale: F_rationale.
        totals: N_label and N_rationale.

    Returns:
        A scalar: the share of the loss that these tokens bring.
    """
    weighted = losses * weights
    loss = losses.new_zeros(())
    if label and totals.label:
        loss = loss + (label / totals.label) * weighted[in_label].sum()
    if rationale and totals.rationale:
        loss = loss + (rationale / totals.rationale) * weighted[~in_label].sum()
    return loss


def class_loss(
    logits: torch.Tensor,
    classes: torch.Tensor,
    weights: torch.Tensor,
    *,
    total: float,
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """Weighted mean cross-entropy over rows: sum_i w_i ce_i / total, total = sum of the w of the
    effective batch.

    Args:
        logits: [rows, labels].
        classes: [rows], index of the right label.
        weights: [rows].
    """
    losses = functional.cross_entropy(
        logits.float(), classes, reduction="none", label_smoothing=label_smoothing
    )
    return (losses * weights).sum() / total


def labels_loss(
    logits: torch.Tensor, present: torch.Tensor, weights: torch.Tensor, *, total: float
) -> torch.Tensor:
    """Multi-label: binary cross-entropy, a mean over labels in each row, then a weighted mean over
    rows.

    Args:
        logits: [rows, labels].
        present: [rows, labels], 1 where the label applies.
        weights: [rows].
    """
    losses = functional.binary_cross_entropy_with_logits(
        logits.float(), present, reduction="none"
    ).mean(dim=1)
    return (losses * weights).sum() / total


def distillation_loss(
    logits: torch.Tensor,
    teacher: torch.Tensor,
    weights: torch.Tensor,
    *,
    temperature: float,
    total: float,
) -> torch.Tensor:
    """Soft labels after Hinton et al. (arXiv 1503.02531): T^2 * KL(q_T || p_T), a weighted mean
    over rows.

    p_T is the student's softmax at temperature T. The teacher gives probabilities, not logits, so
    q_T is proportional to q^(1/T), which is what its own softmax at temperature T would give.

    Args:
        logits: [rows, labels], of the student.
        teacher: [rows, labels], probabilities that sum to 1.
        weights: [rows].
        temperature: T; 1 leaves the teacher's probabilities as they are.
    """
    student = functional.log_softmax(logits.float() / temperature, dim=1)
    soft = teacher.float().clamp_min(1e-12).log() / temperature
    target = functional.log_softmax(soft, dim=1)
    losses = functional.kl_div(student, target, reduction="none", log_target=True).sum(dim=1)
    return temperature**2 * (losses * weights).sum() / total
