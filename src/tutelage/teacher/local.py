"""A model in this process as a teacher: any causal or seq2seq model of `transformers`.

The model is loaded when the first request is handed out, in a thread, so that a plan and the replay
of a finished purchase need neither the weights nor torch.

A completion's random stream derives from its request's hash and its number alone, so that in fp32
its text does not depend on the batch size, or on what else was asked. A request whose gist is
`answer` and that wants log-probabilities is answered by scoring the labels' words; every other one
is answered by writing.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import orjson

from tutelage.contracts import Desk, Session, Teacher
from tutelage.exceptions import UserError
from tutelage.records import Example, Reply, Request, Task, Usage, content_hash
from tutelage.store.runs import write_whole
from tutelage.teacher.batchwork import Batchwork
from tutelage.teacher.local_options import LocalOptions
from tutelage.teacher.sizing import worst_usage
from tutelage.teacher.weights_identity import Weights, folder_identity, weights_of


class Resident(Protocol):
    """A model that was loaded."""

    def answer(self, requests: Sequence[Request]) -> Sequence[Reply | str]:
        """For each request its reply, or why there is none."""
        ...

    def facts(self) -> Mapping[str, Any]: ...


def build(options: LocalOptions, *, task: Task, folder: Path) -> Teacher:
    """The teacher of `options.model`. Nothing is read before it is opened.

    Args:
        options: Which model, and how it is run.
        task: Whose labels' words are scored.
        folder: Folder in which relative paths start.
    """
    return LocalTeacher(options, task, folder)


@dataclass(frozen=True, slots=True)
class LocalTeacher:
    options: LocalOptions
    task: Task
    place: Path
    """Where relative paths start."""

    @asynccontextmanager
    async def open(
        self, gold: Sequence[Example], *, dev: Sequence[Example] = (), folder: Path | None = None
    ) -> AsyncIterator[Session]:
        """Tell which weights these are; nothing is loaded.

        Raises:
            UserError: there is no such folder.
        """
        o = self.options
        weights = await asyncio.to_thread(weights_of, o.model, self.place, revision=o.revision)
        adapter = await asyncio.to_thread(_adapter_of, o.adapter, self.place)
        yield LocalSession(o, self.task, weights, adapter, folder)


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter on disk."""

    place: Path
    identity: str


def _adapter_of(adapter: str, folder: Path) -> Adapter | None:
    if not adapter:
        return None
    path = folder / Path(adapter).expanduser()
    if not (path / "adapter_config.json").is_file():
        raise UserError(
            f"{path} holds no adapter.",
            "It has no adapter_config.json.",
            "Name the folder into which peft's save_pretrained wrote the adapter.",
        )
    return Adapter(path, folder_identity(path))


def why_unseen(look: Callable[[], str]) -> str:
    """What `look` says of why files could not be looked at, or that it needs a package which is not
    installed; empty where they were."""
    try:
        return look()
    except ModuleNotFoundError:
        return "the extra `train` is not installed"


class LocalSession:
    """Answers in batches. See `contracts.Session`, `contracts.Informed` and `contracts.Housed`.

    Args:
        options: How the model is run.
        task: Whose labels' words are scored.
        weights: Which model.
        adapter: What is put on it.
        folder: Where facts about the model are kept, so that a replay can tell them.
    """

    answers_here = True

    def __init__(
        self,
        options: LocalOptions,
        task: Task,
        weights: Weights,
        adapter: Adapter | None,
        folder: Path | None,
    ) -> None:
        self._options, self._task, self._weights, self._adapter = options, task, weights, adapter
        told = [
            weights.identity,
            adapter.identity if adapter else "",
            [options.family, options.precision, options.chat],
            [label.said for label in task.labels],  # scored, whether or not a prompt names them
        ]
        self.name = f"local/{weights.name}-{content_hash('local1', told)[-8:]}"
        self.usd_per_gpu_hour = options.usd_per_gpu_hour
        self._kept = folder / f"{self.name.replace('/', '-')}.json" if folder else None
        self._resident: Resident | None = None
        self._work = Batchwork(
            self._prepare,
            batch_size=options.batch_size,
            usd_per_gpu_hour=options.usd_per_gpu_hour,
        )

    def resolve(self, request: Request) -> Request:
        return filled_in(request, self.name, self._options)

    def bound(self, request: Request) -> Usage:
        return worst_usage(request, self._task, max_tokens=self._options.max_tokens)

    async def answer(self, desk: Desk) -> None:
        """Answer all that the desk has.

        Raises:
            UserError: the model cannot be loaded, or is too large for the memory.
        """
        await self._work.serve(desk)

    def facts(self) -> Mapping[str, Any]:
        """Parameters, device, precision and seconds of loading."""
        if self._resident is None and self._kept is not None and self._kept.is_file():
            kept: Mapping[str, Any] = orjson.loads(self._kept.read_bytes())
            return kept
        return {} if self._resident is None else self._resident.facts()

    def examine(self) -> str:
        """Look whether the adapter belongs to the model, as far as files on this machine tell.

        Returns:
            What could not be looked at and why; empty where all was.

        Raises:
            UserError: it belongs to another model, or cannot be read.
        """
        if self._adapter is None:
            return ""
        adapter = self._adapter
        why = why_unseen(
            lambda: importlib.import_module("tutelage.neural.writers").try_adapter(
                self._weights.place,
                adapter.place,
                family=self._options.family,
                revision=self._options.revision,
            )
        )
        return f"The adapter {self._options.adapter} was not tried: {why}." if why else ""

    def _prepare(self, purchase: int) -> Callable[[Sequence[Request]], Sequence[Reply | str]]:
        """The loaded model; one answers for all purchases."""
        if self._resident is None:
            # Torch is imported where it is needed, and the room stays light without it.
            residence = importlib.import_module("tutelage.teacher.residence")
            place = self._adapter.place if self._adapter else None
            resident = residence.load(self._options, self._task, self._weights, place)
            if self._kept is not None:
                self._kept.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._kept, orjson.dumps(resident.facts()))
            self._resident = resident
        return self._resident.answer


def filled_in(request: Request, name: str, options: Any) -> Request:
    """`request` with the model's name, and with the sampling that it leaves open.

    Args:
        request: What a synthesizer made.
        name: The session's.
        options: Has temperature, top_p and max_tokens.
    """
    s = request.sampling
    sampling = replace(
        s,
        temperature=options.temperature if s.temperature is None else s.temperature,
        top_p=options.top_p if s.top_p is None else s.top_p,
        max_tokens=options.max_tokens if s.max_tokens is None else s.max_tokens,
    )
    return replace(request, model=name, sampling=sampling)
