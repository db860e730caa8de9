"""The classifier student: an encoder with a head over the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.categorisation import (
    Cases,
    Categorisation,
    Categoriser,
    decide,
    fresh_categoriser,
    load_categoriser,
    probabilities,
)
from tutelage.neural.devices import pick_device, pick_precision, stream
from tutelage.neural.ensembling import Ensembling
from tutelage.neural.head_states import head_states
from tutelage.neural.training import Progress
from tutelage.records import Example, Fitted, Prediction, Task
from tutelage.student.fitting import Trainee, fit_once, looked_at
from tutelage.student.label_tasks import check_has_labels
from tutelage.student.options import ClassifierOptions
from tutelage.student.saving import origin_facts, read_student
from tutelage.student.upweighting import Loss, influences

NAME = "classifier"
DECAY = 0.005
"""Penalty of a last layer whose influences are asked for, as in ProGen's code: each row's loss gets
DECAY * |W|^2."""


def build(options: ClassifierOptions, *, task: Task) -> ClassifierLearner:
    """The learner of a recipe.

    Raises:
        UserError: a task without labels, or options that cannot be.
    """
    check_has_labels(task, NAME)
    if task.kind not in ("classification", "nli", "multi_label") or not task.labels:
        raise UserError(
            f"A classifier cannot learn the task {task.name!r} of kind {task.kind}.",
            "It chooses from a list of labels.",
            "Use the learner seq2seq.",
        )
    if options.ensembling is not None and task.kind == "multi_label":
        raise UserError(
            "ensembling does not go with a multi-label task.",
            "It leaves out rows whose one label the student doubts.",
            "Leave ensembling out.",
        )
    pick_precision(options.precision, pick_device())
    return ClassifierLearner(options, task)


@dataclass
class ClassifierLearner:
    """Trains classifier students."""

    options: ClassifierOptions
    task: Task
    progress: Progress | None = None
    """Called after each optimiser step with what is known of it."""

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Train on `rows`, look at `dev` on the way, and save the student under each rule.

        A training that was killed goes on from its last look at dev.

        Raises:
            TrainingError: the loss is not a number, a row without a label, or the folder holds the
                checkpoint of another training.
        """
        return fit_once(self, NAME, rows, dev, seed=seed, folder=folder)

    def trainee(self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int) -> Trainee:
        """The student before its first step."""
        net = self._student(rows, seed)
        options = self.options
        work = Categorisation(
            net,
            self._cases(net, rows),
            self._cases(net, looked_at(dev, options.dev_limit)),
            multi_label=self.task.kind == "multi_label",
            micro_batch=options.micro_batch or options.batch_size,
            precision=pick_precision(options.precision, pick_device()),
            label_smoothing=options.label_smoothing,
            soft_labels=options.soft_labels,
            temperature=options.temperature,
            threshold=options.threshold,
            ensembling=None if (e := options.ensembling) is None else Ensembling(**asdict(e)),
        )
        return Trainee(work, net.save, self._settings(), self._facts(net, work, rows))

    def load(self, folder: Path) -> ClassifierStudent:
        """The student that `fit` saved, from one of `Fitted.folders`.

        Raises:
            UserError: the folder holds no classifier.
        """
        return load_student(folder)

    # --- parts of fit -----------------------------------------------------------------------------

    def _student(self, rows: Sequence[Example], seed: int) -> Categoriser:
        options, shape = self.options, self.options.config
        given: dict[str, Any] = {
            "multi_label": self.task.kind == "multi_label",
            "seed": stream(seed, "weights"),
            "max_source": options.max_source,
            "dropout": options.dropout,
        }
        if shape is None:
            net = load_categoriser(
                options.model, self.task.label_names, layers=options.layers, **given
            )
        else:
            texts = [text for row in rows for text in texts_of(self.task, row)]
            net = fresh_categoriser(shape, texts, self.task.label_names, **given)
        net.model.to(pick_device())
        return net

    def _settings(self) -> dict[str, Any]:
        options = self.options
        return {
            "max_source": options.max_source,
            "threshold": options.threshold,
            "precision": options.precision,
        }

    def _cases(self, net: Categoriser, rows: Sequence[Example]) -> Cases:
        names = self.task.label_names
        soft = [row.scores for row in rows]
        teacher = None
        if self.options.soft_labels and any(soft):
            teacher = np.array(
                [[(scores or {}).get(name, 0.0) for name in names] for scores in soft],
                dtype=np.float32,
            )
            teacher /= np.maximum(teacher.sum(axis=1, keepdims=True), 1e-12)
        return Cases(
            net.read([texts_of(self.task, row) for row in rows]),
            _targets(rows, names),
            np.array([row.weight for row in rows], dtype=np.float32),
            teacher,
        )

    def _facts(
        self, net: Categoriser, work: Categorisation, rows: Sequence[Example]
    ) -> dict[str, Any]:
        lengths = net.untruncated([texts_of(self.task, row) for row in rows])
        teacher = work.cases.teacher
        return {
            "model": "" if self.options.config else self.options.model,
            **origin_facts(rows),
            "rows_with_soft_label": 0 if teacher is None else int((teacher.sum(1) > 0).sum()),
            "share_source_cut": sum(n > net.limit for n in lengths) / len(rows),
            "tokens_source": int(work.sizes[:, 0].sum()),
        }


