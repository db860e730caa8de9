"""How a teacher is asked for a whole new row, in the form of `serialisation`.

Three things can be wanted: texts for a label that the prompt names (`label`); texts and their
answer together (`answer`: label and texts jointly, or texts and target); texts alone, for no
answer in particular. A teacher that is tuned to write learns from these same requests, with
`render(task, row, answer=answer)` of a gold row as the reply.
"""

from __future__ import annotations

from collections.abc import Sequence

from tutelage.records import Example, Gist, Request, Sampling, Task
from tutelage.teacher.serialisation import LABEL, TARGET, headings, render
from tutelage.teacher.templating import load, said, shown, variables

COMPOSE_PROMPT = "compose.v1"


def compose(
    task: Task,
    *,
    label: str | None = None,
    answer: bool = False,
    shots: Sequence[Example] = (),
    template: str = COMPOSE_PROMPT,
    sampling: Sampling | None = None,
) -> Request:
    """What to send to get one new row of `task`.

    Args:
        task: Any kind of task without `answer`; else classification, NLI or generation.
        label: Name of the label to write for; none with `answer`.
        answer: Whether the reply holds label or target as well.
        shots: Rows to show, with their answers where one is named or wanted.
        template: Shipped template, or path of the user's own.
        sampling: How the reply is drawn.

    Raises:
        UserError: a task whose rows cannot be written out, or a template that is missing or faulty.

    >>> task = Task("t", "generation", ("concepts",))
    >>> compose(task, answer=True).messages[0].content
    'Write an example: concepts, target.\\n'
    """
    wanted = headings(task, answer=answer)
    asked = None if label is None else task.label(label)
    told = answer or label is not None
    given = {
        **variables(task, Example("", {})),
        "label": asked and {"name": asked.name, "words": asked.said, "guideline": asked.guideline},
        "wanted": ", ".join(name[:1].lower() + name[1:] for name in wanted),
        "count": 1,
        "single": len(wanted) == 1,
        "shots": [
            {
                "fields": shown(task, row),
                "answer": said(task, row),
                "rationale": row.rationale or "",
                "lines": render(task, row, answer=told),
            }
            for row in shots
        ],
    }
    parts = task.fields
    if answer:
        parts = (*parts, TARGET) if task.kind == "generation" else (LABEL, *parts)
    gist = Gist("text", label, wanted=parts, shots=len(shots), lines=True)
    return Request(load(template).messages(given), sampling or Sampling(), gist=gist)
