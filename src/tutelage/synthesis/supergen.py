"""SuperGen (arXiv 2202.04538): many candidates, of which the likeliest are kept.

The teacher is asked for several times as many texts as are wanted, with the log-probabilities of
their tokens. The check `selection` keeps those with the highest mean of each label; put it last
among the checks. A later wave, where one is needed, asks for up to three texts for each that lacks.

A reply may carry no log-probabilities. Candidates are then kept in order, and the verdicts say so;
`selection: {unscored: refuse}` stops the run instead.

What is published, and what differs:

    setting             default                        as_published
    prompts             write.v1                       supergen_review.v1 (control code and rating),
                                                       supergen_pair.v1 (a sentence, then a phrase
                                                       that leads to the label)
    sampling            temperature .9                 temperature .2 for single texts, 0 for pairs
    longest text        400 tokens                     40 tokens
    end of a text       the reply's                    the last end of a sentence, or dropped; with
                                                       a quotation mark or a line break inside it:
                                                       dropped
    first words         the teacher's                  of single texts one of eight: `This film`
    candidates, rows    4 for 1                        25,000 of each label, 6,000 rows in all
    waves               5                              1
    score               mean over the completion       mean over what is left of it: not kept
    MNLI neutral        by log-probability             at random: not kept
    repetition          `repetition`, by label         `repetition: published`: the factors of MNLI,
                                                       RTE and SST-2 (both need a teacher that runs
                                                       in this process)
    student             the recipe's                   label smoothing .15, ensembling: {}

The published generator is CTRL (1.6 billion parameters), whose control codes stand in the prompts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Order,
    Reply,
    Request,
    Sampling,
    Task,
)
from tutelage.synthesis import ordering
from tutelage.synthesis.bending import repeating
from tutelage.synthesis.generation_options import SuperGenOptions
from tutelage.synthesis.quotas import quota
from tutelage.synthesis.writing import Writing

OPENERS = tuple(f"{a} {b}" for a in ("The", "This", "the", "this") for b in ("movie", "film"))
"""How published film reviews begin."""
RATINGS = {"positive": "5.0", "negative": "1.0"}
"""What stands in the published prompt for a label's words."""
_ENDS = re.compile(r"[.?!](?=\s|$)")
_FAULTS = {'"': "quotation mark", "“": "quotation mark", "”": "quotation mark", "\n": "line break"}


@dataclass(frozen=True)
class SuperGen:
    """A synthesizer that orders more texts than it wants."""

    task: Task
    options: SuperGenOptions
    writing: Writing
    stages: tuple[str, ...]
    waves: int

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return quota(self.task, brief, self.options.rows, balance=self.options.balance)

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """The orders of one stage; in the first wave `oversample` texts for each that is wanted."""
        if stage != ordering.TEXTS:
            count = math.ceil(self.options.rows * self.options.oversample)
            return ordering.early_orders(stage, self.task, self.options, brief, count)
        whole = brief.lacking or self.quota(brief)
        times = 1.0 if brief.wave else self.options.oversample
        many = {name: math.ceil(count * times - 1e-9) for name, count in whole.items()}
        brief = replace(brief, lacking=many)
        return ordering.text_orders(self.task, self.options, brief, many)

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        return self.writing.step(order, replies)


def build(options: SuperGenOptions, *, task: Task, folder: Path = Path()) -> SuperGen:
    """The synthesizer `supergen`.

    Raises:
        UserError: several texts in a request, factors for labels that the task does not have, or a
            task that cannot be written for.
    """
    if options.texts_per_request > 1:
        raise UserError(
            f"supergen cannot ask for {options.texts_per_request} texts in a request.",
            "Log-probabilities are those of a whole reply, and would not tell its texts apart.",
            "Leave texts_per_request out.",
        )
    options = replace(options, logprobs=True)
    stages = (*ordering.before(task, options), ordering.TEXTS)
    if options.as_published:
        writing = _published(options, task)
        return SuperGen(
            task, replace(options, attributes=writing.options.attributes), writing, stages, 1
        )
    bend = repeating(task, options.repetition)
    writing = Writing(task, options, ordering.askings(task, options, folder), bend=bend)
    return SuperGen(task, options, writing, stages, options.waves)


def _published(options: SuperGenOptions, task: Task) -> Writing:
    """The published prompts, decoding and filters."""
    pair = len(task.fields) > 1
    known = RATINGS if not pair else ("entailment", "neutral", "contradiction", "not_entailment")
    if task.kind not in ("classification", "nli") or any(x.said not in known for x in task.labels):
        raise UserError(
            "supergen cannot run as published on this task.",
            f"Its prompts know the labels {', '.join(known)} alone.",
            "Leave as_published out, or give the labels these words.",
        )
    plain = replace(options, structured=False, correct=False, template="")
    if not pair:
        plain = replace(plain, attributes={"opener": OPENERS})
    name = "supergen_pair.v1" if pair else "supergen_review.v1"
    askings = ordering.askings(task, plain, Path(), name)
    askings[ordering.TEXTS] = replace(askings[ordering.TEXTS], read=ended)
    return Writing(
        task,
        plain,
        askings,
        guarded=False,
        screen=None if pair else opened,
        sampling=Sampling(temperature=0.0 if pair else 0.2, max_tokens=40),
        bend=repeating(task, options.repetition),
    )


def ended(completion: Completion) -> tuple[str, str]:
    """A completion up to the last end of a sentence, and why it is dropped.

    >>> ended(Completion("is a joy. I saw it twice! And th"))
    ('is a joy. I saw it twice!', '')
    >>> ended(Completion('is "a joy". And th'))
    ('is "a joy".', 'it has a quotation mark inside')
    """
    text = completion.text.strip()
    marks = [mark.end() for mark in _ENDS.finditer(text)]
    if not marks:
        return "", "its sentence has no end"
    text = text[: marks[-1]]
    faults = [said for sign, said in _FAULTS.items() if sign in text]
    return text, f"it has a {faults[0]} inside" if faults else ""


def opened(order: Order, row: Example) -> Example:
    """`row` with the words before its text that the prompt ended in."""
    opener = order.attributes["opener"]
    return replace(row, fields={name: f"{opener} {text}" for name, text in row.fields.items()})
