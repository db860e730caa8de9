"""ZeroGen (arXiv 2202.07922): training texts for each label, written from nothing.

Single texts are written for the label, and where `topics` is set about a subject that the teacher
named before (the paper's film titles). Pairs get a second text for a first one that stands: from
gold train as in the paper, from unlabelled rows, or written in a stage before.

What `as_published: true` does differently, line by line:

    setting             default                        as_published
    prompts             write.v1, topics.v1;           zerogen_review.v1, zerogen_title.v1;
                        question.v1 for span QA        zerogen_question.v1: each an open quotation
    sampling            temperature .9                 temperature 1, top-p .9
    longest text        400 tokens                     40 tokens
    topics              lists of 20                    one title in each request
    end of a text       the reply's                    the closing quotation mark, else the line's
                                                       end, else the model's, else the last full
                                                       stop, else dropped
    shortest text       none                           10 words (5 for questions)
    X is not C          copies of a pair are refused   a text that is its title or context is
                                                       dropped
    texts in a request  texts_per_request              1
    corrections         one                            none
    self-debiasing      none; `self_debiasing: {}`     pairs: decay 200, least .01
                        for any labels

For pairs the paper writes second texts for gold first ones, with the prompts of RTE
(zerogen_rte.v1) or, where the second text is a question, of QNLI (zerogen_qnli.v1), and contrasts
the prompts of the labels while decoding. That bends probabilities, so the teacher must run in this
process.
Dropping exact duplicates is the check `duplicate`. Not kept: an IMDb task that maps 0 to positive
where the data has 0 for negative, and a least length equal to the longest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.exceptions import UserError
from tutelage.records import Brief, Draft, Order, Reply, Request, Sampling, Task
from tutelage.synthesis import contexts, ordering
from tutelage.synthesis.bending import contrasting
from tutelage.synthesis.published_texts import PublishedReading, quotation, unlike_its_source
from tutelage.synthesis.quotas import quota
from tutelage.synthesis.writer_options import SelfDebiasingOptions, ZeroGenOptions
from tutelage.synthesis.writing import Asking, Writing
from tutelage.teacher.templating import load

TOPICS = "topics"
PAIR_LABELS = ("entailment", "not_entailment")
"""Words of the labels of the published pair tasks."""
PUBLISHED_SAMPLING = Sampling(temperature=1.0, top_p=0.9, max_tokens=40)


@dataclass(frozen=True)
class ZeroGen:
    """A synthesizer that orders texts for labels."""

    task: Task
    options: ZeroGenOptions
    writing: Writing
    stages: tuple[str, ...]
    waves: int

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return quota(self.task, brief, self.options.rows, balance=self.options.balance)

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """The orders of one stage; those for texts are what the quota lacks, label by label."""
        if stage == TOPICS:
            known = contexts.of_kind(brief, "topic")
            per_list = 1 if self.options.as_published else ordering.PER_LIST
            return [] if known else contexts.lists(TOPICS, brief, self.options.topics, per_list)
        if stage == ordering.TEXTS:
            return self._texts(brief)
        return ordering.early_orders(stage, self.task, self.options, brief, self.options.rows)

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        return self.writing.step(order, replies)

    def _texts(self, brief: Brief) -> list[Order]:
        """Each text is about the next topic of its label's round, where there are topics."""
        orders = ordering.text_orders(self.task, self.options, brief, self.quota(brief))
        topics = contexts.shuffled(contexts.of_kind(brief, "topic"), brief, str)
        about = contexts.Rotation(topics, brief)
        if not topics:
            return orders
        return [replace(order, materials=(about.next(order.label) or "",)) for order in orders]


def build(options: ZeroGenOptions, *, task: Task, folder: Path = Path()) -> ZeroGen:
    """The synthesizer `zerogen`.

    Raises:
        UserError: a task that cannot be written for, or options that do not go together.
    """
    pair = len(task.fields) > 1
    if options.topics and pair:
        raise UserError(
            "topics are for single texts.",
            "The second text of a pair is about the first.",
            "Leave topics out; `context` says where first texts come from.",
        )
    if options.as_published:
        return _published(options, task)
    writing = Writing(
        task,
        options,
        {
            **ordering.askings(task, options, folder),
            TOPICS: Asking(load("topics.v1"), ("topic",), "attributes", "topic"),
        },
        bend=contrasting(task, options.self_debiasing),
    )
    return ZeroGen(task, options, writing, _stages(task, options), options.waves)


def _stages(task: Task, options: ZeroGenOptions) -> tuple[str, ...]:
    topics = (TOPICS,) if options.topics else ()
    return (*ordering.before(task, options), *topics, ordering.TEXTS)


def _published(options: ZeroGenOptions, task: Task) -> ZeroGen:
    """ZeroGen with the published prompts, decoding and filters."""
    pair = len(task.fields) > 1 and task.kind != "span_qa"
    if pair:
        _check_pair(task)
        options = replace(options, self_debiasing=options.self_debiasing or SelfDebiasingOptions())
    elif task.kind != "span_qa" and not options.topics:
        raise UserError(
            "zerogen cannot run as published on single texts without topics.",
            "The paper writes every review about a film title (`topics` says how many).",
            "Leave as_published out, or set topics.",
        )
    options = replace(options, texts_per_request=1, structured=False, attributes=None)
    question = task.kind == "span_qa" or (pair and task.fields[1] == "question")
    reading = PublishedReading(least_words=5 if task.kind == "span_qa" else 10, question=question)
    name = "zerogen_question.v1" if task.kind == "span_qa" else "zerogen_review.v1"
    if pair:
        name = "zerogen_qnli.v1" if question else "zerogen_rte.v1"
    title = Asking(load("zerogen_title.v1"), ("topic",), "attributes", "topic", read=quotation)
    askings = ordering.askings(task, replace(options, template=""), Path(), name)
    askings[ordering.TEXTS] = replace(askings[ordering.TEXTS], read=reading.read)
    writing = Writing(
        task,
        options,
        {**askings, TOPICS: title},
        screen=unlike_its_source,
        guarded=False,
        sampling=PUBLISHED_SAMPLING,
        bend=contrasting(task, options.self_debiasing),
    )
    return ZeroGen(task, options, writing, _stages(task, options), options.waves)


def _check_pair(task: Task) -> None:
    """Refuse pairs that the published prompts say nothing about."""
    if {label.said for label in task.labels} != set(PAIR_LABELS):
        raise UserError(
            "zerogen cannot run as published on these pairs.",
            f"Its prompts, those of RTE and QNLI, know the labels {' and '.join(PAIR_LABELS)}.",
            "Leave as_published out, or give the labels these words.",
        )
