"""The seq2seq student: it writes the label, and a rationale where its objective teaches one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.answering import Answerer
from tutelage.neural.devices import pick_device, pick_precision, stream
from tutelage.neural.families import (
    Sizes,
    Transducer,
    fresh_transducer,
    load_transducer,
    paces_of,
)
from tutelage.neural.targets import (
    EXPLAIN,
    MARKER,
    PREDICT,
    Layout,
    Objective,
    make_layout,
    read_objective,
    source_text,
)
from tutelage.neural.tokenization import pieces
from tutelage.neural.training import Progress
from tutelage.neural.transduction import Examination, SequenceLoss, Transduction, encode_examples
from tutelage.records import Example, Fitted, Prediction, Task
from tutelage.student.fitting import Trainee, fit_once, looked_at
from tutelage.student.label_tasks import check_has_labels
from tutelage.student.options import Seq2SeqOptions
from tutelage.student.saving import origin_facts, read_student

NAME = "seq2seq"


def build(options: Seq2SeqOptions, *, task: Task) -> Seq2SeqLearner:
    """The learner of a recipe.

    Raises:
        UserError: an objective or precision that cannot be, or a task without single labels.
    """
    check_has_labels(task, NAME)
    if task.kind not in ("classification", "nli") or not task.labels:
        raise UserError(
            f"A seq2seq student cannot learn the task {task.name!r} of kind {task.kind}.",
            "It writes exactly one of a list of labels.",
            "Use the learner classifier or linear for multi-label tasks.",
        )
    pick_precision(options.precision, pick_device())
    return Seq2SeqLearner(options, task, read_objective(options.objective))


@dataclass
class Seq2SeqLearner:
    """Trains seq2seq students."""

    options: Seq2SeqOptions
    task: Task
    objective: Objective
    progress: Progress | None = None
    """Called after each optimiser step with what is known of it."""

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Train on `rows`, look at `dev` on the way, and save the student under each rule.

        A training that was killed goes on from its last look at dev.

        Raises:
            TrainingError: the loss is not a number, labels cannot be told apart, or the folder
                holds the checkpoint of another training.
        """
        return fit_once(self, NAME, rows, dev, seed=seed, folder=folder)

    def trainee(self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int) -> Trainee:
        """The student before its first step."""
        answerer = self._answerer(self._student(rows, seed))
        work, facts = self._work(answerer, rows, looked_at(dev, self.options.dev_limit))
        return Trainee(work, answerer.net.save, self._settings(), facts)

    def load(self, folder: Path) -> Seq2SeqStudent:
        """The student that `fit` saved, from one of `Fitted.folders`.

        Raises:
            UserError: the folder holds no seq2seq student.
        """
        return load_student(folder)

    # --- parts of fit -----------------------------------------------------------------------------

    def _student(self, rows: Sequence[Example], seed: int) -> Transducer:
        options, own = self.options, stream(seed, "weights")
        if options.config is None:
            net = load_transducer(
                options.model,
                seed=own,
                decoder_layers=options.decoder_layers,
                dropout=options.dropout,
            )
        else:
            texts = [source_text(self.task, row) for row in rows]
            texts += [row.rationale for row in rows if row.rationale]
            fixed = [label.said for label in self.task.labels]
            fixed += [options.separator, MARKER, PREDICT, EXPLAIN]
            sizes = Sizes(**asdict(options.config))
            net = fresh_transducer(sizes, [*texts, *fixed], seed=own, dropout=options.dropout)
        net.model.to(pick_device())
        return net

    def _answerer(self, net: Transducer) -> Answerer:
        return make_answerer(net, self.task, self._settings())

    def _settings(self) -> dict[str, Any]:
        options = self.options
        return {
            "objective": self.objective.as_json(),
            "separator": options.separator,
            "max_source": options.max_source,
            "max_target": options.max_target,
            "answer": options.answer,
            "strict": options.count_unparseable == "drop",
            "precision": options.precision,
        }

    def _work(
        self, answerer: Answerer, rows: Sequence[Example], dev: Sequence[Example]
    ) -> tuple[Transduction, dict[str, Any]]:
        options, layout = self.options, answerer.layout
        encoded = self._encode(answerer, rows)
        micro = options.micro_batch or options.batch_size
        training = SequenceLoss(
            answerer.net,
            self.objective,
            micro_batch=micro,
            label_smoothing=options.label_smoothing,
            padded_to=layout.max_target if self.objective.padded else None,
        )
        exam = Examination(
            rows=self._encode(answerer, dev),
            texts=[source_text(self.task, row) for row in dev],
            labels=[_label(row) for row in dev],
            rationales=[row.rationale for row in dev],
            rationale_rows=options.rationale_rows,
            unsplit=options.eval_loss == "unsplit",
            drop_unreadable=options.count_unparseable == "drop",
        )
        facts = {
            "model": "" if options.config else options.model,
            **origin_facts(rows),
            "objective": self.objective.as_json(),
            **self._cuts(answerer, layout, rows),
            "tokens_source": sum(len(s.source) for row in encoded for s in row),
            "tokens_target": sum(len(s.target) for row in encoded for s in row),
        }
        paces = paces_of(answerer.net, options.decoder_pace)
        return Transduction(answerer, encoded, training, exam, paces), facts

    def _encode(self, answerer: Answerer, rows: Sequence[Example]) -> list[Any]:
        multi = self.objective.name == "multi_task"
        return encode_examples(
            [source_text(self.task, row) for row in rows],
            [_label(row) for row in rows],
            _rationales(answerer.net, rows),
            [row.weight for row in rows],
            layout=answerer.layout,
            read=answerer.read,
            prefixes=(PREDICT, EXPLAIN) if multi else ("",),
        )

    def _cuts(
        self, answerer: Answerer, layout: Layout, rows: Sequence[Example]
    ) -> dict[str, float]:
        texts = [source_text(self.task, row) for row in rows]
        sources = pieces(answerer.net.tokenizer, texts, special=True)
        long = sum(len(source) > answerer.max_source for source in sources)
        said = zip(rows, _rationales(answerer.net, rows), strict=True)
        cut = sum(layout.is_cut(_label(row), rationale) for row, rationale in said)
        return {
            "share_source_cut": long / len(rows),
            "share_target_cut": cut / len(rows),
        }


