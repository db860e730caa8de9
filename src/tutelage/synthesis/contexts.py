"""What a text is written for or about: the first text of a pair, topics, in a fair rotation.

Every label goes through the same contexts in the same random order, so that a context says nothing
about the label (a student could read it off otherwise), and later waves go on where the earlier
ones ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from tutelage.exceptions import UserError
from tutelage.records import Brief, Example, Order, Task, content_hash
from tutelage.synthesis.copying import bare
from tutelage.synthesis.rationales import begun
from tutelage.synthesis.writer_options import WritingOptions
from tutelage.synthesis.writing import Asking, blank
from tutelage.teacher.templating import load

STAGE = "contexts"
Item = TypeVar("Item")


def stages(task: Task, options: WritingOptions) -> tuple[str, ...]:
    """The stage before the texts in which the teacher writes first texts, where it does."""
    return (STAGE,) if len(task.fields) > 1 and options.context == "written" else ()


def askings(task: Task) -> dict[str, Asking]:
    """How first texts are asked for: by kind of order."""
    return {STAGE: Asking(load("write.v1"), task.fields[:1], material="context")}


def orders(brief: Brief, count: int, per_request: int) -> list[Order]:
    """Orders for `count` first texts; none where an earlier wave has brought them."""
    return [] if of_kind(brief, "context") else lists(STAGE, brief, count, per_request)


def lists(kind: str, brief: Brief, count: int, per_request: int) -> list[Order]:
    """Orders of one prompt that bring `count` materials in lists of `per_request`."""
    sizes = [min(per_request, count - start) for start in range(0, count, per_request)]
    return [
        Order(number, kind, source=blank(brief), count=size)
        for number, size in enumerate(sizes, start=brief.placed)
    ]


def of_kind(brief: Brief, kind: str, label: str | None = None) -> list[str]:
    """Texts of the materials of a kind, each once: for a label, or for no label in particular."""
    found: dict[str, str] = {}
    for material in brief.materials:
        if material.kind == kind and material.label == label:
            found.setdefault(bare(material.text), material.text)
    return list(found.values())


def sources(task: Task, options: WritingOptions, brief: Brief) -> list[Example]:
    """The rows whose first text stands in the orders of this turn, in its random order; none for
    single texts and for pairs written together.

    Span QA lends an answer with each context, so every row counts there; else a first text that
    several rows share counts once.

    Raises:
        UserError: the rows that the option `context` names are missing.
    """
    if len(task.fields) == 1 or options.context == "together":
        return []
    rows = {
        "train": brief.train,
        "unlabelled": brief.unlabelled,
        "written": [Example("", {task.fields[0]: text}) for text in of_kind(brief, "context")],
    }[options.context]
    if task.kind == "span_qa":
        found = [row for row in rows if row.spans]
    else:
        found = list({bare(row.fields.get(task.fields[0], "")): row for row in rows}.values())
    if not found:
        raise UserError(
            f"context: {options.context} brings no text to write for.",
            "The second text of a pair, or a question, is written for a text that stands.",
            "The teacher wrote none that could be read."
            if options.context == "written"
            else f"Give gold.{options.context}, or choose another context.",
        )
    return shuffled(found, brief, lambda row: row.id or row.fields[task.fields[0]])


def source_of(row: Example | None, brief: Brief) -> Example:
    """`row` as the source of an order; one that the teacher wrote lends its texts alone."""
    if row is None:
        return blank(brief)
    return begun(row, brief) if row.id else replace(blank(brief), fields=row.fields)


def shuffled(items: Sequence[Item], brief: Brief, key: Callable[[Item], str]) -> list[Item]:
    """`items` in the random order of this turn, whatever order they come in."""
    return sorted(
        items, key=lambda item: content_hash("context1", [brief.seed, brief.turn, key(item)])
    )


class Rotation(Generic[Item]):
    """Deals the same items to every label, one after the other."""

    def __init__(self, items: Sequence[Item], brief: Brief) -> None:
        self._items = items
        self._start = brief.placed if brief.wave else 0
        self._dealt: Counter[str | None] = Counter()

    def next(self, label: str | None) -> Item | None:
        """The next item for `label`; None where there are no items at all."""
        place = self._start + self._dealt[label]
        self._dealt[label] += 1
        return self._items[place % len(self._items)] if self._items else None
