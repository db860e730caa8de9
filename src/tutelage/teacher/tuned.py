"""A teacher that learned the task: a model tuned on the gold train rows, then asked like any other.

It is tuned when its first request is handed out, in a folder beside the ledger, where the next run
finds it, also one that goes on after a kill. Each purchase seed tunes a teacher of its own;
purchase 0, on which rivals and pilots are asked, is answered by that of purchase 1.

Its identity is what decides what it learns: the options, the model, and its lessons, which hold the
gold rows, the label words and the templates. It answers only requests that it was tuned on.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

import orjson

from tutelage.contracts import Desk, Session, Teacher
from tutelage.neural.label_coverage import check_covered
from tutelage.records import Example, Request, Task, Usage, content_hash
from tutelage.store.runs import write_whole
from tutelage.teacher.batchwork import Answering, Batchwork
from tutelage.teacher.gold_lessons import (
    GoldLesson,
    annotation_lessons,
    default_forms,
    generation_lessons,
)
from tutelage.teacher.lesson_prompts import LessonPrompts
from tutelage.teacher.local import Resident, filled_in, why_unseen
from tutelage.teacher.plain_texts import read_texts
from tutelage.teacher.sizing import worst_usage
from tutelage.teacher.templating import placed
from tutelage.teacher.tuned_faults import check_options
from tutelage.teacher.tuned_options import TunedOptions
from tutelage.teacher.tuning_lock import Abandoned, tuning_alone
from tutelage.teacher.weights_identity import Weights, weights_of

TEACHER = "tuned2"
"""Begins what a teacher is known by, and its folder. Raised whenever the same options and rows give
another teacher: what one of the old rule has answered, or left half tuned, is not taken for the
new one's."""
FIRST = 1
"""The purchase seed whose teacher answers on purchase 0 too."""
TOLD = "teacher.json"
"""Facts of a tuning, in its folder."""
_ASKING = ("answer_batch", "usd_per_gpu_hour", "merge", "max_tokens", "temperature", "top_p")
"""Options that change how it is asked, and nothing that it learns."""
_IN_LESSONS = ("template", "compose", "dev_limit", "model")
"""Options that the lessons or the weights tell better: a path is the same wherever it leads."""
_IN_TEXTS = ("path", "column")
"""The same of the pre-training, by its texts."""


def build(options: TunedOptions, *, task: Task, folder: Path) -> Teacher:
    """The teacher that `options` describe. Nothing is read before it is opened.

    Raises:
        UserError: options that contradict each other or the task.
    """
    check_options(options, task)
    return TunedTeacher(options, task, folder)


@dataclass(frozen=True, slots=True)
class Curriculum:
    """What there is to learn, as data."""

    lessons: tuple[GoldLesson, ...]
    dev: tuple[GoldLesson, ...]
    labels: tuple[str, ...]
    """Names of the labels that all lessons say; empty where they say other things too."""
    read: tuple[str, ...] = ()
    """Plain texts of a file, to learn from first."""
    own: tuple[str, ...] = ()
    """The same of the gold train rows."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All plain texts, each once."""
        return tuple(dict.fromkeys((*self.read, *self.own)))


@dataclass(frozen=True, slots=True)
class TunedTeacher:
    options: TunedOptions
    task: Task
    place: Path
    """Where relative paths start."""

    @asynccontextmanager
    async def open(
        self, gold: Sequence[Example], *, dev: Sequence[Example] = (), folder: Path | None = None
    ) -> AsyncIterator[Session]:
        """Tell what there is to learn; nothing is loaded or tuned.

        Raises:
            UserError: no such model folder or template, or rows that cannot be written out, or
                that cannot teach every label.
            DataError: the texts to pre-train on cannot be read.
        """
        o = self.options
        weights = await asyncio.to_thread(weights_of, o.model, self.place) if o.model else None
        prompts = LessonPrompts(
            self.task,
            annotates=o.teaches != "generate",
            generates=o.teaches != "annotate",
            template=placed(o.template, self.place),
            compose=placed(o.compose, self.place),
            forms=o.forms or default_forms(self.task),
        )
        check_covered(
            [row.label for row in gold], self.task.label_names if _labelled(prompts) else ()
        )
        learned = Curriculum(
            tuple(_lessons(prompts, gold)),
            tuple(_lessons(prompts, looked_at(dev, o.dev_limit))),
            self.task.label_names if _says_labels(o, self.task) else (),
            tuple(await asyncio.to_thread(self._read)),
            tuple(_texts_of(gold)) if o.pretrain else (),
        )
        merged = self.place / Path(o.merge).expanduser() if o.merge else None
        ended = Event()
        try:
            yield TunedSession(
                o, self.task, weights, learned, prompts, folder, merged=merged, ended=ended
            )
        finally:
            ended.set()

    def _read(self) -> list[str]:
        pretrain = self.options.pretrain
        if pretrain is None or not pretrain.path:
            return []
        return read_texts(self.place / Path(pretrain.path).expanduser(), pretrain.column)


