"""The prompted annotator: how a teacher is asked for the answer to a row, and how it is understood.

The answer is a label, several labels, a piece of the row's context (span QA), or a text to write
(generation).

Synthesis uses it to label unlabelled rows, evaluation to let the teacher itself stand as a rival.
Both ask and read in the same way, so a difference between them is not one of prompts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tutelage.exceptions import UserError
from tutelage.records import (
    Completion,
    Example,
    Gist,
    Prediction,
    Reply,
    Request,
    Sampling,
    Task,
    content_hash,
)
from tutelage.teacher.answer_reading import read_answer
from tutelage.teacher.cleaning import cut_run_on, run_on_markers, strip_thinking
from tutelage.teacher.parsing import Reading, read_label, read_labels
from tutelage.teacher.target_reading import read_target
from tutelage.teacher.templating import Prompt, load, said, shown, variables

Place = Literal["none", "before", "after"]


LABELS_PROMPT = "annotate.v1"
SPANS_PROMPT = "answer.v1"
TARGETS_PROMPT = "target.v1"


@dataclass(frozen=True, slots=True)
class AnnotatorOptions:
    """How the teacher is asked."""

    shots: int = 0
    """Gold train rows to show, balanced over the labels where there are any; 0 for none."""
    rationale: Place = "none"
    """Whether the teacher gives reasons, and on which side of its answer."""
    abstain: bool = False
    """Whether the teacher may answer that it cannot decide; of questions, that the context holds no
    answer."""
    template: str = LABELS_PROMPT
    """Shipped template, or path of your own. In place of the default, questions are asked by
    `answer.v1` and texts to write by `target.v1`."""
    temperature: float = 0.0
    """0 for the likeliest answer."""
    max_tokens: int | None = None
    """Longest reply; None for 300 with a rationale, 128 for a text to write, 64 for several labels
    or a span, else 24."""
    logprobs: int | None = None
    """Alternatives to ask for at each token, from which label scores are read; None for none."""


def ask(
    task: Task,
    row: Example,
    *,
    shots: Sequence[Example] = (),
    options: AnnotatorOptions | None = None,
) -> Request:
    """What to send to learn the answer to `row`.

    A shot that is the row itself, or has the same texts, is left out: it would give the answer.

    Raises:
        UserError: the task has no labels, a text to write is asked for with reasons or abstention,
            or the template is missing or faulty.
    """
    chosen = options or AnnotatorOptions()
    _check(task, chosen)
    given = {
        **variables(task, row),
        "answer": "",
        "guidelines": [],
        "rationale": chosen.rationale,
        "abstain": chosen.abstain,
        "shots": [
            {"fields": shown(task, s), "answer": said(task, s), "rationale": s.rationale or ""}
            for s in shots
            if s.id != row.id
            and not _same_texts(task, s, row)
            and (s.spans != () or chosen.abstain)
        ],
    }
    sampling = Sampling(
        temperature=chosen.temperature,
        max_tokens=chosen.max_tokens or _room(task, chosen.rationale),
        logprobs=chosen.logprobs,
    )
    gist = Gist("answer", given={name: row.fields.get(name, "") for name in task.fields})
    return Request(prompt_of(task, chosen).messages(given), sampling, gist=gist)


def _check(task: Task, options: AnnotatorOptions) -> None:
    if task.kind == "generation":
        if options.abstain or options.rationale != "none":
            raise UserError(
                f"{'abstain' if options.abstain else 'rationale'} is for tasks with labels.",
                "The reply to a generation task is the text that is wanted, and nothing else.",
                "Leave it out.",
            )
    elif not task.labels and task.kind != "span_qa":
        raise UserError(
            f"The task {task.name!r} has no labels to annotate with.",
            "A prompted annotator chooses among the labels of a task.",
            "Give the task labels, or choose another synthesis.",
        )


def prompt_of(task: Task, options: AnnotatorOptions) -> Prompt:
    """The template by which rows of `task` are asked about."""
    own = {"span_qa": SPANS_PROMPT, "generation": TARGETS_PROMPT}.get(task.kind, LABELS_PROMPT)
    return load(own if options.template == LABELS_PROMPT else options.template)


def _same_texts(task: Task, one: Example, other: Example) -> bool:
    texts = ((one.fields.get(f, ""), other.fields.get(f, "")) for f in task.fields)
    return all(a == b or a.split() == b.split() for a, b in texts)


def _room(task: Task, rationale: Place) -> int:
    if rationale != "none":
        return 300
    if task.kind == "generation":
        return 128
    return 64 if task.kind in ("multi_label", "span_qa") else 24


def read(
    task: Task, row: Example, reply: Reply, *, options: AnnotatorOptions | None = None
) -> Prediction:
    """What `reply` says about `row`. Never guesses.

    A text to write is the reply without what teachers put around it, and None where it is empty or
    a refusal. An answer to a question must stand in its context; `spans` is None where it does not.
    `label` is None where the reply names none for certain or abstains (`abstains` tells which).
    `scores` are there where the reply carries log-probabilities of whole labels, or of the label's
    first pieces.
    """
    place = options.rationale if options else "none"
    completion = reply.completions[0] if reply.completions else Completion("")
    if task.kind == "generation":
        return Prediction(row.id, text=completion.text, target=read_target(task, completion.text))
    if task.kind == "span_qa":
        found = read_answer(
            _counting(task, completion),
            row.fields[task.fields[0]],
            may_be_none=options is not None and options.abstain,
        )
        reasons = {"none": "", "before": found.before, "after": found.after}[place] or None
        return Prediction(row.id, text=completion.text, spans=found.spans, rationale=reasons)
    text, reading = _read(task, completion)
    sides = {"none": "", "before": reading.before, "after": reading.after}
    at = reading.start + completion.text.find(text)
    return Prediction(
        id=row.id,
        label=reading.label,
        labels=reading.labels,
        scores=_scores(task, completion, at) if reading.label is not None else None,
        text=completion.text,
        rationale=sides[place] or None,
    )


def abstains(task: Task, reply: Reply) -> bool:
    """Whether the teacher said that it cannot decide."""
    if task.kind in ("span_qa", "generation") or not reply.completions:
        return False
    return _read(task, reply.completions[0])[1].abstained


def _counting(task: Task, completion: Completion) -> str:
    """The part of a completion that counts."""
    return cut_run_on(strip_thinking(completion.text), run_on_markers(task))


def _read(task: Task, completion: Completion) -> tuple[str, Reading]:
    """The part of a completion that counts, and what it says."""
    text = _counting(task, completion)
    if task.kind == "multi_label":
        return text, read_labels(text, task.labels)
    for label in task.labels:
        if text.strip() == label.said:  # whatever else its words might mean
            return text, Reading(label=label.name, start=text.index(label.said))
    return text, read_label(text, task.labels)


def _scores(task: Task, completion: Completion, at: int) -> Mapping[str, float] | None:
    """Probability by label from the alternatives at the token with which the label begins.

    A reply of one piece, all of whose alternatives are labels' words, scores the labels whole. Else
    each alternative counts for the one label whose words or name begin with it. Alternatives that
    begin no label, or several, count for none; the rest is scaled to 1. None where the tokens do
    not spell the text, or the label that was chosen cannot be told by its first piece.
    """
    place = 0
    pieces = completion.tokens or ()
    named = {label.said: label.name for label in task.labels}
    if len(pieces) == 1 and pieces[0].top and {pieces[0].token, *pieces[0].top} <= named.keys():
        return _shares(task, ((named[words], p) for words, p in pieces[0].top.items()))
    for piece in pieces:
        if place <= at < place + len(piece.token):
            if _begins(task, piece.token) is None:
                return None
            rivals = {**piece.top, piece.token: piece.logprob}
            return _shares(task, ((_begins(task, token), p) for token, p in rivals.items()))
        place += len(piece.token)
    return None


def _shares(task: Task, pieces: Iterable[tuple[str | None, float]]) -> Mapping[str, float] | None:
    """Probability by label, scaled to 1, from label and log-probability of each alternative."""
    masses: dict[str, float] = defaultdict(float)
    for name, logprob in pieces:
        if name is not None:
            masses[name] += math.exp(logprob)
    total = sum(masses.values())
    return {name: masses[name] / total for name in task.label_names} if total > 0 else None


def _begins(task: Task, token: str) -> str | None:
    """The one label whose words or name begin with `token`, marks and case aside."""
    piece = token.replace("▁", " ").replace("Ġ", " ").strip(" \n\t*_`\"'“”(.,").casefold()
    if not piece:
        return None
    found = {
        label.name
        for label in task.labels
        for form in (label.said.casefold(), label.name.casefold())
        if form.startswith(piece)
    }
    return found.pop() if len(found) == 1 else None


def choose_shots(
    task: Task, train: Sequence[Example], count: int, *, seed: int
) -> tuple[Example, ...]:
    """`count` gold rows to show: balanced over the labels, the same for the same seed.

    The labels take turns in the task's order; within a label, and in the order shown, rows stand
    by a hash of seed and id, so that neither depends on the order of the file. Asking for more
    keeps the rows of a smaller choice.
    """
    ranked = sorted(train, key=lambda row: content_hash("shot1", [seed, row.id]))
    groups: dict[str, list[Example]] = {name: [] for name in (*task.label_names, "")}
    for row in ranked:
        first = row.label if row.labels is None else (row.labels[0] if row.labels else "")
        if row.spans is not None or row.target is not None:
            first = ""
        if first in groups:
            groups[first].append(row)
    chosen: list[Example] = []
    for turn in range(max(map(len, groups.values()))):
        chosen += [rows[turn] for rows in groups.values() if turn < len(rows)]
    rank = {row.id: place for place, row in enumerate(ranked)}
    return tuple(sorted(chosen[:count], key=lambda row: rank[row.id]))
