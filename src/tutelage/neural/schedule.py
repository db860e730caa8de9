"""How many steps training takes, when it evaluates, and the learning rate of each step."""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.exceptions import TrainingError
from tutelage.neural.batching import steps_per_epoch


@dataclass(frozen=True, slots=True)
class Schedule:
    """Linear warm-up, then linear decay that reaches 0 exactly when training ends."""

    steps: int
    """Optimiser steps of the whole training."""
    warmup: int
    peak: float
    """Highest learning rate."""
    evaluations: tuple[int, ...]
    """Steps after which dev is evaluated; the last one is the last step."""

    def rate(self, step: int) -> float:
        """Learning rate of the step that is the `step`-th, counted from 0.

        >>> s = Schedule(steps=4, warmup=2, peak=1.0, evaluations=(4,))
        >>> [s.rate(i) for i in range(5)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
        """
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        return self.peak * (self.steps - step) / (self.steps - self.warmup)


def make_schedule(
    rows: int,
    *,
    batch_size: int,
    epochs: float,
    steps: int | None,
    warmup: float,
    learning_rate: float,
    evaluations_per_epoch: float,
) -> Schedule:
    """Plan the steps of a training.

    Args:
        rows: Training rows.
        batch_size: Rows in one optimiser step.
        epochs: Passes over the rows, where `steps` is None.
        steps: Optimiser steps, whatever the number of rows.
        warmup: Steps of warm-up, or a share of all steps where below 1.
        learning_rate: The peak.
        evaluations_per_epoch: At least one evaluation is made, at the end.

    Raises:
        TrainingError: nothing to train on, or a warm-up that training does not outlast: the
            decay would then have no step.
    """
    if rows == 0:
        raise TrainingError(
            "There is no row to train on.",
            do="See the verdicts: every row may have been dropped by a check.",
        )
    epoch = steps_per_epoch(rows, batch_size)
    total = steps if steps is not None else round(epoch * epochs)
    warm = round(warmup * total) if warmup < 1 else round(warmup)
    if total < 1 or warm >= total:
        raise TrainingError(
            f"A warm-up of {warm} steps does not fit into training of {total} steps.",
            f"{rows} rows at batch size {batch_size} give {epoch} steps an epoch.",
            "Lower warmup_steps (below 1 it is a share of all steps), or train for longer.",
        )
    count = min(total, max(1, round(evaluations_per_epoch * total / epoch)))
    moments = tuple(total * (i + 1) // count for i in range(count))
    return Schedule(total, warm, learning_rate, moments)