def _texts_of(gold: Sequence[Example]) -> list[str]:
    """Texts and targets of rows, those that say something."""
    texts = [(*row.fields.values(), row.target, *row.references) for row in gold]
    return [text for row in texts for text in row if text]


def _says_labels(options: TunedOptions, task: Task) -> bool:
    return options.teaches == "annotate" and task.kind in ("classification", "nli")


def _labelled(prompts: LessonPrompts) -> bool:
    """Whether it learns to say the labels, or to write for them."""
    learned = prompts.annotates or "label" in prompts.forms
    return learned and prompts.task.kind in ("classification", "nli")


def looked_at(dev: Sequence[Example], most: int) -> list[Example]:
    """The dev rows by which weights are chosen: the same ones in whatever order they come."""
    ranked = sorted(dev, key=lambda row: content_hash("look1", row.row_fingerprint()))
    return ranked[:most]


def _lessons(prompts: LessonPrompts, rows: Sequence[Example]) -> list[GoldLesson]:
    found: list[GoldLesson] = []
    if prompts.annotates:
        found += annotation_lessons(prompts.task, rows, template=prompts.template)
    if prompts.generates:
        found += generation_lessons(
            prompts.task, rows, template=prompts.compose, forms=prompts.forms
        )
    return found


class TunedSession:
    """Tunes when it is asked first, and answers in batches. See `contracts.Session`,
    `contracts.Informed`, `contracts.Housed` and `contracts.Learning`.

    Args:
        options: How it is tuned and asked.
        task: Whose rows it answers and writes.
        weights: The model that it begins with; None for one of a `config`.
        learned: What there is to learn.
        prompts: What it may be asked.
        folder: Where tuned teachers lie.
        merged: Folder for tuned models that plain transformers loads.
        ended: Set when nobody waits any more: a tuning then ends at its next step.
    """

    answers_here = True

    def __init__(
        self,
        options: TunedOptions,
        task: Task,
        weights: Weights | None,
        learned: Curriculum,
        prompts: LessonPrompts,
        folder: Path | None,
        *,
        merged: Path | None,
        ended: Event,
    ) -> None:
        self._options, self._task, self._weights = options, task, weights
        self._learned, self._prompts, self._ended = learned, prompts, ended
        self._folder, self._merged = folder or Path(), merged
        self._key = content_hash(
            TEACHER,
            [
                _decisive(options),
                weights.identity if weights else "",
                [lesson.told() for lesson in (*learned.lessons, *learned.dev)],
                [len(learned.lessons), list(learned.labels), list(learned.texts)],
            ],
        )
        self.name = f"tuned/{options.family}-{self._key[-8:]}"
        self.usd_per_gpu_hour = options.usd_per_gpu_hour
        self._asked: set[int] = set()
        self._learning: Mapping[str, Any] = {}
        self._resident: tuple[int, Resident] | None = None
        self._work = Batchwork(
            self._prepare,
            batch_size=options.answer_batch,
            usd_per_gpu_hour=options.usd_per_gpu_hour,
        )

    def resolve(self, request: Request) -> Request:
        """The request with the sampling that it leaves open.

        Raises:
            UserError: it was not tuned on such a request.
        """
        self._prompts.check(request, self.name)
        self._asked.add(_seed(request.purchase))
        return filled_in(request, self.name, self._options)

    def bound(self, request: Request) -> Usage:
        return worst_usage(request, self._task, max_tokens=self._options.max_tokens)

    async def answer(self, desk: Desk) -> None:
        """Answer all that the desk has.

        Raises:
            UserError: a model that cannot be loaded or tuned so.
            TrainingError: the loss is not a number.
        """
        await self._work.serve(desk)

    def facts(self) -> Mapping[str, Any]:
        """Sizes, and what each tuning took and reached, by purchase seed."""
        told = {
            str(seed): orjson.loads(path.read_bytes())
            for seed in sorted(self._asked)
            if (path := self._place(seed) / TOLD).is_file()
        }
        if not told:
            return {}
        first = next(iter(told.values()))
        sizes = {name: first[name] for name in ("parameters", "trained_parameters")}
        return {
            "family": self._options.family,
            "model": self._options.model or "from nothing",
            "tuned": "all weights" if self._whole else "adapter",
            "teaches": self._options.teaches,
            **sizes,
            "trained_share": sizes["trained_parameters"] / sizes["parameters"],
            "lessons": len(self._learned.lessons),
            "purchases": told,
        }

    def examine(self) -> str:
        """Look whether the model can be tuned as the options say, as far as files on this machine
        tell.

        Returns:
            What could not be looked at and why; empty where all was.

        Raises:
            UserError: it is of another family, writes already what it was to learn first, or has a
                vocabulary that cannot be cut.
        """
        if self._weights is None:
            return ""
        why = why_unseen(
            lambda: importlib.import_module("tutelage.teacher.tutoring").try_base(
                self._options, self._weights
            )
        )
        return f"The model {self._options.model} was not looked at: {why}." if why else ""

    @property
    def read(self) -> Sequence[str]:
        """Plain texts that it learns from and that are not gold's."""
        return self._learned.read

    def learning(self) -> Mapping[str, Any]:
        """How far tuning, or pre-training, has come; empty while it answers."""
        return self._learning

    @property
    def _whole(self) -> bool:
        return self._options.full or self._options.config is not None

    def _place(self, seed: int) -> Path:
        """The folder of the teacher of one purchase seed."""
        return self._folder / f"{self._options.family}-{self._key[-20:]}-{seed}"

    def _prepare(self, purchase: int) -> Answering:
        """The tuned model of a purchase seed; the last one that was asked is kept in memory."""
        seed = _seed(purchase)
        if self._resident is None or self._resident[0] != seed:
            self._resident = None  # before the next one is loaded
            self._resident = (seed, self._tuned(seed))
        return self._resident[1].answer

    def _tuned(self, seed: int) -> Resident:
        # Torch is imported where it is needed, and the room stays light without it.
        tutoring = importlib.import_module("tutelage.teacher.tutoring")
        place = self._place(seed)
        place.mkdir(parents=True, exist_ok=True)
        self._learning = {"phase": "loading", "purchase": seed}
        try:
            with tuning_alone(place.with_suffix(".lock"), ended=self._ended):
                resident: Resident = tutoring.tutored(
                    self._options,
                    self._task,
                    self._weights,
                    self._learned,
                    seed=int(content_hash("tuned1", [self._options.seed, seed])[-12:], 16),
                    folder=place,
                    merged=self._merged / f"purchase-{seed}" if self._merged else None,
                    progress=self._heed,
                )
                if not (place / TOLD).is_file():
                    write_whole(place / TOLD, orjson.dumps(resident.facts()))
        finally:
            self._learning = {}
        return resident

    def _heed(self, event: Mapping[str, Any]) -> None:
        """Tell how far the tuning is, and end it where nobody waits for it."""
        if self._ended.is_set():
            raise Abandoned
        before = self._learning
        dev = before.get("dev") if before["phase"] == event["phase"] else None
        self._learning = {
            **({"dev": dev} if dev else {}),
            **event,
            "purchase": before["purchase"],
        }


def _decisive(options: TunedOptions) -> dict[str, Any]:
    """The options that decide what is learned from given weights, lessons and texts."""
    told = {k: v for k, v in asdict(options).items() if k not in (*_ASKING, *_IN_LESSONS)}
    if told["pretrain"] is not None:
        told["pretrain"] = {k: v for k, v in told["pretrain"].items() if k not in _IN_TEXTS}
    return told


def _seed(purchase: int) -> int:
    return purchase or FIRST
