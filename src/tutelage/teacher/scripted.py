"""A teacher without a model: it knows a built-in world and says so in each reply.

It reads the prompt that it is sent, as an LLM does, finds the world's texts in it whatever stands
around them, and answers what the shipped templates ask for: the 5 W questions, an explanation of a
known answer, a label with or without reasons. In worlds that can be written in, it writes new rows
as the request's gist says. Replies depend on the request alone (content,
purchase seed, draw), never on time or order of arrival, and mistakes are drawn the same way.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from tutelage.contracts import Desk, Session, Teacher
from tutelage.exceptions import UserError
from tutelage.records import (
    Completion,
    Example,
    Gist,
    Reply,
    Request,
    Task,
    TokenScore,
    Usage,
    content_hash,
)
from tutelage.teacher.layout import json_around, laid_out, without_label
from tutelage.teacher.serialisation import LABEL
from tutelage.teacher.steered_requests import refuse_steering
from tutelage.teacher.worlds import find_world
from tutelage.teacher.worlds.knowledge import Case, Inventive, Manner, World
from tutelage.teacher.worlds.lots import Lots

TOKENS_PER_WORD = 1.3
"""Tokens are counted as words between white space times this, rounded up."""
Ask = Literal["five_w", "explanation", "label", "reasons then label", "label then reasons", "else"]


@dataclass(frozen=True, slots=True)
class ScriptedOptions:
    """A teacher that knows one built-in world."""

    world: str = "composition"
    """Name of the world."""
    zero_shot_errors: float = 0.15
    """Share of rows to which it gives a wrong label when no examples are shown."""
    few_shot_errors: float = 0.08
    """The same where examples stand in the prompt."""
    rationale_errors: float = 0.0
    """Share of explanations of a known answer that are mistaken in one place."""
    max_tokens: int = 400
    """Longest completion where the request sets none."""
    latency: float = 0.0
    """Seconds to wait before each reply. Changes no reply."""
    writing_errors: float = 0.03
    """Share of texts written for a bare label that have another one."""
    faithful: float = 0.9
    """Share of variations that say things in the way of the text they vary."""
    follows: float = 0.5
    """Share of texts that do so where examples are shown."""
    repeat: float = 0.0
    """Share of texts that repeat an earlier one of the same prompt."""


SHARES = (
    "zero_shot_errors", "few_shot_errors", "rationale_errors",
    "writing_errors", "faithful", "follows", "repeat",
)  # fmt: skip
_UNSAID = {"writing_errors": 0.03, "faithful": 0.9, "follows": 0.5, "repeat": 0.0}
"""Options that are part of a teacher's name only where they differ from this, so that teachers
which never write keep the name, and so the replies, that they had before."""


def build(options: ScriptedOptions, *, task: Task, folder: Path) -> Teacher:
    """The scripted teacher of `options.world`, answering with the label words of `task`.

    Raises:
        UserError: an unknown world, a share outside 0 to 1, or a task with other labels.
    """
    world = find_world(options.world)
    for name in SHARES:
        if not 0 <= getattr(options, name) <= 1:
            raise UserError(
                f"{name} is {getattr(options, name)}.",
                "It is a share.",
                "Write a number from 0 to 1.",
            )
    if sorted(task.label_names) != sorted(world.task.label_names):
        raise UserError(
            f"The scripted teacher of {options.world} does not know the labels "
            f"{', '.join(task.label_names) or '(none)'}.",
            f"Its world has {', '.join(world.task.label_names)}.",
            f"Use it with `world: {options.world}` gold data, or name another teacher.",
        )
    return ScriptedTeacher(options, task, world)


@dataclass(frozen=True, slots=True)
class ScriptedTeacher:
    """Opens at once: there is nothing to connect to or to load."""

    options: ScriptedOptions
    task: Task
    world: World

    @asynccontextmanager
    async def open(
        self, gold: Sequence[Example], *, dev: Sequence[Example] = (), folder: Path | None = None
    ) -> AsyncIterator[Session]:
        yield ScriptedSession(self.options, self.task, self.world)


class ScriptedSession:
    """Answers one request after the other."""

    answers_here = True

    def __init__(self, options: ScriptedOptions, task: Task, world: World) -> None:
        self._options, self._task, self._world = options, task, world
        self._manner = Manner(options.faithful, options.follows, options.writing_errors)
        told = {**asdict(options), "latency": 0}
        told = {name: value for name, value in told.items() if value != _UNSAID.get(name)}
        self.name = f"scripted/{options.world}-{content_hash('scripted1', told)[-8:]}"

    def resolve(self, request: Request) -> Request:
        refuse_steering(request, self.name)
        sampling = request.sampling
        if sampling.max_tokens is None:
            sampling = replace(sampling, max_tokens=self._options.max_tokens)
        return replace(request, model=self.name, sampling=sampling)

    def bound(self, request: Request) -> Usage:
        longest = request.sampling.max_tokens or self._options.max_tokens
        asked = sum(count_tokens(message.content) for message in request.messages)
        return Usage(1, asked, longest * request.sampling.n)

    async def answer(self, desk: Desk) -> None:
        async for request in desk:
            await asyncio.sleep(self._options.latency)
            desk.deliver(self.reply(request))

    def reply(self, request: Request) -> Reply:
        """What the teacher says to `request`, whenever it is asked."""
        completions = tuple(self._complete(request, at) for at in range(request.sampling.n))
        usage = Usage(
            1,
            sum(count_tokens(message.content) for message in request.messages),
            sum(count_tokens(completion.text) for completion in completions),
        )
        served_by = f"scripted teacher of the world {self._options.world}"
        return Reply(request.hash, completions, usage, served_by)

    def _complete(self, request: Request, at: int) -> Completion:
        lots = Lots("reply", request.prompt_hash, request.purchase, request.draw, at)
        tokens, finish = self._say(request, lots, at), "stop"
        longest = request.sampling.max_tokens or self._options.max_tokens
        if len(tokens) > (room := int(longest / TOKENS_PER_WORD)):
            tokens, finish = tokens[:room], "length"
        text = "".join(token.token for token in tokens)
        for stop in request.sampling.stop:
            text = text.split(stop)[0] if stop else text
        if request.sampling.logprobs is None:
            return Completion(text, finish)
        return Completion(text, finish, _up_to(tokens, len(text), request.sampling.logprobs))

    def _say(self, request: Request, lots: Lots, at: int) -> list[TokenScore]:
        prompt = "\n\n".join(message.content for message in request.messages)
        gist = request.gist
        if gist is not None and gist.kind != "answer":
            return self._write(request, gist, prompt, at) or self._decline()
        cases = self._world.read(prompt)
        ask = what_is_asked(prompt, [label.said for label in self._task.labels])
        if gist is not None and ask in ("explanation", "else"):
            ask = "label"  # a short prompt does not name the labels
        if not cases or ask == "else":
            return self._decline()
        case = cases[-1]
        if ask == "five_w":
            return _spell(_five_w(case))
        if ask == "explanation":
            label = self._judge(case, self._options.rationale_errors, lots)
            return _spell(case.reasons(label))
        shown = len(cases) > 1
        errors = self._options.few_shot_errors if shown else self._options.zero_shot_errors
        label = self._judge(case, errors, lots)
        return self._annotate(case, label, ask, request.schema, lots)

    def _decline(self) -> list[TokenScore]:
        return _spell(
            "I'm sorry, but I can't answer this: I am the scripted teacher of the world "
            f"{self._options.world} and know only its texts."
        )

    def _write(self, request: Request, gist: Gist, prompt: str, at: int) -> list[TokenScore]:
        """New texts for completion `at`; nothing where the world has none of the kind."""
        world = self._world
        if not isinstance(world, Inventive):
            return []
        first = (request.draw * request.sampling.n + at) * gist.count
        if gist.kind in ("reasons", "attributes"):
            lots = self._lots(request, "suggest", first)
            texts = [{gist.wanted[0]: each} for each in world.suggest(gist, prompt, lots=lots)]
            return _spell(laid_out(texts, gist, request.schema)) if texts else []
        passages = []
        label = self._own_label(request, gist, first)
        asked = replace(gist, label=gist.label or label, wanted=without_label(gist.wanted))
        for number in range(first, first + gist.count):
            lots = self._lots(request, "write", self._original(request, number))
            passages.append(world.compose(asked, prompt, manner=self._manner, lots=lots))
        found = [passage for passage in passages if passage is not None]
        if not found:
            return []
        said = {LABEL: self._task.label(label).said} if label else {}
        text = laid_out([{**passage.fields, **said} for passage in found], gist, request.schema)
        return _uneven(text, fmean(p.ease for p in found), self._lots(request, "ease", first))

    def _own_label(self, request: Request, gist: Gist, number: int) -> str:
        """The label that the teacher chooses where it is to write one; empty elsewhere."""
        if gist.label is not None or LABEL not in gist.wanted:
            return ""
        return self._lots(request, "label", number).pick(self._task.label_names)

    def _original(self, request: Request, number: int) -> int:
        """Which text of the prompt the one with this number repeats; itself where it is new."""
        while number:
            lots = self._lots(request, "repeat", number)
            if lots.unit() >= self._options.repeat:
                break
            number = lots.below(number)
        return number

    def _lots(self, request: Request, what: str, number: int) -> Lots:
        return Lots(what, request.prompt_hash, request.purchase, number)

    def _judge(self, case: Case, errors: float, lots: Lots) -> str:
        """The right label, or with probability `errors` a wrong one."""
        wrong = [name for name in self._task.label_names if name != case.label]
        mistaken = lots.unit() < errors
        chosen = lots.pick(wrong) if wrong else case.label
        return chosen if mistaken else case.label

    def _annotate(
        self, case: Case, label: str, ask: Ask, schema: Mapping[str, Any] | None, lots: Lots
    ) -> list[TokenScore]:
        reasons, word = case.reasons(label), self._task.label(label).said
        sure = 0.6 + 0.39 * lots.unit() if label == case.label else 0.4 + 0.4 * lots.unit()
        rivals = len(self._task.labels) - 1
        scores = {
            each.said: math.log(sure if each.name == label else (1 - sure) / rivals)
            for each in self._task.labels
        }
        if schema is not None:
            before, after = json_around(schema, word, reasons)
        elif ask == "reasons then label":
            before, after = f"{reasons}\nAnswer: ", ""
        elif ask == "label then reasons":
            before, after = "Answer: ", f"\nReasons: {reasons}"
        else:
            before, after = "", ""
        gap = " " if before.endswith(" ") else ""
        top = {gap + said: score for said, score in scores.items()}
        chosen = TokenScore(gap + word, scores[word], top)
        return [*_spell(before), chosen, *_spell(after)]


def what_is_asked(prompt: str, words: Sequence[str]) -> Ask:
    """Tell the shipped prompts, and prompts like them, apart by their fixed words.

    >>> what_is_asked("Explain why this text ... in 100 words or less.", ["yes", "no"])
    'explanation'
    >>> what_is_asked("Reply with yes or no. Text: ... Answer:", ["yes", "no"])
    'label'
    """
    if re.search(r"\b5 ?W\b|\bWho:\s+What:\s+When:", prompt):
        return "five_w"
    if re.search(r"\bright answer is\b|\bExplain why this text\b", prompt):
        return "explanation"
    if all(re.search(rf"\b{re.escape(word)}\b", prompt, re.IGNORECASE) for word in words):
        if re.search(r"\breason\w*\W*\Z", prompt, re.IGNORECASE):
            return "reasons then label"
        return "label then reasons" if '"Reasons:"' in prompt else "label"
    return "explanation" if re.search(r"\b(explain|why)\b", prompt, re.IGNORECASE) else "else"


def count_tokens(text: str) -> int:
    """The scripted teacher's idea of tokens: words times 1.3, rounded up.

    >>> count_tokens("one two three")
    4
    """
    return math.ceil(TOKENS_PER_WORD * len(text.split()))


def _five_w(case: Case) -> str:
    asked = zip(("Who", "What", "When", "Where", "Why"), case.five_w(), strict=True)
    return "\n".join(f"{word}: {fact or 'not stated'}" for word, fact in asked)


def _spell(text: str) -> list[TokenScore]:
    """The words of `text`, each with the white space before it; a blank at the end is dropped."""
    return [TokenScore(piece, -0.05) for piece in re.findall(r"\s*\S+", text)]


def _uneven(text: str, mean: float, lots: Lots) -> list[TokenScore]:
    """The words of `text`, with log-probabilities that scatter around `mean`."""
    return [replace(token, logprob=mean * (0.5 + lots.unit())) for token in _spell(text)]


def _up_to(tokens: Sequence[TokenScore], length: int, rivals: int) -> tuple[TokenScore, ...]:
    """The tokens of the first `length` characters, with the `rivals` likeliest in each place."""
    kept, so_far = [], 0
    for token in tokens:
        so_far += len(token.token)
        if so_far > length:
            break
        likeliest = sorted(token.top.items(), key=lambda item: -item[1])[:rivals]
        kept.append(replace(token, top=dict(likeliest)))
    return tuple(kept)
