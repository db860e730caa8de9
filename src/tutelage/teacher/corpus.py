"""A teacher that answers with real texts: those of a corpus that the user owns.

Asked to write for a label, it gives texts near the label's centre, the typical first, as an LLM
writes the typical case. Asked to vary a row, or to write like examples, it gives the nearest texts
that have the label. Asked for a label, it gives the one that the text has. So it is a stand-in for
an LLM whose texts are real and whose faults (`noise`, `bias`) are set, and a source in itself where
texts of the domain exist: the k-th draw of one prompt takes the k-th nearest text, without
replacement. Different prompts may be given the same text; the check `duplicate` finds it.

Replies depend on the request, the options, the file, and on gold train rows where the corpus has
no labels, and on nothing else.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from tutelage.contracts import Desk, Session, Teacher
from tutelage.exceptions import UserError
from tutelage.records import (
    Completion,
    Example,
    Gist,
    Reply,
    Request,
    Task,
    Usage,
    content_hash,
)
from tutelage.teacher.corpus_index import CorpusIndex, Floats
from tutelage.teacher.corpus_options import CorpusOptions
from tutelage.teacher.corpus_reading import listed, rows_shown
from tutelage.teacher.corpus_rows import CorpusRow, read_corpus
from tutelage.teacher.layout import answered, laid_out
from tutelage.teacher.recordings import digest, fold
from tutelage.teacher.scripted import count_tokens, what_is_asked
from tutelage.teacher.serialisation import LABEL, TARGET
from tutelage.teacher.steered_requests import refuse_steering
from tutelage.teacher.worlds.lots import Lots

Order = npt.NDArray[np.intp]
LEAST_BOUND = 60
"""Tokens that a refusal, or a label with its reason, stays below."""
LAYOUT_TOKENS = 10
"""Most tokens that brackets and names of fields add to a text."""
_REMEMBERED = 64
"""Prompts whose order of texts is kept in memory."""


def build(options: CorpusOptions, *, task: Task, folder: Path) -> Teacher:
    """The teacher of `options.path`. The file is read when the teacher is opened.

    Raises:
        UserError: a share outside 0 to 1, a column for a field that the task does not have, a
            task whose rows have no single label, or an embedding that is not installed.
    """
    for name in ("bias", "noise"):
        if not 0 <= getattr(options, name) <= 1:
            raise UserError(
                f"{name} is {getattr(options, name)}.",
                "It is a share.",
                "Write a number from 0 to 1.",
            )
    for name in options.columns:
        if name not in task.fields:
            raise UserError(
                f"columns names the field {name!r}.",
                f"The task's fields are {', '.join(task.fields)}.",
                "Write columns: {FIELD: COLUMN}.",
            )
    if task.kind not in ("classification", "nli"):
        raise UserError(
            f"The corpus teacher cannot answer for a {task.kind} task.",
            "It finds texts by their one label.",
            "Name another teacher.",
        )
    if options.embedding == "minilm" and not all(map(find_spec, ("torch", "transformers"))):
        raise UserError(
            "The corpus teacher's `embedding: minilm` needs torch and transformers.",
            "They are not installed.",
            "Install them: pip install 'tutelage[train]'; or write embedding: tfidf.",
        )
    return CorpusTeacher(options, task, folder / Path(options.path).expanduser())


@dataclass(frozen=True, slots=True)
class CorpusTeacher:
    options: CorpusOptions
    task: Task
    path: Path

    @asynccontextmanager
    async def open(
        self, gold: Sequence[Example], *, dev: Sequence[Example] = (), folder: Path | None = None
    ) -> AsyncIterator[Session]:
        """Read the corpus; nothing is embedded before the first reply.

        Raises:
            DataError: the file cannot be read as a corpus of this task.
        """
        o = self.options
        rows = await asyncio.to_thread(read_corpus, self.path, self.task, o.columns, o.label)
        labelled = any(row.label for row in rows)
        known = () if labelled else tuple(row for row in gold if row.label)
        told = content_hash(
            "corpus1",
            [
                digest(self.path),
                [self.task.fields, [[x.name, x.said, x.guideline] for x in self.task.labels]],
                [dict(o.columns), o.label, o.embedding, o.bias, o.noise],
                [row.row_fingerprint() for row in known],
            ],
        )
        name = f"corpus/{self.path.name.partition('.')[0]}-{told[-8:]}"
        yield CorpusSession(o, self.task, rows, known, name)


class CorpusSession:
    """Answers one request after the other.

    Args:
        options: How texts are chosen.
        task: Its labels and fields.
        rows: The corpus.
        gold: Labelled rows by which the labels' centres are known where `rows` have no labels.
        name: Part of every request's identity.
    """

    answers_here = True

    def __init__(
        self,
        options: CorpusOptions,
        task: Task,
        rows: Sequence[CorpusRow],
        gold: Sequence[Example],
        name: str,
    ) -> None:
        self._options, self._task, self._rows, self._gold = options, task, rows, gold
        self.name = name
        self._labels = np.array([row.label or "" for row in rows])
        self._labelled = bool(np.any(self._labels != ""))
        self._indexes: dict[tuple[str, ...], CorpusIndex] = {}
        self._orders: OrderedDict[tuple[str, int, str], tuple[Order, Order]] = OrderedDict()
        self._texts = [fold(row.joined(task.fields)) for row in rows]
        self._places = {text: place for place, text in enumerate(self._texts)}
        self._busy = Lock()
        self._longest = max(count_tokens(row.joined(task.fields)) for row in rows)

    def resolve(self, request: Request) -> Request:
        refuse_steering(request, self.name)
        return replace(request, model=self.name)

    def bound(self, request: Request) -> Usage:
        """The longest text as often as it may come: texts are given whole."""
        texts = request.gist.count if request.gist else 1
        most = (max(self._longest, LEAST_BOUND) + LAYOUT_TOKENS) * texts * request.sampling.n
        return Usage(1, _asked_tokens(request), most)

    async def answer(self, desk: Desk) -> None:
        async for request in desk:
            await asyncio.sleep(self._options.latency)
            desk.deliver(await asyncio.to_thread(self.reply, request))

    def reply(self, request: Request) -> Reply:
        """What the teacher says to `request`, whenever it is asked."""
        with self._busy:  # several purchases may ask at once, each in a thread of its own
            texts = [self._say(request, at) for at in range(request.sampling.n)]
        usage = Usage(1, _asked_tokens(request), sum(map(count_tokens, texts)))
        served_by = f"corpus teacher of {len(self._rows)} texts"
        return Reply(request.hash, tuple(map(Completion, texts)), usage, served_by)

    def _say(self, request: Request, at: int) -> str:
        gist = request.gist
        prompt = "\n\n".join(message.content for message in request.messages)
        if gist is None or gist.kind == "answer":
            return self._annotate(request, prompt, at) or _decline("knows texts and their labels")
        if gist.kind == "attributes" or TARGET in gist.wanted or not self._knows_whose(gist):
            return _decline("writes texts for a label, and nothing else")
        found: list[Mapping[str, str]] = []
        first = (request.draw * request.sampling.n + at) * gist.count
        for number in range(first, first + gist.count):
            row = self._text(request, gist, prompt, number)
            if row is None:
                return _decline(f"has no further text of the label {gist.label}")
            said = {LABEL: self._task.label(row.label).said} if row.label else {}
            texts = row.fields if gist.kind != "reasons" else _brief(row, gist.wanted[0])
            found.append({**texts, **said})
        return laid_out(found, gist, request.schema)

    def _knows_whose(self, gist: Gist) -> bool:
        """Whether it can tell for which label to write: for the one that is named, or in whole rows
        for any, whose label the corpus must have where the row is to say it."""
        if gist.label is not None:
            return True
        return gist.lines and (self._labelled or LABEL not in gist.wanted)

    # --- texts ------------------------------------------------------------------------------------

    def _text(self, request: Request, gist: Gist, prompt: str, number: int) -> CorpusRow | None:
        """The `number`-th text for this prompt; None where there are no more."""
        right, wrong = self._order(request, gist, prompt)
        lots = Lots("noise", request.prompt_hash, request.purchase, number)
        mistaken = lots.unit() < self._options.noise and number < len(wrong)
        order = wrong if mistaken else right
        return self._rows[order[number]] if number < len(order) else None

    def _order(self, request: Request, gist: Gist, prompt: str) -> tuple[Order, Order]:
        """Places of the rows of the label, and of those of all others, the best first."""
        key = (request.prompt_hash, request.purchase, repr(gist))
        if key not in self._orders:
            self._orders[key] = self._ordered(request, gist, prompt)
            while len(self._orders) > _REMEMBERED:
                self._orders.popitem(last=False)
        return self._orders[key]

    def _ordered(self, request: Request, gist: Gist, prompt: str) -> tuple[Order, Order]:
        shown = rows_shown(prompt, self._task.fields, gist.shots) if gist.shots else []
        if gist.kind == "variation":
            shown = [gist.given]
        worth = self._worth(gist, shown, prompt, request)
        free = np.ones(len(self._rows), dtype=bool)
        for row in shown:  # what is shown is not to be given back
            place = self._places.get(fold("\n".join(row.values())))
            free[[] if place is None else place] = False
        right, wrong = free, ~free
        if self._labelled and gist.label is None:
            right, wrong = self._labels != "", np.zeros(len(free), dtype=bool)
        elif self._labelled:
            right = self._labels == gist.label
            wrong = ~right & (self._labels != "")
        best_first = np.argsort(-worth, kind="stable")
        return best_first[(right & free)[best_first]], best_first[(wrong & free)[best_first]]

    def _worth(
        self, gist: Gist, shown: Sequence[Mapping[str, str]], prompt: str, request: Request
    ) -> Floats:
        """How well each row answers: by nearness to what is shown, else by how typical it is."""
        standing = tuple(n for n in self._task.fields if n in gist.given and n not in gist.wanted)
        worth = np.zeros(len(self._rows))
        if standing:
            begun = "\n".join(gist.given[name] for name in standing)
            index = self._index(standing)
            worth = index.nearness_to([begun])
            worth[index.places_of(begun)] += 2.0  # before any other, however near
        if shown:
            texts = ["\n".join(row.values()) for row in shown]
            return worth + self._index(self._task.fields).nearness_to(texts)
        if standing:
            return worth
        return self._typical(gist.label, listed(prompt), request)

    def _typical(self, label: str | None, asked: Sequence[str], request: Request) -> Floats:
        """Rank by nearness to the label's centre (and to reasons or requirements), and by lot."""
        near = self._centres[label]
        if asked:
            near = near + self._index(self._task.fields).nearness_to(asked)
        rank = np.empty(len(near))
        rank[np.argsort(near, kind="stable")] = np.arange(len(near)) / len(near)
        seed = int(content_hash("lot1", [request.prompt_hash, request.purchase])[-8:], 16)
        chance = np.random.default_rng(seed).random(len(near))
        return self._options.bias * rank + (1 - self._options.bias) * chance

    @cached_property
    def _centres(self) -> Mapping[str | None, Floats]:
        """How near every row is to each label's centre: the mean of the corpus's own texts, else
        of gold texts, else the label's own words."""
        index = self._index(self._task.fields)
        found: dict[str | None, Floats] = {None: index.nearness_to_rows(range(len(self._rows)))}
        for label in self._task.labels:
            places = np.flatnonzero(self._labels == label.name)
            gold = [
                "\n".join(row.fields[name] for name in self._task.fields)
                for row in self._gold
                if row.label == label.name
            ]
            if len(places):
                found[label.name] = index.nearness_to_rows(places.tolist())
            else:
                found[label.name] = index.nearness_to(gold or [f"{label.said} {label.guideline}"])
        return found

    def _index(self, fields: Sequence[str]) -> CorpusIndex:
        key = tuple(fields)
        if key not in self._indexes:
            self._indexes[key] = CorpusIndex(self._rows, key, self._options.embedding)
        return self._indexes[key]

    # --- labels -----------------------------------------------------------------------------------

    def _annotate(self, request: Request, prompt: str, at: int) -> str:
        """The label of the row that the prompt asks about; that of the nearest for other texts."""
        words = [label.said for label in self._task.labels]
        ask = what_is_asked(prompt, words)
        if request.gist is not None and ask in ("explanation", "else"):
            ask = "label"  # a short prompt does not name the labels
        shown = rows_shown(prompt, self._task.fields, 1)
        if not self._labelled or not shown or "label" not in ask:
            return ""
        text = fold("\n".join(shown[0].values()))
        place = self._places.get(text)
        found = "" if place is None else str(self._labels[place])
        if not found:
            near = self._index(self._task.fields).nearness_to([text])
            found = str(self._labels[int(np.argmax(np.where(self._labels != "", near, -2.0)))])
        lots = Lots("noise", request.prompt_hash, request.purchase, request.draw, at)
        others = [name for name in self._task.label_names if name != found]
        if others and lots.unit() < self._options.noise:
            found = lots.pick(others)
        reasons = "" if ask == "label" else "Texts like it have this label."
        return answered(self._task.label(found).said, reasons, ask, request.schema)


def _asked_tokens(request: Request) -> int:
    return sum(count_tokens(message.content) for message in request.messages)


def _brief(row: CorpusRow, name: str) -> dict[str, str]:
    """The beginning of a text, as something to build on."""
    words = " ".join(row.fields.values()).split()
    return {name: " ".join(words[:20])}


def _decline(why: str) -> str:
    return f"I'm sorry, but I can't answer this: I am a corpus teacher, which {why}."
