"""The generator: it reads the texts of a row and writes its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.decoding import Search
from tutelage.neural.devices import pick_device, pick_precision, stream
from tutelage.neural.families import (
    Sizes,
    Transducer,
    fresh_transducer,
    load_transducer,
    paces_of,
)
from tutelage.neural.rewriting import Probe, Rewriter, Rewriting
from tutelage.neural.targets import Objective, source_text
from tutelage.neural.training import Progress, Rule
from tutelage.neural.transduction import SequenceLoss
from tutelage.neural.trimming import check_trimmable, trimmed
from tutelage.records import Example, Fitted, Prediction, Task
from tutelage.student.fitting import Trainee, fit_once, looked_at
from tutelage.student.generator_options import GeneratorOptions
from tutelage.student.label_tasks import learners_for
from tutelage.student.saving import origin_facts, read_student

NAME = "generator"
RULES: tuple[Rule, ...] = ("dev_loss", "dev_chrf", "last")


def build(options: GeneratorOptions, *, task: Task) -> GeneratorLearner:
    """The learner of a recipe.

    Raises:
        UserError: a task of another kind, a precision that cannot be, a vocabulary that cannot be
            cut, or a choice by chrF where nothing is written.
    """
    if task.kind != "generation":
        raise UserError(
            f"A generator cannot learn the task {task.name!r} of kind {task.kind}.",
            "It writes texts, and the answers of this task are none.",
            f"Use the learner {learners_for(task.kind)}.",
        )
    if options.select == "dev_chrf" and not options.dev_written:
        raise UserError(
            "select: dev_chrf and dev_written: 0 do not go together.",
            "The chrF is that of the dev rows that are written at each look.",
            "Raise dev_written, or choose select: dev_loss.",
        )
    if options.vocabulary == "used":
        _check_vocabulary(options)
    pick_precision(options.precision, pick_device())
    return GeneratorLearner(options, task)


def _check_vocabulary(options: GeneratorOptions) -> None:
    if options.config is not None:
        raise UserError(
            "vocabulary: used and config do not go together.",
            "A student from nothing has a vocabulary of its own rows already.",
            "Leave vocabulary out, or name a model.",
        )
    check_trimmable(options.model)


@dataclass
class GeneratorLearner:
    """Trains generators."""

    options: GeneratorOptions
    task: Task
    progress: Progress | None = None
    """Called after each optimiser step with what is known of it."""

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        """Train on `rows`, look at `dev` on the way, and save the student under each rule.

        A training that was killed goes on from its last look at dev.

        Raises:
            TrainingError: the loss is not a number, a row has no target, no row can be trained on,
                or the folder holds the checkpoint of another training.
        """
        return fit_once(self, NAME, rows, dev, seed=seed, folder=folder)

    def trainee(self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int) -> Trainee:
        """The student before its first step."""
        pairs = [
            (source_text(self.task, row), said, row.weight)
            for row in rows
            for said in self._taught(row)
        ]
        rewriter = make_rewriter(self._student(pairs, seed), self._settings())
        work, facts = self._work(rewriter, pairs, looked_at(dev, self.options.dev_limit))
        rules = tuple(r for r in RULES if self.options.dev_written or r != "dev_chrf")
        known = self._origin(rows) | facts
        return Trainee(work, rewriter.save, self._settings(), known, rules)

    def load(self, folder: Path) -> GeneratorStudent:
        """The student that `fit` saved, from one of `Fitted.folders`.

        Raises:
            UserError: the folder holds no generator.
        """
        return load_student(folder)

    # --- parts of fit -----------------------------------------------------------------------------

    def _taught(self, row: Example) -> tuple[str, ...]:
        known = acceptable(row)
        return known if self.options.references == "all" else known[:1]

    def _student(self, pairs: Sequence[tuple[str, str, float]], seed: int) -> Transducer:
        options, own = self.options, stream(seed, "weights")
        texts = [text for pair in pairs for text in (options.prefix + pair[0], pair[1])]
        if options.config is None:
            net = load_transducer(
                options.model,
                seed=own,
                layers=options.layers,
                decoder_layers=options.decoder_layers,
                dropout=options.dropout,
            )
            if options.vocabulary == "used":
                net = trimmed(net, texts)
        else:
            sizes = Sizes(**asdict(options.config))
            net = fresh_transducer(sizes, texts, seed=own, dropout=options.dropout)
        net.model.to(pick_device())
        return net

    def _settings(self) -> dict[str, Any]:
        options = self.options
        return {
            "prefix": options.prefix,
            "max_source": options.max_source,
            "max_target": options.max_target,
            "beams": options.beams,
            "length_penalty": options.length_penalty,
            "no_repeat_ngram": options.no_repeat_ngram,
            "precision": options.precision,
        }

    def _work(
        self,
        rewriter: Rewriter,
        pairs: Sequence[tuple[str, str, float]],
        dev: Sequence[Example],
    ) -> tuple[Rewriting, dict[str, Any]]:
        options = self.options
        sources, targets, weights = (list(part) for part in zip(*pairs, strict=True))
        encoded = rewriter.encode(sources, targets, weights)
        training = SequenceLoss(
            rewriter.net,
            Objective("label_only"),
            micro_batch=options.micro_batch or options.batch_size,
            label_smoothing=options.label_smoothing,
        )
        asked, known = [source_text(self.task, row) for row in dev], [acceptable(r) for r in dev]
        written = options.dev_written
        probe = Probe(
            rewriter.encode(asked, [said[0] for said in known], [row.weight for row in dev]),
            asked[:written],
            known[:written],
        )
        source_cut, target_cut = rewriter.share_cut(sources, targets)
        facts = {
            "vocabulary": len(rewriter.net.tokenizer),
            "share_source_cut": source_cut,
            "share_target_cut": target_cut,
            "tokens_source": sum(len(row.source) for row in encoded),
            "tokens_target": sum(len(row.target) for row in encoded),
        }
        paces = paces_of(rewriter.net, options.decoder_pace)
        return Rewriting(rewriter, encoded, training, probe, paces), facts

    def _origin(self, rows: Sequence[Example]) -> dict[str, Any]:
        return {
            "model": "" if self.options.config else self.options.model,
            **origin_facts(rows),
            "rows_with_references": sum(len(acceptable(row)) > 1 for row in rows),
        }


def acceptable(row: Example) -> tuple[str, ...]:
    """Every text that is right for a row, its target first.

    Raises:
        TrainingError: the row has none.
    """
    if not row.target:
        raise TrainingError(
            f"The row {row.id} has no target.",
            "A generator learns from rows whose text to write is known.",
            "Annotate it first (synthesis: annotate), or leave it out.",
        )
    return tuple(dict.fromkeys((row.target, *row.references)))


def make_rewriter(net: Transducer, settings: Mapping[str, Any]) -> Rewriter:
    """A net that writes under settings as student.json holds them."""
    return Rewriter(
        net,
        min(settings["max_source"], net.source_limit or settings["max_source"]),
        min(settings["max_target"], net.target_limit or settings["max_target"]),
        settings["prefix"],
        Search(settings["beams"], settings["length_penalty"], settings["no_repeat_ngram"]),
        pick_precision(settings["precision"], net.device),
    )


def load_student(folder: Path) -> GeneratorStudent:
    """A saved student, by its folder alone.

    Raises:
        UserError: the folder holds no generator.
    """
    task, settings = read_student(folder, NAME)
    net = load_transducer(str(folder), seed=0)
    net.model.to(pick_device())
    net.model.eval()
    return GeneratorStudent(task, make_rewriter(net, settings))


@dataclass(frozen=True)
class GeneratorStudent:
    """A trained generator."""

    task: Task
    rewriter: Rewriter

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """Write a text for each row, in order. A generator gives no rationale."""
        written = self.rewriter.write([source_text(self.task, row) for row in examples])
        return [
            Prediction(row.id, text=text, target=text)
            for row, text in zip(examples, written, strict=True)
        ]
