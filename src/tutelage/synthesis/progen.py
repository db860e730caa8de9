"""ProGen (arXiv 2210.12329): ZeroGen whose prompts show what helped the student most.

Turns alternate with students. The critic `influence` names the kept rows whose weighting up would
lower the student's loss on other kept rows; the next turn shows some of them, of the label that is
written for, in a share of its prompts. No gold row is shown. Without feedback (in the first turn,
or with another critic's turn that named no row of a label) it is ZeroGen to the letter.

What is published, and what differs:

    setting             default                        as_published
    rows shown          up to 8 of the same label, drawn anew for each order      the same
    orders showing any  a random half, by purchase seed and order number          the same
    prompt              write_like.v1                  progen_review.v1: examples in quotation
                                                       marks, then ZeroGen's open quotation
    copies              texts of whose words a shown   texts that hold nine tenths of the words of
                        row has nine tenths            a shown row
    sampling            temperature .9                 temperature 1, top-p .9, 100 tokens
    first stage, ends   as ZeroGen's                   as ZeroGen's as published, 10 words at least
    turns               `rows` in each, or `schedule`  schedule [100, 400, 1200, 3200, 8000, 19200,
                                                       44800, 100000]: the code multiplies a count
                                                       of trainings with a step that doubles
    critic              influence                      influence: {rows: 50, least: 10000}

The authors' code looks at gold after each student and reports the best: not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from tutelage.exceptions import UserError
from tutelage.records import Brief, Draft, Example, Order, Refusal, Reply, Request, Sampling, Task
from tutelage.synthesis import ordering, zerogen
from tutelage.synthesis.copying import bare
from tutelage.synthesis.generation_options import ProGenOptions
from tutelage.synthesis.published_texts import unlike_its_source
from tutelage.synthesis.quotas import quota
from tutelage.synthesis.writing import Asking, Writing
from tutelage.synthesis.zerogen import ZeroGen
from tutelage.teacher.templating import load

LIKE = "like"
"""Kind of the orders that show helpful rows."""
PUBLISHED_SAMPLING = Sampling(temperature=1.0, top_p=0.9, max_tokens=100)


@dataclass(frozen=True)
class ProGen:
    """A synthesizer that orders as ZeroGen does, and shows helpful rows."""

    task: Task
    options: ProGenOptions
    plain: ZeroGen
    writing: Writing

    @property
    def stages(self) -> tuple[str, ...]:
        return self.plain.stages

    @property
    def waves(self) -> int:
        return self.plain.waves

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return quota(self.task, brief, self._rows(brief.own_turn), balance=self.options.balance)

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """ZeroGen's orders, of which a random share shows helpful rows of their label."""
        lacking = dict(brief.lacking) or dict(self.quota(brief))
        orders = self.plain.orders(stage, replace(brief, lacking=lacking))
        if stage != ordering.TEXTS:
            return orders
        helpful = self._helpful(brief)
        return [self._showing(order, helpful, brief) for order in orders]

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        return self.writing.step(order, replies)

    def _rows(self, turn: int) -> int:
        """Rows of one turn; the last step of a schedule goes on where the schedule ends."""
        sizes = self.options.schedule
        if sizes is None:
            return self.options.rows
        at = min(turn, len(sizes) - 1)
        return sizes[at] - (sizes[at - 1] if at else 0)

    def _helpful(self, brief: Brief) -> Mapping[str, Sequence[Example]]:
        """The rows that the critic named, by label."""
        named = [one.example for one in brief.feedback.rows] if brief.feedback else []
        return {name: [r for r in named if r.label == name] for name in self.task.label_names}

    def _showing(
        self, order: Order, helpful: Mapping[str, Sequence[Example]], brief: Brief
    ) -> Order:
        rows = helpful.get(order.label or "", ())
        chance = np.random.default_rng([brief.seed, brief.turn, order.number])
        if not rows or chance.random() >= self.options.feedback_share:
            return order
        picks = chance.permutation(len(rows))[: self.options.shots]
        return replace(order, kind=LIKE, shots=tuple(rows[i] for i in picks.tolist()))


def build(options: ProGenOptions, *, task: Task, folder: Path = Path()) -> ProGen:
    """The synthesizer `progen`.

    Raises:
        UserError: a task without single labels, a schedule that does not rise, or what `zerogen`
            refuses.
    """
    if task.kind not in ("classification", "nli"):
        raise UserError(
            f"progen does not go with a task of kind {task.kind}.",
            "It shows helpful rows of the label that is written for.",
            "Use zerogen.",
        )
    if options.as_published and len(task.fields) > 1:
        raise UserError(
            "progen cannot run as published on pairs.",
            "The paper shows and writes single texts.",
            "Leave as_published out.",
        )
    sizes = options.schedule
    if sizes is not None and (not sizes or any(b <= a for a, b in pairwise(sizes))):
        raise UserError(
            f"The schedule {list(sizes)} does not rise.",
            "It says how many rows there are after each turn.",
            "Write such as schedule: [100, 200, 400].",
        )
    plain = zerogen.build(options, task=task, folder=folder)
    texts = plain.writing.askings[ordering.TEXTS]
    name = "progen_review.v1" if options.as_published else "write_like.v1"
    askings: dict[str, Asking] = {
        **plain.writing.askings,
        LIKE: replace(texts, prompt=load(name)),
    }
    writing = replace(plain.writing, askings=askings, most_shared=options.most_shared)
    if options.as_published:
        writing = replace(writing, screen=published_screen, sampling=PUBLISHED_SAMPLING)
    return ProGen(task, options, plain, writing)


def published_screen(order: Order, row: Example) -> Example | Refusal:
    """`row`, unless it repeats its title, or nine tenths of the words of a row that was shown."""
    new = {word for text in row.fields.values() for word in bare(text).split()}
    for shot in order.shots:
        old = {word for text in shot.fields.values() for word in bare(text).split()}
        if old and len(new & old) >= 0.9 * len(old):
            return Refusal(f"it has {len(new & old) / len(old):.0%} of the words of {shot.id}")
    return unlike_its_source(order, row)
