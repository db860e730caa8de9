"""What a teacher learns from gold rows: the very requests that it will be asked, with the answers.

Answering a row (`annotate`) is p(answer | row): the prompt is the annotator's own, without shots,
and what should follow are the answer's words. Writing rows (`generate`) is p(row), p(row, answer)
or p(row | label): the prompt is that of `composing`, and what should follow is the row as lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tutelage.records import Example, Message, Task
from tutelage.teacher.annotator import AnnotatorOptions, ask
from tutelage.teacher.composing import compose
from tutelage.teacher.serialisation import render
from tutelage.teacher.templating import said
from tutelage.teacher.tuned_options import Form


@dataclass(frozen=True, slots=True)
class GoldLesson:
    """What should follow a request."""

    messages: tuple[Message, ...]
    ending: str
    fields: tuple[str, ...] = ()
    """The row's texts, for teachers that read no prompts."""
    label: str | None = None
    """Name of the label that the ending says, where it says one."""
    weight: float = 1.0

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def annotation_lessons(
    task: Task, rows: Sequence[Example], *, template: str
) -> Iterator[GoldLesson]:
    """A lesson for each row's answer. A row with several references gives one for each, and counts
    as one row. Questions without an answer in their context are left out.

    Raises:
        UserError: the template cannot be filled in.
    """
    options = AnnotatorOptions(template=template)
    for row in rows:
        if row.answer is None or row.spans == ():
            continue
        messages = ask(task, _asked(row), options=options).messages
        endings = [said(task, row)]
        if row.target is not None:
            endings = list(dict.fromkeys((row.target, *row.references)))
        for ending in endings:
            yield GoldLesson(
                messages,
                ending,
                tuple(row.fields.get(name, "") for name in task.fields),
                row.label,
                1 / len(endings),
            )


def _asked(row: Example) -> Example:
    """The row without its answer: a template must not see it."""
    return replace(row, label=None, labels=None, target=None, references=(), spans=None)


def generation_lessons(
    task: Task, rows: Sequence[Example], *, template: str, forms: Sequence[Form]
) -> Iterator[GoldLesson]:
    """A lesson for each row and form. Of several references the first is learned.

    Raises:
        UserError: rows of this task cannot be written out in one of the forms.
    """
    for form in forms:
        for row in rows:
            if row.answer is None:
                continue
            label = row.label if form == "label" else None
            answer = form == "answer"
            request = compose(task, label=label, answer=answer, template=template)
            yield GoldLesson(request.messages, render(task, row, answer=answer))


def default_forms(task: Task) -> tuple[Form, ...]:
    """What a teacher of `task` learns to write where the recipe does not say."""
    if task.kind in ("classification", "nli"):
        return ("label",)
    return ("answer",) if task.kind == "generation" else ("texts",)
