"""On what scale a metric is given, and how far two answers to one row usually lie apart on it."""

from __future__ import annotations

from dataclasses import dataclass

OF_A_HUNDRED = ("bleu", "chrf", "rationale_bleu")
"""Metrics that are given from 0 to 100, as they are published; all others are shares of 1."""
OVERLAPS = ("bleu", "chrf", "rouge_1", "rouge_2", "rouge_l")
"""Metrics that say how near a written text comes to its references."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From 0 to `top`."""

    top: float = 1.0
    step: float = 1.0
    """How far apart two different answers to one row lie, as a share of the scale: the whole of it
    where a row is right or wrong."""


OVERLAP_STEP = 0.2
"""Two different texts for one row usually lie 6 to 30 points of chrF or ROUGE apart: so do those of
look-up rivals on dev rows of CommonGen and WebNLG."""


def scale_of(metric: str) -> Scale:
    """The scale of `metric`.

    >>> scale_of("accuracy"), scale_of("chrf")
    (Scale(top=1.0, step=1.0), Scale(top=100.0, step=0.2))
    """
    return Scale(
        100.0 if metric in OF_A_HUNDRED else 1.0, OVERLAP_STEP if metric in OVERLAPS else 1.0
    )
