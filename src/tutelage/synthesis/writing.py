"""The half that all writers share: from an order to a request, from a reply to rows.

A method decides what to order: how many texts for which label, with which first text, shots,
materials and attributes. How that is asked for, read, corrected once, and drafted stands here. An
order carries all that its request needs, since `step` sees nothing else:

    kind        which of the method's `Asking`s it is
    label       the label to write for, None without one
    source      `blank(brief)`, or `begun(row, brief)`: the row that is varied, or whose first field
                stands already
    shots, materials, attributes, count
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any, Literal

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Gist,
    Material,
    Message,
    Order,
    Origin,
    Refusal,
    Reply,
    Request,
    Sampling,
    Task,
)
from tutelage.synthesis.bending import Bend
from tutelage.synthesis.copying import copied
from tutelage.synthesis.writer_options import WritingOptions
from tutelage.teacher.cleaning import clean, refusal
from tutelage.teacher.templating import Prompt, heading, load, said, shown, variables
from tutelage.teacher.written import Written, read_written

CUT_OFF = "it is cut off at max_tokens"
MATERIAL_TOKENS = 60
"""Longest topic, reason or value; a list has room for one more than it should hold."""
GistKind = Literal["text", "variation", "reasons", "attributes"]
Screen = Callable[[Order, Example], Example | Refusal]
"""A method's own look at a row before it is drafted: the row, mended where it must be, or why it
is none."""


@dataclass(frozen=True)
class Asking:
    """How the orders of one kind are asked for, and what their replies hold."""

    prompt: Prompt
    fields: tuple[str, ...]
    """Fields to write; for materials the one name by which a gist calls them."""
    gist: GistKind = "text"
    material: str = ""
    """Kind of the materials that come of it, and after a colon what they were made of; empty where
    rows come."""
    shared: bool = False
    """Whether the same prompt is bought once, for every turn and arm that asks it (draw 0)."""
    read: Callable[[Completion], tuple[str, str]] | None = None
    """A published method's way to read a completion: the text, or else why there is none."""


