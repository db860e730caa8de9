"""The embedding-head student: a logistic regression over frozen sentence embeddings.

Each text is embedded once in a program, so that further seeds, arms and rounds cost seconds; once
for all with a cache folder (option `cache`, or the variable TUTELAGE_CACHE).
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tutelage.records import Example, Fitted, Prediction, Task
from tutelage.student.embedding_cache import EmbeddingCache
from tutelage.student.label_tasks import check_has_labels
from tutelage.student.light_folder import head_saver, read_student, saved_head
from tutelage.student.logistic import Head
from tutelage.student.options import EmbeddingHeadOptions
from tutelage.student.penalty_search import PenaltySearch, drawn
from tutelage.student.upweighting import Loss, influences

KIND = "embedding_head"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Embedder:
    """Which encoder reads the texts, and where its embeddings are kept."""

    model: str
    batch_size: int
    max_source: int
    cache: EmbeddingCache

    def features(self, rows: Sequence[Example], fields: Sequence[str]) -> Floats:
        """[rows, features]: each field's embedding u, and |u - v| and u * v of each pair of fields
        (as in Conneau et al. 2017, arXiv 1705.02364, section 3.1)."""
        columns = [self._embed([row.fields.get(name, "") for row in rows]) for name in fields]
        pairs = [
            part for u, v in itertools.combinations(columns, 2) for part in (np.abs(u - v), u * v)
        ]
        return np.hstack([*columns, *pairs])

    def _embed(self, texts: Sequence[str]) -> Floats:
        distinct = sorted(set(texts))
        table = self.cache.table(distinct, self._encode)
        place = {text: i for i, text in enumerate(distinct)}
        return np.asarray(table[[place[text] for text in texts]], dtype=np.float64)

    def _encode(self, texts: Sequence[str]) -> npt.NDArray[Any]:
        from tutelage.neural.embedding import embed

        return np.asarray(
            embed(
                texts,
                model=self.model,
                batch_size=self.batch_size,
                max_length=self.max_source,
            )
        )


@dataclass(frozen=True)
class EmbeddingHeadLearner:
    options: EmbeddingHeadOptions
    task: Task

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Embed all rows, fit the head on `rows` and choose its penalty on `dev`.

        The seed is used by `bootstrap` alone; `facts["seed_varies"]` says whether it was.

        Raises:
            TrainingError: fewer than two labels, or a row without one.
        """
        started, options = time.perf_counter(), self.options
        rows = drawn(rows, bootstrap=options.bootstrap, seed=seed)
        embedder = self._embedder(options.model, options.max_source)

        save = head_saver(
            KIND,
            self.task,
            {
                "model": options.model,
                "max_source": options.max_source,
                "soft_labels": options.soft_labels,
            },
        )
        search = PenaltySearch(self.task, options.c, options.select, options.soft_labels)
        return search.run(
            embedder.features(rows, self.task.fields),
            rows,
            embedder.features(dev, self.task.fields) if dev else None,
            dev,
            folder=folder,
            save=save,
            facts={"rows": len(rows), "model": options.model, "seed_varies": options.bootstrap},
            started=started,
        )

    def load(self, folder: Path) -> EmbeddingHeadStudent:
        """The student saved in `folder`; its encoder is named there, not copied."""
        task, content, arrays = read_student(Path(folder), KIND)
        head = saved_head(task, content, arrays)
        return EmbeddingHeadStudent(
            task,
            self._embedder(content["model"], content["max_source"]),
            head,
            content["facts"]["c"],
            content.get("soft_labels", True),
        )

    def _embedder(self, model: str, max_source: int) -> Embedder:
        place = self.options.cache or os.environ.get("TUTELAGE_CACHE", "")
        folder, size = Path(place) / "embeddings" if place else None, self.options.batch_size
        return Embedder(model, size, max_source, EmbeddingCache(folder, model, max_source, size))


@dataclass(frozen=True)
class EmbeddingHeadStudent:
    """A trained head with its encoder."""

    task: Task
    embedder: Embedder
    head: Head
    c: float = 1.0
    """Inverse strength of the penalty under which the head was fitted."""
    soft_labels: bool = True

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """Labels with probabilities; this student writes no rationales."""
        if not examples:
            return []
        table = self.embedder.features(examples, self.task.fields)
        return self.head.predict(examples, table, self.task.label_names)

    def influences(
        self, rows: Sequence[Example], validation: Sequence[Example], *, loss: Loss = "rce"
    ) -> list[float]:
        """Change of the mean loss on `validation` per unit of weight added to each of `rows`.

        Exact for a head fitted on the embeddings of `rows` with this student's penalty.
        """
        return influences(
            self.embedder.features(rows, self.task.fields),
            rows,
            self.embedder.features(validation, self.task.fields),
            validation,
            self.task,
            c=self.c,
            soft_labels=self.soft_labels,
            loss=loss,
        )


def build(options: EmbeddingHeadOptions, *, task: Task) -> EmbeddingHeadLearner:
    """A learner for `task`.

    Raises:
        UserError: the task's answers are no labels.
    """
    check_has_labels(task, KIND)
    return EmbeddingHeadLearner(options, task)
