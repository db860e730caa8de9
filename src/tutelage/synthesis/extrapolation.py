"""S3, error extrapolation (arXiv 2310.13671): seed rows, then more of what the student gets wrong.

In the first turn the teacher names reasons that lead to each label, and writes seed texts for a few
of them drawn at random; for pairs it writes plainly for first texts that stand. In each later turn
every row that the critic names (`errors`, or `random_rows` as its rival) is varied: the teacher
sees the row with its label and writes another, difficult in the same way. The label is copied, and
so is the first text of a pair. Where the critic names nothing, nothing is ordered.

What `as_published: imdb | qnli | rte | adqa` does differently, line by line:

    setting             default                        as_published
    prompts             reasons.v1, write.v1, vary.v1  Table 1 of the paper (s3_*.v1)
    shown with a row    instruction, label, guideline  the label's word
    variations          `variations`, re-ordered in    one for each error, in one wave; what fails
                        waves until they are kept      is not ordered again
    label of the seeds  equally many of each           drawn at random for each seed
    copies, refusals    refused                        kept
    corrections         one                            none
    texts in a request  texts_per_request              1

Temperature .9 is published, and is the default as well. The paper does not state the number of
reasons, how many of them a prompt holds, the rows of a round or the stop rule. That every turn
trains a fresh student is so in both settings. The paper looks for errors in its whole train split:
`gold: {pool: train}`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tutelage.exceptions import UserError
from tutelage.records import Brief, Completion, Draft, Example, Order, Reply, Request, Task
from tutelage.synthesis import attributes, contexts, ordering
from tutelage.synthesis.errands import errands, wanted_by_label
from tutelage.synthesis.quotas import in_turns, quota
from tutelage.synthesis.rationales import begun
from tutelage.synthesis.writer_options import ExtrapolateOptions
from tutelage.synthesis.writing import Asking, Writing, blank
from tutelage.teacher.templating import load, placed

REASONS, VARIATION = "reasons", "variation"


@dataclass(frozen=True)
class Extrapolation:
    """A synthesizer that orders seed rows first, and variations of the critic's rows after."""

    task: Task
    options: ExtrapolateOptions
    writing: Writing
    stages: tuple[str, ...]
    waves: int

    def quota(self, brief: Brief) -> Mapping[str, int]:
        """Seeds by label in the first turn; then the variations wanted, by the label of their rows.

        None where nothing is to be varied, and none of variations as published.
        """
        o = self.options
        if brief.own_turn == 0:
            return self._seed_quota(brief)
        return {} if o.as_published else wanted_by_label(o, brief)

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """The orders of one stage of the first turn, or of a later one.

        Raises:
            UserError: a row to vary has no label to copy, or pairs lack first texts.
        """
        first = brief.own_turn == 0
        if stage == ordering.TEXTS:
            return self._seeds(brief) if first else self._variations(brief)
        if stage == REASONS:
            return self._reasons(brief) if first else []
        if stage == contexts.STAGE and not (first and self._seed_quota(brief)):
            return []
        return ordering.early_orders(stage, self.task, self.options, brief, self.options.seed_rows)

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        return self.writing.step(order, replies)

    # --- seeds ------------------------------------------------------------------------------------

    def _seed_quota(self, brief: Brief) -> Mapping[str, int]:
        o, labels = self.options, self.task.label_names
        if o.seed == "none":
            return {}
        if o.as_published and labels:
            chance = np.random.default_rng([brief.seed, 0])
            return Counter(labels[i] for i in chance.integers(len(labels), size=o.seed_rows))
        return quota(self.task, brief, o.seed_rows, balance=o.balance)

    def _reasons(self, brief: Brief) -> list[Order]:
        """One list of reasons for each label; none where an earlier wave has brought them."""
        if any(material.kind == "reason" for material in brief.materials):
            return []
        return [
            Order(number, REASONS, label, blank(brief), count=self.options.reasons)
            for number, label in enumerate(self.task.label_names, start=brief.placed)
        ]

    def _seeds(self, brief: Brief) -> list[Order]:
        """Seed texts, each with reasons of its label where there are any."""
        whole = self._seed_quota(brief)
        if not whole:
            return []
        orders = ordering.text_orders(self.task, self.options, brief, whole)
        return [replace(order, materials=self._drawn(brief, order)) for order in orders]

    def _drawn(self, brief: Brief, order: Order) -> tuple[str, ...]:
        """Distinct reasons for one seed text, at random."""
        reasons = contexts.of_kind(brief, "reason", order.label)
        chance = np.random.default_rng([brief.seed, order.number, 1])
        count = min(self.options.reasons_per_text, len(reasons))
        return tuple(reasons[i] for i in chance.choice(len(reasons), count, replace=False))

    # --- variations -------------------------------------------------------------------------------

    def _variations(self, brief: Brief) -> list[Order]:
        """What is still wanted of each row; the rows take turns, so that a cap cuts all alike."""
        wanted = {errand.row.id: errand for errand in errands(self.options, brief)}
        left = {name: errand.count - errand.kept for name, errand in wanted.items()}
        lots = attributes.Lots(brief, self.options)
        orders: list[Order] = []
        for name, count in in_turns(left, per_request=self.options.texts_per_request):
            row = wanted[name or ""].row
            number = brief.placed + len(orders)
            drawn = lots.draw(row.label, number)
            orders.append(self._variation(begun(row, brief), number, count, drawn))
        return orders

    def _variation(self, row: Example, number: int, count: int, drawn: Mapping[str, str]) -> Order:
        if self.task.labels and row.label is None:
            raise UserError(
                f"The row {row.id} cannot be varied: it has no label to copy.",
                "A variation has the label of its row.",
                "Let the critic read the pool: {errors: {}}, {random_rows: {reads: pool}}.",
            )
        return Order(number, VARIATION, row.label, row, attributes=drawn, count=count)


