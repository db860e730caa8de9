"""The span reader: an encoder that answers questions by pointing into a context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.devices import pick_device, pick_precision, stream
from tutelage.neural.pointing import (
    Choice,
    SpanPointer,
    best_place,
    fresh_pointer,
    load_pointer,
)
from tutelage.neural.span_reading import SpanReading
from tutelage.neural.training import Progress, Rule
from tutelage.neural.windows import Question, Target, Window, WindowSize
from tutelage.records import Example, Fitted, Prediction, Span, Task
from tutelage.student.fitting import Trainee, fit_once, looked_at
from tutelage.student.label_tasks import learners_for
from tutelage.student.options import SpanReaderOptions
from tutelage.student.saving import origin_facts, read_student

NAME = "span_reader"
RULES: tuple[Rule, ...] = ("dev_loss", "dev_f1", "last")


def build(options: SpanReaderOptions, *, task: Task) -> SpanReaderLearner:
    """The learner of a recipe.

    Raises:
        UserError: a task of another kind, or a precision that cannot be.
    """
    if task.kind != "span_qa":
        raise UserError(
            f"A span reader cannot learn the task {task.name!r} of kind {task.kind}.",
            "It answers questions by pieces of a context.",
            f"Use the learner {learners_for(task.kind)}.",
        )
    pick_precision(options.precision, pick_device())
    return SpanReaderLearner(options, task)


@dataclass
class SpanReaderLearner:
    """Trains span readers."""

    options: SpanReaderOptions
    task: Task
    progress: Progress | None = None
    """Called after each optimiser step with what is known of it."""

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Train on `rows`, look at `dev` on the way, and save the student under each rule.

        A training that was killed goes on from its last look at dev. Rows whose answer no window
        holds whole are left out; `facts["rows_without_window"]` counts them.

        Raises:
            TrainingError: the loss is not a number, a row without spans, no row that can be
                learned from, or the folder holds the checkpoint of another training.
            UserError: windows that leave no room for the context.
        """
        return fit_once(self, NAME, rows, dev, seed=seed, folder=folder)

    def trainee(self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int) -> Trainee:
        """The student before its first step."""
        net = self._student(rows, seed)
        options = self.options
        questions = self._questions(net, rows)
        taught = [question for question in questions if question.taught]
        if not taught:
            raise TrainingError(
                "No row has its answer whole in a window.",
                f"Windows have {net.size.limit} pieces and share {net.size.stride}.",
                "Raise max_source and stride, or look at the answers of the training rows.",
            )
        settings = self._settings(rows)
        work = SpanReading(
            net,
            taught,
            self._questions(net, looked_at(dev, options.dev_limit)),
            choice_of(settings),
            micro_batch=options.micro_batch or options.batch_size,
            precision=pick_precision(options.precision, pick_device()),
        )
        return Trainee(work, net.save, settings, self._facts(questions, rows), RULES)

    def load(self, folder: Path) -> SpanReaderStudent:
        """The student that `fit` saved, from one of `Fitted.folders`.

        Raises:
            UserError: the folder holds no span reader.
        """
        return load_student(folder)

    # --- parts of fit -----------------------------------------------------------------------------

    def _student(self, rows: Sequence[Example], seed: int) -> SpanPointer:
        options, shape = self.options, self.options.config
        size = WindowSize(options.max_source, options.stride, options.max_question)
        own = stream(seed, "weights")
        if shape is None:
            net = load_pointer(options.model, size=size, seed=own, dropout=options.dropout)
        else:
            texts = [text for row in rows for text in row.fields.values()]
            net = fresh_pointer(shape, texts, size=size, seed=own, dropout=options.dropout)
        net.model.to(pick_device())
        return net

    def _settings(self, rows: Sequence[Example]) -> dict[str, Any]:
        options = self.options
        return {
            "max_source": options.max_source,
            "stride": options.stride,
            "max_question": options.max_question,
            "max_answer": options.max_answer,
            "null_margin": options.null_margin,
            "abstains": any(not row.spans for row in rows),
            "precision": options.precision,
        }

    def _questions(self, net: SpanPointer, rows: Sequence[Example]) -> list[Question]:
        context, question = self.task.fields
        cut = net.cut([r.fields[question] for r in rows], [r.fields[context] for r in rows])
        return [
            Question(
                windows,
                targets_of(row, windows),
                row.fields[context],
                tuple(span.text for span in row.spans or ()),
                row.weight,
            )
            for row, windows in zip(rows, cut, strict=True)
        ]

    def _facts(self, questions: Sequence[Question], rows: Sequence[Example]) -> dict[str, Any]:
        windows = [window for question in questions for window in question.windows]
        return {
            "model": "" if self.options.config else self.options.model,
            **origin_facts(rows),
            "rows_without_answer": sum(not row.spans for row in rows),
            "rows_without_window": sum(not question.taught for question in questions),
            "windows": len(windows),
            "share_several_windows": sum(len(q.windows) > 1 for q in questions) / len(rows),
            "tokens_source": sum(len(window.ids) for window in windows),
        }


def targets_of(row: Example, windows: Sequence[Window]) -> list[Target | None]:
    """Where the answer of `row` stands in each of its windows.

    Of several references the first counts that stands whole in any window. A question without an
    answer points at the null piece of each window.
    """
    if row.spans is None:
        raise TrainingError(
            f"The row {row.id} has no answer spans.",
            "A span reader learns from questions whose answers are known.",
            "Annotate it first (synthesis: annotate), or leave it out.",
        )
    if not row.spans:
        return [(window.null, window.null) for window in windows]
    for span in row.spans:
        targets = [window.target(span.start, span.end) for window in windows]
        if any(targets):
            return targets
    return [None for _ in windows]


def choice_of(settings: Mapping[str, Any]) -> Choice:
    """How the student chooses, under settings as student.json holds them."""
    return Choice(settings["max_answer"], settings["abstains"], settings["null_margin"])


def load_student(folder: Path) -> SpanReaderStudent:
    """A saved student, by its folder alone.

    Raises:
        UserError: the folder holds no span reader.
    """
    task, settings = read_student(folder, NAME)
    size = WindowSize(settings["max_source"], settings["stride"], settings["max_question"])
    net = load_pointer(str(folder), size=size, seed=0)
    net.model.to(pick_device())
    precision = pick_precision(settings["precision"], net.model.device)
    return SpanReaderStudent(task, net, precision, choice_of(settings))


@dataclass(frozen=True)
class SpanReaderStudent:
    """A trained span reader."""

    task: Task
    net: SpanPointer
    precision: str
    choice: Choice

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """Answer rows in order. A span reader writes no rationale."""
        context, question = self.task.fields
        texts = [example.fields[context] for example in examples]
        cut = self.net.cut([example.fields[question] for example in examples], texts)
        asked = [
            Question(windows, [None] * len(windows), text)
            for windows, text in zip(cut, texts, strict=True)
        ]
        found = self.net.point(asked, longest=self.choice.longest, precision=self.precision)
        answers = []
        for example, one, pointings in zip(examples, asked, found, strict=True):
            at = best_place(one, pointings, self.choice)
            spans = () if at is None else (_span(one.context, *at),)
            answers.append(Prediction(example.id, spans=spans))
        return answers


def _span(context: str, start: int, end: int) -> Span:
    """A span without the white space that some tokenizers count to a piece."""
    text = context[start:end]
    first = start + len(text) - len(text.lstrip())
    return Span(text.strip(), first, first + len(text.strip()))
