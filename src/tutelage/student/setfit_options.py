"""What recipes may say of SetFit. Light: a recipe is checked without the package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

Count = Annotated[int, Gt(0)]
Penalty = Annotated[float, Gt(0)]


@dataclass(frozen=True, slots=True)
class SetFitOptions:
    """SetFit (arXiv 2209.11055): an encoder tuned on pairs of rows, and a logistic regression on
    its embeddings. Needs the extra `setfit` for training; the saved student does not."""

    model: str = "minilm"
    """Hub id or folder of an encoder; `minilm` for the installed all-MiniLM-L6-v2."""
    rows_per_label: Annotated[int, Ge(2)] = 32
    """Rows of each label from which pairs are made, drawn by the student seed; the head is fitted
    on all rows. The number of pairs grows with its square."""
    max_pairs: Count = 1000
    """Pairs to train on, at most: what decides how long it takes."""
    batch_size: Count = 16
    """Pairs in one optimiser step."""
    learning_rate: Annotated[float, Gt(0)] = 2e-5
    """Of the encoder, as in the package."""
    max_source: Annotated[int, Ge(8)] = 256
    """Most pieces of a text; longer ones are cut."""
    c: Penalty | tuple[Penalty, ...] = (0.1, 1.0, 10.0, 100.0)
    """Inverse strength of the head's penalty; of several values, dev chooses."""
    select: Literal["dev_loss", "dev_accuracy"] = "dev_accuracy"
    """Primary rule of that choice; the other is kept and scored beside it."""