@dataclass(frozen=True)
class Writing:
    """Asks and reads for a method."""

    task: Task
    options: WritingOptions
    askings: Mapping[str, Asking]
    """By kind of order."""
    most_shared: float | None = 0.9
    """Share of a new text's vocabulary that a row shown may have; None compares whole rows only."""
    screen: Screen | None = None
    guarded: bool = True
    """Whether copies of what was shown are refused, and replies corrected; not so as published."""
    sampling: Sampling = field(default_factory=Sampling)
    """Overrides the options where it says something, such as stops of a published method."""
    bend: Bend | None = None
    """How the teacher's probabilities are bent while it writes a text."""

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        """The request of `order`, a correction where its reply cannot be read, or drafts."""
        asking = self.askings[order.kind]
        if not replies:
            return [self._request(asking, order)]
        completion = replies[-1].completions[0] if replies[-1].completions else Completion("")
        found = self._read(asking, order, completion)
        if found.fault and self._correctable(replies, completion):
            return [self._correction(asking, order, completion.text, found.fault)]
        score = _score(completion)
        contents = (
            [Refusal(found.fault)]
            if found.fault
            else [self._content(asking, order, replies, at) for at in enumerate(found.texts)]
        )
        return [
            Draft(number, order.number, content, completion.text, score)
            for number, content in enumerate(contents)
        ]

    # --- asking -----------------------------------------------------------------------------------

    def _request(self, asking: Asking, order: Order) -> Request:
        def prompted(order: Order) -> tuple[Message, ...]:
            return asking.prompt.messages(self._variables(asking, order))

        bent = self.bend is not None and not asking.material
        return Request(
            prompted(order),
            self._sampling(asking, order.count),
            schema=schema_of(asking.fields, order.count) if self.options.structured else None,
            shared=asking.shared,
            steering=self.bend(order, prompted) if bent and self.bend else None,
            gist=self._gist(asking, order),
        )

    def _correction(self, asking: Asking, order: Order, reply: str, fault: str) -> Request:
        """The same request with the reply that could not be read, and what was wrong with it."""
        first = self._request(asking, order)
        given = {**self._variables(asking, order), "fault": fault}
        turn = (Message("assistant", reply), *load("correct.v1").messages(given))
        how = first.steering
        if how is not None:  # what is contrasted differs in the label alone
            how = replace(how, against=tuple((*prompt, *turn) for prompt in how.against))
        return replace(first, messages=(*first.messages, *turn), steering=how)

    def _variables(self, asking: Asking, order: Order) -> dict[str, Any]:
        """What templates of writers may say."""
        row = order.source or Example("", {})
        stands = _standing(asking, row)
        label = None if order.label is None else self.task.label(order.label)
        return {
            **variables(self.task, replace(row, label=order.label)),
            "label": label
            and {"name": label.name, "words": label.said, "guideline": label.guideline},
            "given": [one for one in shown(self.task, row) if one["name"] in stands],
            "answer": said(self.task, replace(row, label=order.label)),
            "shots": [
                {
                    "fields": shown(self.task, shot),
                    "answer": said(self.task, shot),
                    "rationale": shot.rationale or "",
                }
                for shot in order.shots
            ],
            "reasons": list(order.materials),
            "attributes": [{"name": n, "value": v} for n, v in order.attributes.items()],
            "count": order.count,
            "single": len(asking.fields) == 1,
            "wanted": " and ".join(_with_article(heading(name)) for name in asking.fields),
            "keys": " and ".join(f'"{name}"' for name in asking.fields),
        }

    def _sampling(self, asking: Asking, count: int) -> Sampling:
        o, s = self.options, self.sampling
        most = MATERIAL_TOKENS * (count + 1) if asking.material else o.max_tokens * count
        return Sampling(
            temperature=o.temperature if s.temperature is None else s.temperature,
            top_p=o.top_p if s.top_p is None else s.top_p,
            max_tokens=s.max_tokens or most,
            stop=s.stop,
            logprobs=0 if o.logprobs and not asking.material else None,
        )

    def _gist(self, asking: Asking, order: Order) -> Gist:
        row = order.source or Example("", {})
        given = _standing(asking, row) if asking.gist != "variation" else dict(row.fields)
        return Gist(asking.gist, order.label, given, asking.fields, order.count, len(order.shots))

    # --- reading ----------------------------------------------------------------------------------

    def _read(self, asking: Asking, order: Order, completion: Completion) -> Written:
        if not completion.text.strip():
            blocked = completion.finish == "content_filter"
            return Written(fault="blocked by a content filter" if blocked else "it is empty")
        if asking.read is not None:
            text, fault = asking.read(completion)
            return Written(fault=fault) if fault else Written(({asking.fields[0]: text},))
        found = read_written(completion.text, asking.fields, count=order.count)
        if completion.finish == "length" and found.texts and _reaches_the_end(found, completion):
            whole = found.texts[:-1]
            return replace(found, texts=whole) if whole else Written(fault=CUT_OFF)
        return found

    def _correctable(self, replies: Sequence[Reply], completion: Completion) -> bool:
        """Whether asking again may help: once, and not where the teacher refuses or was cut."""
        may = self.options.correct and self.guarded and len(replies) == 1
        whole = completion.finish not in ("length", "content_filter", "refusal")
        readable = bool(completion.text.strip()) and refusal(completion.text) is None
        return may and whole and readable

    def _content(
        self,
        asking: Asking,
        order: Order,
        replies: Sequence[Reply],
        at: tuple[int, Mapping[str, str]],
    ) -> Example | Material | Refusal:
        index, texts = at
        if asking.material:
            text = clean(texts[asking.fields[0]]).text
            if phrase := refusal(text):
                return Refusal(f"refused: {phrase}")
            kind = ": ".join((asking.material, *order.materials))
            return Material(kind, text, order.label)
        row = self._row(asking, order, replies, index, texts)
        if self.guarded and (why := self._copied(asking, order, row)):
            return Refusal(why)
        return self.screen(order, row) if self.screen else row

    def _copied(self, asking: Asking, order: Order, row: Example) -> str:
        """Why `row` copies what its order held; empty where it does not. A row that lent no more
        than its first field was not shown, so only the very same texts copy it."""
        source = [order.source] if order.source is not None and order.source.id else []
        varied = source if asking.gist == "variation" else []
        fields, written = row.fields, asking.fields
        return copied(
            fields, [*order.shots, *varied], written=written, most_shared=self.most_shared
        ) or copied(fields, source, written=written)

    def _row(
        self,
        asking: Asking,
        order: Order,
        replies: Sequence[Reply],
        index: int,
        texts: Mapping[str, str],
    ) -> Example:
        source = order.source or Example("", {})
        arm, turn = source.origin.arm, source.origin.turn
        part = f".{index}" if order.count > 1 else ""
        fields = {**_standing(asking, source), **texts}
        return Example(
            f"{arm}.{turn}.{order.number}{part}",
            {name: fields[name] for name in self.task.fields if name in fields},
            label=order.label,
            target=source.target if not self.task.labels else None,
            spans=source.spans if self.task.kind == "span_qa" else None,
            origin=Origin(
                arm=arm,
                turn=turn,
                order=order.number,
                requests=tuple(reply.request for reply in replies),
                source=source.id,
            ),
        )


