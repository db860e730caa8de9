r"""A whole row as text, and back: what writers of rows are tuned on, and how they are read.

One line for each part, under its heading: the label first, the fields in the task's order, the
target last.

    Label: positive
    Text: A fine film,\nif you ask me.

A text stays on its line: a line break is written `\n`, a carriage return `\r`, a backslash `\\`,
and white space at either end of a text `\u` with its code in four hexadecimal digits. So nothing
inside a text can be taken for a heading, and `parse` gives back exactly what `render` was given.

Reading is strict. A reply that says anything else, or says it in another order, is refused for a
reason that names the line at fault; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations

from tutelage.exceptions import UserError
from tutelage.records import Example, Task
from tutelage.teacher.templating import heading

LABEL = "Label"
TARGET = "Target"
_WRITTEN = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|(.?))", re.DOTALL)
_MEANT = {"\\": "\\", "n": "\n", "r": "\r"}
_SHOWN = 40
"""Characters of a line that a reason quotes."""


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """What a text says of a row."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Text by field, in the task's order."""
    label: str | None = None
    """Name of the label."""
    target: str | None = None
    fault: str = ""
    """Why no row could be read; empty where one was."""


def render(task: Task, row: Example, *, answer: bool = True) -> str:
    r"""`row` as text.

    Args:
        task: Its fields come in its order.
        row: A row with all fields.
        answer: Whether label or target are part of the text; not where they are given, or wanted
            later.

    Raises:
        UserError: headings that cannot be told apart (`headings`), or a row without its answer.

    >>> task = Task("t", "generation", ("concepts",))
    >>> print(render(task, Example("1", {"concepts": "dog run"}, target="A dog\nruns.")))
    Concepts: dog run
    Target: A dog\nruns.
    """
    headings(task, answer=answer)
    parts = {name: row.fields.get(field, "") for name, field in _fields(task).items()}
    first, last = _answer_headings(task) if answer else ("", "")
    if (first and row.label is None) or (last and row.target is None):
        raise UserError(
            f"The row {row.id!r} has no {'label' if first else 'target'}.",
            "Rows are written out with their answer, to be learned from or to be shown.",
            "Use rows of gold train.",
        )
    if first and row.label is not None:
        parts = {first: task.label(row.label).said, **parts}
    if last and row.target is not None:
        parts[last] = row.target
    return "\n".join(line(name, text) for name, text in parts.items())


def line(name: str, text: str) -> str:
    """One part of a row, under its heading."""
    return f"{name}: {_escaped(text)}"


def parse(task: Task, text: str, *, answer: bool = True) -> ParsedRow:
    r"""The row that `text` says, or why it says none.

    White space around the text, and around each part, counts for nothing.

    >>> task = Task("t", "generation", ("concepts",))
    >>> parse(task, "Concepts: dog run\nTarget: A dog\\nruns.").target
    'A dog\nruns.'
    >>> parse(task, "Concepts: dog run").fault
    'Target is missing'
    """
    names = headings(task, answer=answer)
    if not text.strip():
        return ParsedRow(fault="it is empty")
    found: dict[str, str] = {}
    for said in text.strip().split("\n"):
        name = _heading_of(said, names)
        if name is None:
            done = len(found) == len(names)
            where = "text after the end" if done else "a line that begins no field"
            return ParsedRow(fault=f"{where}: {_quoted(said)}")
        if name in found:
            return ParsedRow(fault=f"{name} stands twice")
        found[name] = said[len(name) + 1 :].strip()
    return _checked(task, names, found, answer=answer)


def headings(task: Task, *, answer: bool = True) -> tuple[str, ...]:
    """What stands before the parts of a row of `task`, in their order.

    Raises:
        UserError: two of them cannot be told apart, or the answer of such a task is no label and
            no target.
    """
    first, last = _answer_headings(task) if answer else ("", "")
    names = tuple(name for name in (first, *map(heading, task.fields), last) if name)
    folded = [f"{name.casefold()}:" for name in names]
    for one, other in permutations(folded, 2):
        if one.startswith(other):
            raise UserError(
                f"The fields {', '.join(task.fields)} cannot be written out as lines.",
                f"Lines with {one!r} and {other!r} cannot be told apart, and {LABEL} and {TARGET} "
                "are the answer's.",
                "Give the columns other names under task.fields.",
            )
    return names


def _fields(task: Task) -> dict[str, str]:
    """Field by heading."""
    return {heading(name): name for name in task.fields}


def _answer_headings(task: Task) -> tuple[str, str]:
    """Heading of the label, and of the target: the one that the task has."""
    if task.kind == "generation":
        return "", TARGET
    if task.kind in ("classification", "nli"):
        return LABEL, ""
    raise UserError(
        f"Rows of a {task.kind} task cannot be written out with their answer.",
        "An answer on a line of its own is one label, or a text.",
        "Write their texts alone, and have the teacher answer them (then: annotate).",
    )


def _checked(
    task: Task, names: tuple[str, ...], found: Mapping[str, str], *, answer: bool
) -> ParsedRow:
    """The row of the parts in `found`, where they are all there, in order, and say something."""
    for name in names:
        if name not in found:
            return ParsedRow(fault=f"{name} is missing")
        if not found[name]:
            return ParsedRow(fault=f"{name} is empty")
    if tuple(found) != names:
        wrong = next(a for a, b in zip(found, names, strict=True) if a != b)
        return ParsedRow(fault=f"{wrong} is out of order")
    texts: dict[str, str] = {}
    for name, written in found.items():
        text = _unescaped(written)
        if text is None:
            return ParsedRow(fault=f"{name} has a backslash that means nothing")
        texts[name] = text
    label = None
    if answer and LABEL in texts and task.labels:
        label = _label(task, texts[LABEL])
        if label is None:
            return ParsedRow(fault=f"unknown label: {_quoted(texts[LABEL])}")
    return ParsedRow(
        {field: texts[name] for name, field in _fields(task).items()},
        label,
        texts.get(TARGET) if answer and task.kind == "generation" else None,
    )


def _heading_of(line: str, names: tuple[str, ...]) -> str | None:
    """The heading with which `line` begins, case aside."""
    return next(
        (
            name
            for name in names
            if line[len(name) :].startswith(":") and line[: len(name)].casefold() == name.casefold()
        ),
        None,
    )


def _label(task: Task, words: str) -> str | None:
    """The label that `words` say, as they stand or case aside."""
    for fold in (str, str.casefold):
        for label in task.labels:
            if fold(words) == fold(label.said):
                return label.name
    return None


def _escaped(text: str) -> str:
    """`text` on one line, without white space at its ends."""
    inner = text.strip()
    start = text.find(inner) if inner else len(text)
    before, after = text[:start], text[start + len(inner) :]
    middle = "".join(_WRITTEN.get(char, char) for char in inner)
    return _codes(before) + middle + _codes(after)


def _codes(blank: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in blank)


def _unescaped(written: str) -> str | None:
    """What `written` stands for; None where a backslash means nothing."""
    if any(not code and char not in _MEANT for code, char in _ESCAPE.findall(written)):
        return None

    def meant(found: re.Match[str]) -> str:
        code = found[1]
        return chr(int(code, 16)) if code else _MEANT[found[2]]

    return _ESCAPE.sub(meant, written)


def _quoted(line: str) -> str:
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}...")
