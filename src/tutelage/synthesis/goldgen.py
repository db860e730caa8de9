"""GoldGen: training texts for each label, written after gold rows that stand in the prompt.

The rival that ProGen and S3 compare with; neither states its prompt, its number of examples or how
they are chosen, so there is no setting as published. The prompt shows rows of the wanted label only
(`write_like.v1`). A text that equals a row that was shown (case, white space and punctuation aside)
or has nearly all its words is refused here; copies of any other gold row are dropped by the check
`contamination`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.exceptions import UserError
from tutelage.records import Brief, Draft, Example, Order, Reply, Request, Task
from tutelage.synthesis import ordering
from tutelage.synthesis.quotas import quota
from tutelage.synthesis.showing import Showing
from tutelage.synthesis.writer_options import GoldGenOptions
from tutelage.synthesis.writing import Writing


@dataclass(frozen=True)
class GoldGen:
    """A synthesizer that orders texts for labels, with gold rows to go by."""

    task: Task
    options: GoldGenOptions
    writing: Writing
    stages: tuple[str, ...]
    waves: int

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return quota(self.task, brief, self.options.rows, balance=self.options.balance)

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """The orders of one stage; those for texts are what the quota lacks, each with its shots.

        Raises:
            UserError: a label of which there is no gold train row.
        """
        if stage != ordering.TEXTS:
            return ordering.early_orders(stage, self.task, self.options, brief, self.options.rows)
        o = self.options
        orders = ordering.text_orders(self.task, o, brief, self.quota(brief))
        showing = Showing(brief, count=o.shots, choose=o.choose, redraw=o.redraw)
        return [replace(order, shots=self._shots(showing, order)) for order in orders]

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        return self.writing.step(order, replies)

    def _shots(self, showing: Showing, order: Order) -> tuple[Example, ...]:
        shots = showing.next(order.label)
        if not shots:
            raise UserError(
                f"There is no gold train row of the label {order.label} to show."
                if order.label
                else "There are no gold train rows to show.",
                "goldgen shows rows of the label that it writes for.",
                "Give gold.train rows of every label, or use zerogen.",
            )
        return shots


def build(options: GoldGenOptions, *, task: Task, folder: Path = Path()) -> GoldGen:
    """The synthesizer `goldgen`.

    Raises:
        UserError: a task that cannot be written for, or a template that is missing or faulty.
    """
    if task.kind == "span_qa":
        raise UserError(
            "goldgen does not write questions.",
            "Its prompt shows texts of one label, and a question has none.",
            "Use zerogen or extrapolate.",
        )
    askings = ordering.askings(task, options, folder, "write_like.v1")
    writing = Writing(task, options, askings, most_shared=options.most_shared)
    stages = (*ordering.before(task, options), ordering.TEXTS)
    return GoldGen(task, options, writing, stages, options.waves)