def build(options: ExtrapolateOptions, *, task: Task, folder: Path = Path()) -> Extrapolation:
    """The synthesizer `extrapolate`.

    Raises:
        UserError: a task that cannot be written for or that the published prompts do not fit, or
            a template that is missing or faulty.
    """
    if options.as_published:
        return _published(options, options.as_published, task)
    name = options.variation_template
    askings = ordering.askings(task, options, folder)
    askings[VARIATION] = Asking(
        load(placed(name, folder) if name else "vary.v1"),
        askings[ordering.TEXTS].fields,
        "variation",
    )
    askings[REASONS] = Asking(load("reasons.v1"), (REASONS,), "reasons", "reason", shared=True)
    writing = Writing(task, options, askings, most_shared=options.most_shared)
    stages = (*ordering.before(task, options), *_reasoned(task, options), ordering.TEXTS)
    return Extrapolation(task, options, writing, stages, options.waves)


def _reasoned(task: Task, options: ExtrapolateOptions) -> tuple[str, ...]:
    """The stage for reasons: for single texts that have labels."""
    apt = options.seed == "reasons" and len(task.fields) == 1 and task.labels
    return (REASONS,) if apt else ()


def _published(options: ExtrapolateOptions, style: str, task: Task) -> Extrapolation:
    """S3 with the prompts of its Table 1."""
    fits = {"imdb": len(task.fields) == 1 and task.labels, "adqa": task.kind == "span_qa"}
    if not fits.get(style, len(task.fields) == 2 and task.labels):
        raise UserError(
            f"extrapolate cannot run as published with the prompts of {style} on this task.",
            "imdb is for single texts, qnli and rte are for pairs, adqa is for span QA.",
            "Choose the prompts that fit, or leave as_published out.",
        )
    plain = replace(
        options, texts_per_request=1, structured=False, attributes=None, context="train",
        template="", seed="reasons" if style == "imdb" else "plain",
    )  # fmt: skip
    askings = ordering.askings(task, plain, Path(), f"s3_{style}_seed.v1")
    seed = replace(askings[ordering.TEXTS], read=_as_it_came)
    error = load(f"s3_{style}_error.v1")
    askings |= {
        ordering.TEXTS: seed,
        VARIATION: replace(seed, prompt=error, gist="variation"),
    }
    if style == "imdb":
        prompt = load("s3_imdb_reasons.v1")
        askings[REASONS] = Asking(prompt, (REASONS,), "reasons", "reason", shared=True)
    writing = Writing(task, plain, askings, guarded=False)
    stages = (*_reasoned(task, plain), ordering.TEXTS)
    return Extrapolation(task, plain, writing, stages, 1)


def _as_it_came(completion: Completion) -> tuple[str, str]:
    return completion.text.strip(), ""
