"""SetFit as a rival: contrastive tuning of an encoder on pairs of rows (arXiv 2209.11055).

The package tunes the encoder. Its own head is saved by pickle, so the head here is our logistic
regression on the tuned embeddings: the encoder lies in safetensors beside it, nothing is unpickled,
and a saved student answers without the package. A row's texts are joined by a line break.
"""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tutelage.exceptions import UserError, package_missing
from tutelage.records import Example, Fitted, Prediction, Task
from tutelage.student.light_folder import head_saver, read_student, saved_head
from tutelage.student.logistic import Head
from tutelage.student.penalty_search import PenaltySearch
from tutelage.student.setfit_options import SetFitOptions

KIND = "setfit"
BODY = "encoder"
"""Folder of the tuned encoder, beside those of the checkpoint rules."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SetFitLearner:
    options: SetFitOptions
    task: Task

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Tune the encoder on pairs, then fit the head on all rows and choose its penalty on dev.

        Raises:
            UserError: the package is not installed.
            TrainingError: fewer than two labels, or a row without one.
        """
        started, options = time.perf_counter(), self.options
        chosen = pairing_rows(rows, options.rows_per_label, seed=seed)
        pairs = min(options.max_pairs, most_pairs(chosen))
        if pairs:
            tune(chosen, self.task, options, pairs=pairs, seed=seed, place=folder / BODY)
        encoder = str(folder / BODY) if pairs else options.model

        save = head_saver(
            KIND,
            self.task,
            {
                "encoder": f"../{BODY}" if pairs else options.model,
                "max_source": options.max_source,
            },
        )
        search = PenaltySearch(self.task, options.c, options.select, soft_labels=True)
        return search.run(
            features(rows, self.task, encoder, options.max_source),
            rows,
            features(dev, self.task, encoder, options.max_source) if dev else None,
            dev,
            folder=folder,
            save=save,
            facts={"rows": len(rows), "model": options.model, "pairing_rows": len(chosen)}
            | {"pairs": pairs},
            started=started,
        )

    def load(self, folder: Path) -> SetFitStudent:
        """The student saved in `folder`, with the encoder that lies beside it."""
        task, content, arrays = read_student(Path(folder), KIND)
        named: str = content["encoder"]
        encoder = str((Path(folder) / named).resolve()) if named.startswith("../") else named
        head = saved_head(task, content, arrays)
        return SetFitStudent(task, encoder, content["max_source"], head)


@dataclass(frozen=True)
class SetFitStudent:
    """A trained head with its tuned encoder."""

    task: Task
    encoder: str
    max_source: int
    head: Head

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """Labels with probabilities; this student writes no rationales."""
        if not examples:
            return []
        table = features(examples, self.task, self.encoder, self.max_source)
        return self.head.predict(examples, table, self.task.label_names)


def features(rows: Sequence[Example], task: Task, encoder: str, max_source: int) -> Floats:
    """Embeddings [rows, width] by the encoder in the folder `encoder`."""
    from tutelage.neural.embedding import embed

    texts = [joined(row, task) for row in rows]
    return np.asarray(embed(texts, model=encoder, max_length=max_source), dtype=np.float64)


def joined(row: Example, task: Task) -> str:
    """A row's texts in the task's order, as one."""
    return "\n".join(row.fields.get(name, "") for name in task.fields)


def label_of(row: Example) -> str:
    """The label that pairs go by: the likeliest one of a soft label."""
    if row.label is None and row.scores:
        return max(row.scores, key=lambda name: (row.scores or {})[name])
    return str(row.label)


def pairing_rows(rows: Sequence[Example], most: int, *, seed: int) -> list[Example]:
    """At most `most` rows of each label, drawn by the seed, in their order."""
    order = np.random.default_rng(seed).permutation(len(rows)).tolist()
    taken: Counter[str] = Counter()
    chosen = set()
    for i in order:
        label = label_of(rows[i])
        if taken[label] < most:
            taken[label] += 1
            chosen.add(i)
    return [row for i, row in enumerate(rows) if i in chosen]


def most_pairs(rows: Sequence[Example]) -> int:
    """Pairs of one pass with as many equal pairs as unequal ones, as SetFit oversamples them.

    0 where there is only one label, so that nothing can be told apart.
    """
    counts = Counter(map(label_of, rows)).values()
    if len(counts) < 2:
        return 0
    equal = sum(n * (n - 1) // 2 for n in counts)
    unequal = len(rows) * (len(rows) - 1) // 2 - equal
    return 2 * max(equal, unequal)


def tune(
    rows: Sequence[Example],
    task: Task,
    options: SetFitOptions,
    *,
    pairs: int,
    seed: int,
    place: Path,
) -> None:
    """Tune the encoder so that rows of one label lie together; save it as safetensors in `place`.

    Raises:
        UserError: the package is not installed, or the model cannot be loaded.
    """
    require()
    from tutelage.neural.weights import locate, quiet, reading

    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer, models
        from setfit import SetFitModel, Trainer, TrainingArguments

        logging.getLogger("setfit").setLevel(logging.ERROR)
        source = locate(options.model)
        with reading(source):
            encoder = models.Transformer(source, max_seq_length=options.max_source)
        width = encoder.get_embedding_dimension()
        body = SentenceTransformer(
            modules=[encoder, models.Pooling(width, "mean"), models.Normalize()]
        )
        with tempfile.TemporaryDirectory() as scratch:
            given = TrainingArguments(
                output_dir=scratch,
                batch_size=options.batch_size,
                max_steps=-(-pairs // options.batch_size),
                body_learning_rate=options.learning_rate,
                seed=seed,
                report_to="none",
                save_strategy="no",
                logging_strategy="no",
                show_progress_bar=False,
            )
            trainer = Trainer(model=SetFitModel(model_body=body), args=given)
            _mute(trainer.st_trainer)
            names = task.label_names
            trainer.train_embeddings(
                [joined(row, task) for row in rows],
                [names.index(label_of(row)) for row in rows],
                args=given,
            )
        encoder.auto_model.save_pretrained(place)
        encoder.tokenizer.save_pretrained(place)


def _mute(trainer: Any) -> None:
    """Take off what writes progress on the user's screen."""
    for callback in list(trainer.callback_handler.callbacks):
        if type(callback).__name__ in ("PrinterCallback", "ProgressCallback"):
            trainer.remove_callback(callback)


def require() -> None:
    """See to it that the package is there.

    Raises:
        UserError: it is not.
    """
    for package in ("setfit", "sentence_transformers"):
        if find_spec(package) is None:
            raise package_missing("The student setfit", package, extra="setfit")


def build(options: SetFitOptions, *, task: Task) -> SetFitLearner:
    """A learner for `task`.

    Raises:
        UserError: the package is not installed, or rows of the task have not one label each.
    """
    if task.kind not in ("classification", "nli"):
        raise UserError(
            f"The student setfit does not learn a task of kind {task.kind}.",
            "Its pairs are made of rows with one label each.",
            "Take embedding_head or classifier.",
        )
    require()
    return SetFitLearner(options, task)
