"""Which column of the user's data is which part of a row."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tutelage.exceptions import UserError
from tutelage.gold.answer_spans import AnswerColumns
from tutelage.gold.data_faults import DataFaults
from tutelage.plugins import nearest
from tutelage.recipe import GoldSpec, SourceSpec
from tutelage.records import TaskKind

PARTS: Mapping[TaskKind, tuple[str, ...]] = {
    "span_qa": ("answers", "answer", "start", "end"),
    "generation": ("target", "references"),
}
"""Parts of a row that tell its answer; `label` and `labels` for all other kinds."""
DEFAULT_ANSWERS: Mapping[TaskKind, tuple[str, ...]] = {
    "multi_label": ("labels", "label"),
    "span_qa": ("answers", "answer"),
    "generation": ("target", "references"),
}
"""Columns that may hold the answer, the first one first; `label` for all other kinds."""


@dataclass(frozen=True)
class Columns:
    """Column by part of a row."""

    fields: Mapping[str, str]
    """Column by text field, in the order of the task."""
    labels: tuple[str, ...]
    """Columns that may hold the answer: the first that a table has is read."""
    id: str
    rationale: str | None
    """None where rationales are not read."""
    tags: Mapping[str, str]
    """Column by tag."""
    needed: frozenset[str]
    """Columns that the recipe names itself: they must be there, even the optional parts."""
    offsets: AnswerColumns
    """Where the place of a flat answer stands (span QA)."""
    targets: tuple[str, str] | None = None
    """Columns of one wanted text and of several (generation): there, fields may be lists."""
    label_names: Mapping[str, str] = field(default_factory=dict)
    """Label by what stands for it in the data, where that is not its name."""
    source: str = ""
    """The rows as the recipe names them, where they may have columns of their own:
    `gold.test: {path: test.csv, columns: `."""

    def label(self, cells: Mapping[str, Any]) -> str | None:
        """The column of `cells` that holds the answer."""
        return next((column for column in self.labels if column in cells), None)

    def check(self, cells: Mapping[str, Any], faults: DataFaults, *, answers: bool) -> None:
        """Look for all columns in the first row of a table.

        Args:
            cells: The first row.
            faults: Where to tell what is missing.
            answers: Whether the rows must have an answer (all roles but unlabelled).

        Raises:
            DataError: a column is missing; the message names the nearest and lists all.
        """
        absent = {
            column: f"text field {field!r}"
            for field, column in self.fields.items()
            if column not in cells
        }
        if answers and self.label(cells) is None:
            absent |= self._answer_part()
        if answers:
            optional = {self.id: "id"}
            if self.rationale is not None:
                optional[self.rationale] = "rationale"
            optional |= {column: f"tag {tag!r}" for tag, column in self.tags.items()}
            absent |= {c: o for c, o in optional.items() if c in self.needed and c not in cells}
        if not absent:
            return
        have = [column for column in cells if column]
        free = [column for column in have if column not in self.fields.values()]
        for column, part in absent.items():
            key = part_key(part)
            near = [key] if key in free else difflib.get_close_matches(column, free, n=1)
            mapping = f"{{{key}: {near[0] if near else 'COLUMN'}}}"
            faults.add(
                f"There is no column {column!r} for the {part}."
                + (f" Did you mean {near[0]!r}?" if near else ""),
                why=f"Its columns are: {', '.join(have)}.",
                do=f"Map it for these rows: {self.source}{mapping}}}."
                if self.source
                else f"Map it under gold.columns, such as {mapping}.",
            )
        faults.settle()

    def _answer_part(self) -> dict[str, str]:
        """The column that a table without an answer lacks, and how messages call it."""
        if self.targets is not None:
            return {self.targets[0]: "target"}
        return {self.labels[-1]: "label" if self.labels[-1] != "answer" else "answer"}


def part_key(part: str) -> str:
    """The key under `gold.columns` for a part as messages call it."""
    return part.split("'")[1] if "'" in part else part


def columns_of(
    gold: GoldSpec,
    fields: Sequence[str],
    kind: TaskKind,
    *,
    source: SourceSpec | None = None,
    at: str = "gold.train",
) -> Columns:
    """Read the column mapping of a recipe.

    Args:
        gold: The mapping of all rows.
        fields: Text fields of the task.
        kind: The task's.
        source: Rows that may have columns of their own.
        at: Where the recipe names them.

    Raises:
        UserError: a key that is no part of a row, or two fields read from one column.
    """
    own = dict(source.columns) if source is not None else {}
    where = f"{at}.columns" if own else "gold.columns"
    given = {**gold.columns, **own}
    mapped = {part: column for part, column in given.items() if column is not None}
    tags = (*gold.tags, *([gold.carve.by] if _is_tag(gold.carve.by, fields, gold.tags) else ()))
    known = PARTS.get(kind, ("label", "labels"))
    parts = (*fields, *known, "id", "rationale", *tags)
    for key in given:
        if key not in parts:
            place = where if key in own else "gold.columns"
            raise UserError(f"{place} maps {key!r}, which no row has.", do=nearest(key, parts))
    texts = {field: mapped.get(field, field) for field in fields}
    if len(set(texts.values())) < len(texts):
        raise UserError(
            f"{where} reads two fields from one column: {_pairs(texts)}.",
            do="Map each text field to a column of its own.",
        )
    default = DEFAULT_ANSWERS.get(kind, ("label",))
    answers = [mapped[key] for key in (*default, "labels", "label") if key in mapped]
    targets = None
    if kind == "generation":
        targets = (mapped.get("target", "target"), mapped.get("references", "references"))
        answers = list(targets)
    return Columns(
        fields=texts,
        labels=tuple(answers) or default,
        id=mapped.get("id", "id"),
        rationale=given.get("rationale", "rationale"),
        tags={tag: mapped.get(tag, tag) for tag in tags},
        needed=frozenset(mapped.values()) | {mapped.get(tag, tag) for tag in tags},
        offsets=AnswerColumns(
            (mapped["start"],) if "start" in mapped else ("start", "answer_start"),
            mapped.get("end", "end"),
        ),
        targets=targets,
        label_names=gold.label_names,
        source=_named(source, at) if source is not None and at != "gold.train" else "",
    )


def _named(source: SourceSpec, at: str) -> str:
    """The beginning of what a recipe says of rows with columns of their own."""
    kind = next(kind for kind in ("path", "hub", "world") if getattr(source, kind))
    return f"{at}: {{{kind}: {getattr(source, kind)}, columns: "


def _is_tag(by: str, fields: Sequence[str], tags: Iterable[str]) -> bool:
    return bool(by) and by not in fields and by not in tags


def _pairs(texts: Mapping[str, str]) -> str:
    return ", ".join(f"{field}: {column}" for field, column in texts.items())
