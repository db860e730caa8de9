"""Tunes a teacher on its lessons, and lets it answer. Imported only when it is needed: this module
needs torch."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import UserError
from tutelage.neural.adapters import Lora
from tutelage.neural.categorisation import Categoriser
from tutelage.neural.causal import CausalShape, chat_text
from tutelage.neural.checkpoint import write_folder
from tutelage.neural.continuation import Wanted, Written, score_endings
from tutelage.neural.families import Sizes
from tutelage.neural.lessons import Lesson, prompt_room, shorten
from tutelage.neural.scoring import softmax
from tutelage.neural.tokenization import load_tokenizer, pieces
from tutelage.neural.training import Progress
from tutelage.neural.tuned_networks import NOTE, Tuned, load_tuned
from tutelage.neural.tuning import Tuning, tune
from tutelage.neural.writers import check_tuning_fits, try_tuning
from tutelage.records import Message, Reply, Request, Task
from tutelage.teacher.gold_lessons import GoldLesson
from tutelage.teacher.label_replies import label_reply
from tutelage.teacher.replying import Replying, lead_in
from tutelage.teacher.tuned import Curriculum
from tutelage.teacher.tuned_options import TunedOptions
from tutelage.teacher.weights_identity import Weights

log = logging.getLogger(__name__)
MARK = "tutelage.json"
"""Which tuning a merged folder holds."""


def tutored(
    options: TunedOptions,
    task: Task,
    weights: Weights | None,
    learned: Curriculum,
    *,
    seed: int,
    folder: Path,
    merged: Path | None,
    progress: Progress,
) -> Tutored:
    """The teacher, tuned: from the beginning, from where an earlier tuning was broken off, or as
    it was finished.

    Args:
        options: How it is tuned and asked.
        task: Whose rows it answers and writes.
        weights: The model that it begins with; None for one of a `config`.
        learned: What there is to learn.
        seed: Of fresh weights, order and dropout.
        folder: Its own.
        merged: Gets the tuned model as plain transformers loads it; None for nowhere.
        progress: Called after each step; what it raises ends the tuning, which can go on later.

    Raises:
        UserError: a model that cannot be loaded or tuned so, or `merged` holds other things.
        TrainingError: the loss is not a number.
    """
    if merged is not None:
        _check_place(merged)
    place = weights.place if weights else ""
    desk = _Lectern(options.family == "causal", _tokenizer(options, place))

    plan, finished = plan_of(options, weights), (folder / NOTE).is_file()
    if not finished:
        check_tuning_fits(plan)
        log.info("Tuning a teacher on %d lessons in %s.", len(learned.lessons), folder)
    tuned = tune(
        plan,
        desk.lessons(learned.lessons),
        desk.lessons(learned.dev),
        labels=learned.labels,
        texts=learned.texts,
        seed=seed,
        folder=folder,
        progress=progress,
    )
    if not finished:
        # Read back, so that it answers to the last bit as it will when it is loaded: where in
        # memory weights lie decides by which kernels they are multiplied.
        tuned = load_tuned(folder)
    if merged is not None:
        _merge(tuned, folder, merged)
    lead = desk.lead(next((x.messages for x in learned.lessons if x.fields), ()))
    return Tutored(tuned, task, options.answer_batch, lead, weights.name if weights else "scratch")


def plan_of(options: TunedOptions, weights: Weights | None) -> Tuning:
    """The settings of the tuning.

    Args:
        options: Of the recipe.
        weights: The model that it begins with; None for one of a `config`.
    """
    o, whole = options, options.full or options.config is not None
    lora = None
    if not whole:
        lora = (
            Lora()
            if o.lora is None
            else Lora(o.lora.rank, o.lora.alpha, o.lora.dropout, o.lora.targets)
        )
    return Tuning(
        family=o.family,
        model=weights.place if weights else "",
        known_as=weights.identity if weights else "",
        shape=_shape(o),
        lora=lora,
        epochs=o.epochs,
        steps=o.steps,
        batch_size=o.batch_size,
        micro_batch=o.micro_batch,
        learning_rate=o.learning_rate or _rate(o),
        warmup_steps=o.warmup_steps,
        weight_decay=o.weight_decay,
        dropout=o.dropout,
        evaluations_per_epoch=o.evaluations_per_epoch,
        patience=o.patience,
        max_source=o.max_source,
        max_target=o.max_target,
        precision=o.precision,
        decoder_layers=o.decoder_layers,
        quantise=o.quantise,
        pretrain_steps=o.pretrain.steps if o.pretrain else 0,
        pretrain_rate=(o.pretrain and o.pretrain.learning_rate) or (1e-3 if o.config else 1e-4),
        pretrain_share=o.pretrain.share if o.pretrain else None,
        vocabulary=o.vocabulary,
    )


def try_base(options: TunedOptions, weights: Weights) -> str:
    """Refuse a model that cannot be tuned so, as far as its files on this machine tell.

    Returns:
        Why it could not be looked at; empty where it was.

    Raises:
        UserError: see `neural.writers.try_tuning`.
    """
    return try_tuning(plan_of(options, weights))


def _rate(options: TunedOptions) -> float:
    if options.config is not None:
        return 1e-3
    if options.full:
        return 1e-4
    return 2e-4 if options.family == "causal" else 1e-3


def _shape(options: TunedOptions) -> CausalShape | Sizes | None:
    c = options.config
    if c is None:
        return None
    if options.family == "causal":
        return CausalShape(c.d_model, c.layers, c.heads, c.d_ff, c.vocab_size, c.positions)
    return Sizes(c.d_model, c.layers, c.decoder_layers, c.heads, c.d_ff, c.vocab_size)


def _tokenizer(options: TunedOptions, place: str) -> Any:
    """By which prompts are laid out; None where they are plain text."""
    return load_tokenizer(place) if place and options.family != "encoder" else None


@dataclass(frozen=True)
class _Lectern:
    """Lays lessons out as the teacher will be asked."""

    continues: bool
    """Whether the teacher goes on where the prompt ends."""
    tokenizer: Any

    def lessons(self, learned: Sequence[GoldLesson]) -> list[Lesson]:
        answers = self.lead(next((x.messages for x in learned if x.fields), ()))
        rows = self.lead(next((x.messages for x in learned if not x.fields), ()))
        return [
            Lesson(
                self.prompt(lesson.messages),
                (answers if lesson.fields else rows) + lesson.ending,
                lesson.fields,
                lesson.label,
                lesson.weight,
            )
            for lesson in learned
        ]

    def lead(self, messages: Sequence[Message]) -> str:
        """What begins every ending of one kind: labels must be said alike after all prompts."""
        return lead_in(self.prompt(messages), continues=self.continues) if messages else ""

    def prompt(self, messages: Sequence[Message]) -> str:
        if self.tokenizer is None:
            return "\n\n".join(message.content for message in messages)
        return chat_text(self.tokenizer, messages)


def _mark(folder: Path) -> bytes:
    return orjson.dumps({"tuned": folder.name})


def _check_place(merged: Path) -> None:
    """Refuse to write over what is not a merged teacher of ours."""
    if not (merged / MARK).is_file() and merged.exists() and any(merged.iterdir()):
        raise UserError(
            f"{merged} holds other things than a merged teacher.",
            "The merged model would take their place.",
            "Name another folder under merge, or empty this one.",
        )


def _merge(tuned: Tuned, folder: Path, merged: Path) -> None:
    if (merged / MARK).is_file() and (merged / MARK).read_bytes() == _mark(folder):
        return

    def fill(beside: Path) -> None:
        tuned.merge(beside)
        (beside / MARK).write_bytes(_mark(folder))

    write_folder(merged, fill)


@dataclass(frozen=True)
class Tutored:
    """A tuned model that answers requests."""

    tuned: Tuned
    task: Task
    batch_size: int
    lead: str
    """What begins the words of a label."""
    name: str

    def answer(self, requests: Sequence[Request]) -> Sequence[Reply | str]:
        net = self.tuned.net
        if isinstance(net, Categoriser):
            return self._chosen(requests)
        replying = Replying(
            net, self.task, self._write, self._weigh, self._served_by, cuts=True, weighs_always=True
        )
        return replying.answer(requests)

    def facts(self) -> Mapping[str, Any]:
        """What the tuning took and reached; seconds by part under names of their own."""
        told = dict(self.tuned.facts)
        seconds = told.pop("seconds", {})
        best: Mapping[str, Any] = next(
            (look for look in told["history"] if look["step"] == told["best_step"]), {"dev": {}}
        )
        return {
            **told,
            **{f"dev_{name}": value for name, value in best["dev"].items()},
            **{f"{part}_seconds": value for part, value in seconds.items()},
        }

    @property
    def _served_by(self) -> str:
        return f"{self.name} tuned, on {self.tuned.net.model.device.type} in {self.tuned.precision}"

    def _chosen(self, requests: Sequence[Request]) -> list[Reply | str]:
        """An encoder's answers: it reads the row's texts, not the prompt."""
        rows = [self._fields(request) for request in requests]
        lessons = [Lesson("", "", fields) for fields in rows]
        shares = self.tuned.probabilities(lessons, batch_size=self.batch_size)
        tokenizer = self.tuned.net.tokenizer
        return [
            label_reply(
                request,
                self.task,
                row,
                prompt_tokens=sum(map(len, pieces(tokenizer, fields))),
                length=lambda _: 1,
                served_by=self._served_by,
            )
            for request, fields, row in zip(requests, rows, shares.tolist(), strict=True)
        ]

    def _fields(self, request: Request) -> tuple[str, ...]:
        assert request.gist is not None, "the session refuses others"
        return tuple(request.gist.given.get(name, "") for name in self.task.fields)

    def _write(self, wanted: Sequence[Wanted]) -> Sequence[Written]:
        return self.tuned.write(wanted, batch_size=self.batch_size)

    def _weigh(
        self, requests: Sequence[Request], prompts: Sequence[str]
    ) -> Sequence[Sequence[float]]:
        if self.tuned.labels:
            lessons = [Lesson(prompt, "") for prompt in prompts]
            known: list[list[float]] = self.tuned.probabilities(
                lessons, batch_size=self.batch_size
            ).tolist()
            return known
        net, body = self.tuned.net, self.tuned.body
        assert not isinstance(net, Categoriser)
        limit = prompt_room(net, body.max_source, body.max_target)
        scores = score_endings(
            net,
            [shorten(net, prompt, limit=limit) for prompt in prompts],
            [self.lead + label.said for label in self.task.labels],
            batch_size=self.batch_size,
            precision=self.tuned.precision,
        )
        shares: list[list[float]] = softmax(scores).tolist()
        return shares
