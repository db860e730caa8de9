"""Rivals that write without having learned to: the input itself, and what the nearest row says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from tutelage.exceptions import DataError
from tutelage.records import Example, Prediction, Task

WORD = r"\w+|[^\w\s]"
"""Words and single marks, so that no text is left without any."""


@dataclass(frozen=True)
class Copy:
    """Answers every row with its own text: what a student must beat that only repeats."""

    task: Task

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """The fields of each row in the order of the task, with a space between them."""
        return [_wrote(row, joined(self.task, row)) for row in examples]


@dataclass(frozen=True)
class Nearest:
    """Answers with the target of the train row whose text is nearest: what looking up brings.

    Nearness is the cosine of TF-IDF vectors of words; of equally near rows the first one answers.
    """

    task: Task
    train: Sequence[Example]

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """One target of `train` for each row.

        Raises:
            DataError: no row of `train` has a target.
        """
        if not self._known:
            raise DataError(
                "No train row has a target.", "The rival `nearest` answers with one of them."
            )
        if not examples:
            return []
        asked = self._index[0].transform([joined(self.task, row) for row in examples])
        best = np.asarray((asked @ self._index[1].T).argmax(axis=1)).reshape(-1)
        return [_wrote(row, _target(self._known[i])) for row, i in zip(examples, best, strict=True)]

    @cached_property
    def _known(self) -> list[Example]:
        return [row for row in self.train if _target(row)]

    @cached_property
    def _index(self) -> tuple[Any, Any]:
        vectors = TfidfVectorizer(token_pattern=WORD, lowercase=True)
        return vectors, vectors.fit_transform([joined(self.task, row) for row in self._known])


def joined(task: Task, row: Example) -> str:
    """The row's input as one text."""
    return " ".join(row.fields[name] for name in task.fields)


def _target(row: Example) -> str:
    return row.target or next(iter(row.references), "")


def _wrote(row: Example, text: str) -> Prediction:
    return Prediction(row.id, text=text, target=text)
