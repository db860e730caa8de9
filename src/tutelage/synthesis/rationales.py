"""Rationales for gold train rows: the five W questions, reasons for the label, or your own prompt.

A draft is the gold row itself, its label kept, with what the teacher wrote as its rationale. The
first two are the two data sets of arXiv 2409.12599 (SMANLI and EMANLI). `five_w` sees the first
field only, so rows that share a premise share one reply. `explain` is told the gold label, so its
reasons agree with gold by construction and name the label in most rows: they are a training
target, never an input.

What `as_published: true` does differently, line by line:

    setting                default                              as_published
    seed of the request    derived from the request's identity  123
    prompt, five_w         first field for one field or a pair, the first field
                           else all fields (five_w_fields.v1)
    prompt, explain        explain_nli.v1 for NLI labels,       explain_nli.v1; other labels are
                           else explain.v1                      refused
    equal prompts          five_w share a reply, explain not    share a reply
    refusals               a refusal with its reason            kept as a rationale
    white space around     taken off                            kept

Temperature .2 and at most 400 tokens are published, and are the defaults as well. Checks are set
by the recipe: as published there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Draft,
    Example,
    Label,
    Order,
    Origin,
    Refusal,
    Reply,
    Request,
    Sampling,
    Task,
)
from tutelage.synthesis import ExplainOptions, FiveWOptions, PromptedOptions
from tutelage.synthesis.candidates import at_random
from tutelage.teacher.cleaning import refusal
from tutelage.teacher.parsing import mentioned
from tutelage.teacher.templating import Prompt, load, placed, variables

PUBLISHED_SEED = 123
_RELATIONS = (
    (r"not[ _-]?entail|non[ _-]?entail", "does not entail"),
    (r"entail", "entails"),
    (r"neutral", "is neutral to"),
    (r"contradict", "contradicts"),
)


@dataclass(frozen=True)
class RationaleWriter:
    """A synthesizer that orders one rationale for each chosen gold train row."""

    task: Task
    prompt: Prompt
    sampling: Sampling
    rows: int | None = None
    """Rows of one turn, chosen at random; all in the first turn where None."""
    shared: bool = False
    sound: bool = True
    """Whether refusals are told apart from rationales."""
    relations: Mapping[str, str] | None = None
    """NLI: how the prompt says each label, by name."""
    stages: tuple[str, ...] = ("rationales",)
    waves: int = 1

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return {}

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """One order for each row of this turn; later turns take rows that earlier ones did not."""
        if not brief.train:
            raise UserError(
                "There are no gold train rows to write rationales for.",
                "This synthesis explains gold rows.",
                "Give `gold.train`, or choose another synthesis.",
            )
        chosen = at_random(brief.train, self.rows, seed=brief.seed, turn=brief.own_turn)
        return [
            Order(number, "rationale", label=row.label, source=begun(row, brief))
            for number, row in enumerate(chosen)
        ]

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        row = order.source
        assert row is not None
        if not replies:
            return [self._request(row)]
        text = replies[0].text.strip() if self.sound else replies[0].text
        reason = _unusable(replies[0], sound=self.sound)
        content = (
            Refusal(reason) if reason else replace(row, rationale=text, origin=done(order, replies))
        )
        return [Draft(order.number, order.number, content, raw=replies[0].text)]

    def _request(self, row: Example) -> Request:
        given = variables(self.task, row)
        if self.relations is not None and row.label is not None:
            given["relation"] = self.relations[row.label]
        return Request(self.prompt.messages(given), self.sampling, shared=self.shared)


def at_least(options: Any, **least: int) -> None:
    """Refuse options below their least value.

    Raises:
        UserError: the first option that is too small.
    """
    for name, low in least.items():
        value = getattr(options, name)
        if value is not None and value < low:
            raise UserError(f"{name}: {value} is too small.", do=f"Write {low} or more.")


def begun(row: Example, brief: Brief) -> Example:
    """`row` as the source of an order: its origin says for which arm and turn."""
    origin = replace(row.origin, arm=brief.arm, turn=brief.turn, source=row.id)
    return replace(row, origin=origin)


def done(order: Order, replies: Sequence[Reply]) -> Origin:
    """Where the row that `order` brought comes from."""
    assert order.source is not None
    requests = tuple(reply.request for reply in replies)
    return replace(order.source.origin, order=order.number, requests=requests)


def _unusable(reply: Reply, *, sound: bool) -> str:
    """Why `reply` holds no rationale; empty where it holds one."""
    if not reply.text.strip():
        finish = reply.completions[0].finish if reply.completions else ""
        return "blocked by a content filter" if finish == "content_filter" else "empty reply"
    if sound and (phrase := refusal(reply.text)):
        return f"refused: {phrase}"
    return ""


def build_five_w(options: FiveWOptions, *, task: Task, folder: Path = Path()) -> RationaleWriter:
    """The synthesizer `five_w`."""
    at_least(options, rows=1, max_tokens=1)
    whole = task.kind != "nli" and len(task.fields) > 1 and not options.as_published
    return RationaleWriter(
        task,
        load("five_w_fields.v1" if whole else "five_w.v1"),
        _sampling(options),
        rows=options.rows,
        shared=True,
        sound=not options.as_published,
    )


def build_explain(options: ExplainOptions, *, task: Task, folder: Path = Path()) -> RationaleWriter:
    """The synthesizer `explain`.

    Raises:
        UserError: as published, and the task is not NLI with labels that say a relation.
    """
    at_least(options, rows=1, max_tokens=1)
    relations = relations_of(task)
    if relations is None and options.as_published:
        said = ", ".join(label.said for label in task.labels) or "none"
        raise UserError(
            f"explain cannot run as published on the labels {said}.",
            "The published prompt says entails, is neutral to, or contradicts.",
            "Give the labels such words (`labels: {'0': {words: entailment}}`), or leave "
            "`as_published` out.",
        )
    return RationaleWriter(
        task,
        load("explain_nli.v1" if relations is not None else "explain.v1"),
        _sampling(options),
        rows=options.rows,
        shared=options.as_published,
        sound=not options.as_published,
        relations=relations,
    )


def build_prompted(
    options: PromptedOptions, *, task: Task, folder: Path = Path()
) -> RationaleWriter:
    """The synthesizer `prompted`: a rationale by the user's own template.

    Raises:
        UserError: the template is missing or faulty.
    """
    at_least(options, rows=1, max_tokens=1)
    return RationaleWriter(
        task,
        load(placed(options.template, folder)),
        Sampling(temperature=options.temperature, max_tokens=options.max_tokens),
        rows=options.rows,
        shared=options.shared,
        relations=relations_of(task),
    )


def _sampling(options: FiveWOptions | ExplainOptions) -> Sampling:
    return Sampling(
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        seed=PUBLISHED_SEED if options.as_published else None,
    )


def relations_of(task: Task) -> Mapping[str, str] | None:
    """How a prompt says that premise and hypothesis stand in the relation of each label.

    None where the task is not a pair of texts, or one of its labels says no such relation.
    """
    if task.kind != "nli" or len(task.fields) != 2:
        return None
    found: dict[str, str] = {}
    for label in task.labels:
        for pattern, verb in _RELATIONS:
            if re.match(pattern, label.said.casefold()):
                found[label.name] = verb
                break
    return found if len(found) == len(task.labels) and found else None


def label_mentions(rows: Iterable[Example], labels: Sequence[Label]) -> dict[str, int]:
    """How often rationales name labels, by the rule of `tutelage.teacher.parsing.mentioned`.

    Returns:
        `rationales`: rows that have one; `any`: name at least one label; `own`: name the row's
        own; `only_own`: name the row's own and no other; `other`: name another label.
    """
    counts = dict.fromkeys(("rationales", "any", "own", "only_own", "other"), 0)
    for row in rows:
        if row.rationale is None:
            continue
        own = set(row.labels) if row.labels is not None else {row.label} - {None}
        named = mentioned(row.rationale, labels)
        counts["rationales"] += 1
        counts["any"] += bool(named)
        counts["own"] += bool(named & own)
        counts["only_own"] += bool(named) and named <= own
        counts["other"] += bool(named - own)
    return counts
