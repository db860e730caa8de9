"""The plan that writers share: stages before the texts, and one order after the other for these.

A method's stages are `before(task, options)`, stages of its own, and `texts`. What it orders there
is `early_orders` for the first ones and `text_orders` for the last, to which it adds what makes it
a method: shots, materials, or other rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tutelage.records import Brief, Order, Task
from tutelage.synthesis import attributes, contexts
from tutelage.synthesis.quotas import in_turns, wanted
from tutelage.synthesis.writer_options import AttributesOptions, WritingOptions
from tutelage.synthesis.writing import Asking, written_fields
from tutelage.teacher.templating import load, placed

TEXTS = "texts"
PER_LIST = 20
"""First texts or topics asked for in one reply."""


def before(task: Task, options: WritingOptions) -> tuple[str, ...]:
    """Stages that bring attributes and first texts, where these come from the teacher."""
    return (*attributes.stages(options), *contexts.stages(task, options))


def askings(
    task: Task, options: WritingOptions, folder: Path, template: str = ""
) -> dict[str, Asking]:
    """How the orders of all shared stages are asked for: by kind of order.

    Args:
        task: What is to be learned.
        options: The writer's.
        folder: Where a user's template starts, the recipe's folder.
        template: The method's own for the texts; `write.v1`, or `question.v1` for span QA, where
            empty. The option `template` goes before it.

    Raises:
        UserError: a task that cannot be written for, attributes that cannot be drawn, or a
            template that is missing or faulty.
    """
    attributes.check_given(task, options.attributes)
    plain = "question.v1" if task.kind == "span_qa" else "write.v1"
    name = placed(options.template, folder) if options.template else template or plain
    texts = Asking(load(name), written_fields(task, options))
    return {**attributes.askings(), **contexts.askings(task), TEXTS: texts}


def early_orders(
    stage: str, task: Task, options: WritingOptions, brief: Brief, rows: int
) -> list[Order]:
    """The orders of a stage that `before` named; none for any other.

    Args:
        rows: Rows of the turn: so many first texts are written, if they are, over the labels.
    """
    if stage in attributes.STAGES and isinstance(options.attributes, AttributesOptions):
        return attributes.orders(stage, brief, options.attributes)
    if stage == contexts.STAGE:
        return contexts.orders(brief, -(-rows // max(1, len(task.labels))), PER_LIST)
    return []


def text_orders(
    task: Task, options: WritingOptions, brief: Brief, whole: Mapping[str, int]
) -> list[Order]:
    """Orders for all that a wave wants, the labels in turns, each with its first text (where there
    is one) and attributes.

    Raises:
        UserError: pairs without rows that lend a first text.
    """
    if contexts.stages(task, options) and not contexts.of_kind(brief, "context"):
        return []  # the teacher wrote no first text, or a plan is made before it does
    per_request = options.texts_per_request
    counts = wanted(brief, whole, per_request=per_request)
    lent = contexts.Rotation(contexts.sources(task, options, brief), brief)
    lots = attributes.Lots(brief, options)
    return [
        Order(
            number,
            TEXTS,
            label,
            contexts.source_of(lent.next(label), brief),
            attributes=lots.draw(label, number),
            count=count,
        )
        for number, (label, count) in enumerate(
            in_turns(counts, per_request=per_request), start=brief.placed
        )
    ]