def blank(brief: Brief) -> Example:
    """The source of an order that is about no row: it only says for which arm and turn."""
    return Example("", {}, origin=Origin(arm=brief.arm, turn=brief.turn))


def schema_of(fields: Sequence[str], count: int) -> dict[str, Any]:
    """The JSON schema of a reply: an object with the fields, or one that holds `count` of them.

    Strict endpoints want an object at the root and every key named.
    """
    one: dict[str, Any] = _object({name: {"type": "string"} for name in fields})
    if count == 1:
        return one
    items = {"type": "string"} if len(fields) == 1 else one
    return _object({"texts": {"type": "array", "items": items}})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def written_fields(task: Task, options: WritingOptions) -> tuple[str, ...]:
    """The fields that a text order writes: the only one, the second of a pair, or both.

    Raises:
        UserError: a kind of task for which nothing can be written.
    """
    if task.kind == "multi_label" or task.kind == "generation":
        raise UserError(
            f"Rows of a {task.kind} task cannot be written yet.",
            "Writers ask for one text with one label.",
            "Use generate or annotate, or a classification, nli or span_qa task.",
        )
    if task.kind == "span_qa" and options.context in ("written", "together"):
        raise UserError(
            f"Questions cannot be written with context: {options.context}.",
            "A question is written for an answer that stands in its context, and a context that "
            "the teacher writes has none marked.",
            "Write context: train.",
        )
    if len(task.fields) == 1:
        return task.fields
    if len(task.fields) > 2:
        raise UserError(
            f"Writers do not know which of the {len(task.fields)} fields to write.",
            "They write the only text of a row, or the second of a pair.",
            "Name one or two under task.fields.",
        )
    return task.fields if options.context == "together" else task.fields[1:]


def _standing(asking: Asking, row: Example) -> dict[str, str]:
    """Fields of `row` that stand already and are not to be written."""
    return {name: text for name, text in row.fields.items() if name not in asking.fields}


def _with_article(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word.lower()}"


def _score(completion: Completion) -> float | None:
    """Mean log-probability of the completion's tokens, where it carries them."""
    return fmean(token.logprob for token in completion.tokens) if completion.tokens else None


def _reaches_the_end(found: Written, completion: Completion) -> bool:
    """Whether the last text of a reply that was cut off is itself cut off."""
    return completion.text.rstrip().endswith(list(found.texts[-1].values())[-1])