def texts_of(task: Task, row: Example) -> tuple[str, ...]:
    """One text, or two for a pair; further fields are joined to the second one by name."""
    first, *others = task.fields
    if len(others) < 2:
        return tuple(row.fields[name] for name in task.fields)
    return row.fields[first], " ".join(f"{name}: {row.fields[name]}" for name in others)


def _targets(rows: Sequence[Example], names: Sequence[str]) -> npt.NDArray[np.float32]:
    targets = np.zeros((len(rows), len(names)), dtype=np.float32)
    for i, row in enumerate(rows):
        if row.labels is None and row.label is None:
            raise TrainingError(
                f"The row {row.id} has no label.",
                "A classifier learns from labelled rows.",
                "Annotate it first (synthesis: annotate), or leave it out.",
            )
        said = row.labels if row.labels is not None else (row.label,)
        for name in said:
            targets[i, names.index(str(name))] = 1
    return targets


def load_student(folder: Path) -> ClassifierStudent:
    """A saved student, by its folder alone.

    Raises:
        UserError: the folder holds no classifier.
    """
    task, settings = read_student(folder, NAME)
    multi = task.kind == "multi_label"
    net = load_categoriser(
        str(folder),
        task.label_names,
        multi_label=multi,
        seed=0,
        max_source=settings["max_source"],
    )
    net.model.to(pick_device())
    precision = pick_precision(settings["precision"], net.model.device)
    return ClassifierStudent(task, net, precision, settings["threshold"])


@dataclass(frozen=True)
class ClassifierStudent:
    """A trained classifier."""

    task: Task
    net: Categoriser
    precision: str
    threshold: float = 0.5

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """Answer rows in order. A classifier writes no rationale."""
        rows = self.net.read([texts_of(self.task, example) for example in examples])
        logits = self.net.answer(rows, precision=self.precision)
        multi = self.task.kind == "multi_label"
        shares = probabilities(logits, multi_label=multi)
        chosen = decide(logits, multi_label=multi, threshold=self.threshold)
        names = self.task.label_names
        found = []
        for example, share, said in zip(examples, shares, chosen, strict=True):
            labels = tuple(name for name, yes in zip(names, said, strict=True) if yes)
            scores = dict(zip(names, map(float, share), strict=True))
            found.append(
                Prediction(example.id, labels=labels, scores=scores)
                if multi
                else Prediction(example.id, labels[0], scores=scores)
            )
        return found

    def influences(
        self, rows: Sequence[Example], validation: Sequence[Example], *, loss: Loss = "rce"
    ) -> list[float]:
        """Change of the mean loss on `validation` per unit of weight added to each of `rows`.

        Of the parameters only the last layer's are looked at, and these exactly: a layer fitted
        anew on the encoder's states of `rows`. The encoder stays as it is, and if it was trained on
        the validation rows it has seen their labels.
        """
        return influences(
            self._states(rows),
            rows,
            self._states(validation),
            validation,
            self.task,
            c=1 / (2 * DECAY * max(sum(row.weight for row in rows), 1.0)),
            loss=loss,
        )

    def _states(self, rows: Sequence[Example]) -> npt.NDArray[np.float64]:
        ids = self.net.read([texts_of(self.task, row) for row in rows])
        return head_states(self.net, ids, precision=self.precision)
