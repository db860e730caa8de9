"""The linear student: TF-IDF under a logistic regression, trained in seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tutelage.records import Example, Fitted, Prediction, Task
from tutelage.student.label_tasks import check_has_labels
from tutelage.student.lexical_features import LexicalFeatures, learn_features
from tutelage.student.light_folder import head_saver, read_student, saved_head
from tutelage.student.logistic import Head
from tutelage.student.options import LinearOptions
from tutelage.student.penalty_search import PenaltySearch, drawn
from tutelage.student.upweighting import Loss, influences

KIND = "linear"


@dataclass(frozen=True)
class LinearLearner:
    options: LinearOptions
    task: Task

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Train on `rows` and choose the penalty on `dev`.

        The seed is used by `bootstrap` alone; `facts["seed_varies"]` says whether it was.

        Raises:
            TrainingError: fewer than two labels, a row without one, or no words.
        """
        started, options = time.perf_counter(), self.options
        rows = drawn(rows, bootstrap=options.bootstrap, seed=seed)
        features = learn_features(rows, self.task.fields, max_features=options.max_features)

        save = head_saver(
            KIND,
            self.task,
            {"vocabulary": features.vocabulary(), "soft_labels": options.soft_labels},
            idf=np.concatenate(list(features.idf().values())),
        )
        search = PenaltySearch(self.task, options.c, options.select, options.soft_labels)
        return search.run(
            features.transform(rows),
            rows,
            features.transform(dev) if dev else None,
            dev,
            folder=folder,
            save=save,
            facts={"rows": len(rows), "seed_varies": options.bootstrap},
            started=started,
        )

    def load(self, folder: Path) -> LinearStudent:
        """The student saved in `folder`."""
        task, content, arrays = read_student(Path(folder), KIND)
        sizes = [len(terms) for terms in content["vocabulary"].values()]
        pieces = np.split(arrays["idf"], np.cumsum(sizes)[:-1])
        features = LexicalFeatures.restore(
            task.fields,
            content["vocabulary"],
            dict(zip(content["vocabulary"], pieces, strict=True)),
        )
        head = saved_head(task, content, arrays)
        return LinearStudent(
            task, features, head, content["facts"]["c"], content.get("soft_labels", True)
        )


@dataclass(frozen=True)
class LinearStudent:
    """A trained linear student."""

    task: Task
    features: LexicalFeatures
    head: Head
    c: float = 1.0
    """Inverse strength of the penalty under which the head was fitted."""
    soft_labels: bool = True

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """Labels with probabilities; this student writes no rationales."""
        if not examples:
            return []
        table = self.features.transform(examples)
        return self.head.predict(examples, table, self.task.label_names)

    def influences(
        self, rows: Sequence[Example], validation: Sequence[Example], *, loss: Loss = "rce"
    ) -> list[float]:
        """Change of the mean loss on `validation` per unit of weight added to each of `rows`.

        Exact for a head fitted on `rows` with this student's features and penalty.
        """
        return influences(
            self.features.transform(rows),
            rows,
            self.features.transform(validation),
            validation,
            self.task,
            c=self.c,
            soft_labels=self.soft_labels,
            loss=loss,
        )


def build(options: LinearOptions, *, task: Task) -> LinearLearner:
    """A learner for `task`.

    Raises:
        UserError: the task's answers are no labels.
    """
    check_has_labels(task, KIND)
    return LinearLearner(options, task)