def _label(row: Example) -> str:
    if row.label is None:
        raise TrainingError(
            f"The row {row.id} has no label.",
            "A seq2seq student learns from labelled rows.",
            "Annotate it first (synthesis: annotate), or leave it out.",
        )
    return row.label


def _rationales(net: Transducer, rows: Sequence[Example]) -> list[list[int] | None]:
    given = [i for i, row in enumerate(rows) if row.rationale]
    found = pieces(net.tokenizer, [rows[i].rationale or "" for i in given])
    by_row = dict(zip(given, found, strict=True))
    return [by_row.get(i) for i in range(len(rows))]


def make_answerer(net: Transducer, task: Task, settings: Mapping[str, Any]) -> Answerer:
    """A net that answers a task under settings as student.json holds them.

    Raises:
        TrainingError: labels cannot be told apart by their pieces.
    """
    layout = make_layout(
        task,
        Objective(**settings["objective"]),
        separator=settings["separator"],
        max_target=min(settings["max_target"], net.target_limit or settings["max_target"]),
        end=net.end,
        tokenize=lambda texts: pieces(net.tokenizer, texts),
    )
    return Answerer(
        net,
        layout,
        min(settings["max_source"], net.source_limit or settings["max_source"]),
        how=settings["answer"],
        strict=settings["strict"],
        precision=pick_precision(settings["precision"], net.device),
    )


def load_student(folder: Path) -> Seq2SeqStudent:
    """A saved student, by its folder alone.

    Raises:
        UserError: the folder holds no seq2seq student.
    """
    task, settings = read_student(folder, NAME)
    net = load_transducer(str(folder), seed=0)
    net.model.to(pick_device())
    net.model.eval()
    return Seq2SeqStudent(task, make_answerer(net, task, settings))


@dataclass(frozen=True)
class Seq2SeqStudent:
    """A trained student."""

    task: Task
    answerer: Answerer

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """Answer rows in order; with a rationale where asked and taught."""
        texts = [source_text(self.task, example) for example in examples]
        answers = self.answerer.answer(texts, rationale=rationale)
        names = self.answerer.names
        return [
            Prediction(
                example.id,
                answer.label,
                scores=None
                if answer.scores is None
                else dict(zip(names, map(float, answer.scores), strict=True)),
                text=answer.text,
                rationale=answer.rationale,
            )
            for example, answer in zip(examples, answers, strict=True)
        ]
