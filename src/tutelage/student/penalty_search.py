"""Choosing the penalty of a light student on dev, under both checkpoint rules."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tutelage.records import Example, Fitted, Moment, Task
from tutelage.student.logistic import Head, dev_measures, fit_heads

Save = Callable[[Path, Head, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One value of the penalty."""

    c: float
    head: Head
    dev: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PenaltySearch:
    """What both light students share once their features are made."""

    task: Task
    c: float | tuple[float, ...]
    select: Literal["dev_accuracy", "dev_loss"]
    soft_labels: bool

    def run(
        self,
        features: Any,
        rows: Sequence[Example],
        dev_features: Any,
        dev: Sequence[Example],
        *,
        folder: Path,
        save: Save,
        facts: Mapping[str, Any],
        started: float,
    ) -> Fitted:
        """Fit every value of c, save the student of each rule in its own folder.

        With one value there is nothing to choose, and without dev rows the one nearest 1 is taken:
        the only rule is then `last`.
        """
        values = self.c if isinstance(self.c, tuple) else (self.c,)
        if not dev:
            values = (min(values, key=lambda c: abs(math.log(c))),)
        heads = fit_heads(features, rows, self.task, values, soft_labels=self.soft_labels)
        trials = [
            Trial(
                c, head, dev_measures(head, dev_features, dev, self.task.label_names) if dev else {}
            )
            for c, head in zip(values, heads, strict=True)
        ]
        chosen = self._choose(trials)
        primary = self.select if self.select in chosen else "last"
        told = {rule: self._facts(trial, trials, facts) for rule, trial in chosen.items()}
        for rule, trial in chosen.items():
            save(folder / rule, trial.head, told[rule])
        moment = Moment(step=1, epoch=1.0, dev=chosen[primary].dev)
        return Fitted(
            folders={rule: str(folder / rule) for rule in chosen},
            primary=primary,
            history=(moment,) if dev else (),
            facts=told[primary],
            seconds=time.perf_counter() - started,
        )

    def _choose(self, trials: Sequence[Trial]) -> dict[str, Trial]:
        if len(trials) < 2:
            return {"last": trials[0]}
        return {
            "dev_loss": min(trials, key=lambda t: t.dev["loss"]),
            "dev_accuracy": max(trials, key=lambda t: t.dev["accuracy"]),
        }

    def _facts(
        self, trial: Trial, trials: Sequence[Trial], facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        tried = {"c_tried": [[t.c, dict(t.dev)] for t in trials]} if len(trials) > 1 else {}
        return {
            **facts,
            "parameters": int(trial.head.weights.size + trial.head.bias.size),
            "c": trial.c,
            "converged": trial.head.converged,
            **tried,
        }


def drawn(rows: Sequence[Example], *, bootstrap: bool, seed: int) -> list[Example]:
    """The rows to train on: as given, or as many of them drawn with replacement."""
    if not bootstrap:
        return list(rows)
    picks = np.random.default_rng(seed).integers(0, len(rows), len(rows))
    return [rows[i] for i in picks]
