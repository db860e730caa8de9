"""Prompts are files with a version; gold text enters them as data and is never executed.

A template is a jinja2 file with a block `user` and, where wanted, a block `system`; a file without
blocks is the user message as a whole. White space inside the blocks is sent exactly as it stands.
A shipped template is never edited: a later version is a new file, `NAME.v2.jinja`, beside the old.

Every template sees the same variables, listed in `VARIABLES`; a misspelt one is found when the
template is read, before anything is bought.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.environment import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tutelage.exceptions import UserError
from tutelage.plugins import nearest
from tutelage.records import Example, Message, Task

VARIABLES: Mapping[str, str] = {
    "instruction": "what the task is",
    "labels": "all labels, each with name, words and guideline",
    "several": "true where several labels may apply to one row",
    "fields": "the row's fields in the task's order, each with name, heading and text",
    "texts": "the row's texts in the task's order: texts[0], texts[1]",
    "row": 'the row\'s texts by field name: row.premise, or row["premise"]',
    "answer": "the row's gold answer in words; empty for unlabelled rows",
    "guidelines": "guidelines of the row's gold labels",
    "relation": "NLI: entails, is neutral to, contradicts",
    "rationale": "annotators: none, before or after",
    "abstain": "annotators: whether the teacher may answer unsure",
    "shots": "annotators and writers: examples, each with fields, answer and rationale; writers of "
    "whole rows: also with lines, the example in the form of the reply",
    "label": "writers: the label to write for, with name, words and guideline; empty without one",
    "given": "writers: fields that stand already, each with name, heading and text",
    "wanted": "writers: what to write, in words, such as `a text` or `a hypothesis`",
    "keys": "writers: names of the fields to write, as a list in words",
    "single": "writers: whether one field is to be written",
    "count": "writers: how many examples to write in one reply",
    "reasons": "writers: materials of earlier stages to build on",
    "attributes": "writers: requirements, each with name and value",
    "fault": "writers: why the last reply could not be read, for the one correction turn",
}
"""What a template may use, by name."""

_FOREIGN = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@dataclass(frozen=True)
class Prompt:
    """A template that was read and checked."""

    name: str
    """Shipped name with version, such as `five_w.v1`, or the path of a user's file."""
    hash: str
    """SHA-256 of the template's text, in hexadecimal."""
    template: Template

    def messages(self, variables: Mapping[str, Any]) -> tuple[Message, ...]:
        """Fill the template in.

        Raises:
            UserError: the template fails on these variables, such as texts[1] of a row with one
                field.
        """
        try:
            context = self.template.new_context(dict(variables))
            blocks = self.template.blocks
            if not blocks:
                return (Message("user", self.template.render(context.get_all())),)
            return tuple(
                Message(role, text)
                for role in ("system", "user")
                if role in blocks and (text := "".join(blocks[role](context)))
            )
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as e:
            raise UserError(
                f"The template {self.name} cannot be filled in: {e}",
                "It was read without a fault, but fails on a row.",
                f"It may use: {', '.join(VARIABLES)}.",
            ) from e


def placed(name_or_path: str, folder: Path) -> str:
    """The same with the path of a user's own template starting at `folder`, the recipe's."""
    return name_or_path if name_or_path in shipped() else str(folder / name_or_path)


def load(name_or_path: str) -> Prompt:
    """The shipped template of that name, or the user's file at that path.

    Raises:
        UserError: there is no such template or file, or it is faulty; the message carries file
            and line.

    >>> load("five_w.v1").name
    'five_w.v1'
    """
    known = shipped()
    if name_or_path in known:
        return _parse(name_or_path, _shipped_text(name_or_path))
    path = Path(name_or_path)
    if not path.is_file():
        raise UserError(
            f"There is no template {name_or_path!r}.",
            "It is neither a file nor the name of a shipped template.",
            nearest(name_or_path, known),
        )
    try:
        return _parse(name_or_path, path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as e:
        raise UserError(
            f"The template {path} is not UTF-8 text: {e}.", do="Save it as UTF-8."
        ) from e


@cache
def _shipped_text(name: str) -> str:
    return files("tutelage.teacher").joinpath(f"templates/{name}.jinja").read_text("utf-8")


@cache
def shipped() -> tuple[str, ...]:
    """Names of the templates that come with Tutelage, with their versions."""
    folder = files("tutelage.teacher").joinpath("templates")
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".jinja") for n in found if n.endswith(".jinja")))


def variables(task: Task, row: Example) -> dict[str, Any]:
    """What templates may say about a task and one of its rows, as plain data."""
    fields = shown(task, row)
    return {
        "instruction": task.instruction,
        "labels": [
            {"name": label.name, "words": label.said, "guideline": label.guideline}
            for label in task.labels
        ],
        "several": task.kind == "multi_label",
        "fields": fields,
        "texts": [field["text"] for field in fields],
        "row": dict(row.fields),
        "answer": said(task, row),
        "guidelines": [
            label.guideline
            for label in task.labels
            if label.guideline and label.name in _labels_of(row)
        ],
    }


def shown(task: Task, row: Example) -> list[dict[str, str]]:
    """The row's fields in the task's order, each with name, heading and text."""
    return [
        {"name": name, "heading": heading(name), "text": row.fields.get(name, "")}
        for name in task.fields
    ]


def heading(field: str) -> str:
    """How a field's name is written before its text.

    >>> heading("news_title")
    'News title'
    """
    words = field.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def said(task: Task, row: Example) -> str:
    """The row's answer in the words of the task; empty where it has none.

    Several labels are joined by commas; a multi-label row to which none applies says `none`.
    """
    if row.labels is not None and not row.labels:
        return "none"
    if names := _labels_of(row):
        return ", ".join(task.label(name).said for name in names)
    if row.spans is not None:
        return row.spans[0].text if row.spans else "none"
    return row.target or ""


def _labels_of(row: Example) -> Sequence[str]:
    if row.labels is not None:
        return row.labels
    return () if row.label is None else (row.label,)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False
    )


@lru_cache(maxsize=64)
def _parse(name: str, text: str) -> Prompt:
    try:
        tree = _environment().parse(text)
        _check(name, tree)
        template = _environment().from_string(text)
    except TemplateSyntaxError as e:
        raise _fault(name, e.lineno, e.message or "not a jinja2 template") from e
    return Prompt(name, hashlib.sha256(text.encode()).hexdigest(), template)


def _check(name: str, tree: nodes.Template) -> None:
    """Refuse what a prompt cannot be: unknown variables and blocks, parts of other files."""
    unknown = meta.find_undeclared_variables(tree) - VARIABLES.keys()
    for use in tree.find_all(nodes.Name):
        if use.name in unknown:
            raise _fault(name, use.lineno, f"unknown variable {use.name!r}", use.name)
    for part in tree.find_all(_FOREIGN):
        raise _fault(name, part.lineno, "a prompt cannot include or extend another file")
    blocks = {block.name: block for block in tree.find_all(nodes.Block)}
    for block in blocks.values():
        if block.name not in ("system", "user"):
            raise _fault(name, block.lineno, f"unknown block {block.name!r}; use system and user")
    if blocks and "user" not in blocks:
        raise _fault(name, 1, "there is a block system but no block user")


def _fault(name: str, line: int, what: str, word: str = "") -> UserError:
    known = tuple(VARIABLES)
    hint = nearest(word, known) if word else ""
    listed = "" if hint.startswith("Known") else f"A template may use: {', '.join(known)}."
    return UserError(
        f"{name}:{line}: {what}.", "The template cannot be used.", f"{hint} {listed}".strip()
    )
