"""Texts of a user's own, read as a corpus teacher needs them: fields, and labels where known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutelage.exceptions import DataError
from tutelage.plugins import nearest
from tutelage.records import Task
from tutelage.teacher.recordings import Row, fold, read_rows


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """One text, or pair of texts, of a corpus."""

    fields: Mapping[str, str]
    label: str | None = None

    def joined(self, names: Sequence[str]) -> str:
        """The texts of some fields as one."""
        return "\n".join(self.fields[name] for name in names)


def read_corpus(
    path: Path, task: Task, columns: Mapping[str, str], label: str
) -> tuple[CorpusRow, ...]:
    """All rows of `path` with different texts, in their order.

    Args:
        path: A table that `read_rows` can read.
        task: Whose fields, and whose labels, the rows have.
        columns: Column by field, where it is called otherwise.
        label: Column of the label; empty for rows without labels.

    Raises:
        DataError: no such file, a column that is not there, a label that the task does not have,
            or nothing to read.
    """
    if not path.is_file():
        raise DataError(
            f"There is no file {path}.",
            "The corpus teacher answers from its texts.",
            "Check teacher.path.",
        )
    rows = read_rows(path)
    known = tuple(dict.fromkeys(name for row in rows for name in row))
    sources = {name: columns.get(name, name) for name in task.fields}
    for column in filter(None, (*sources.values(), label)):
        if column not in known:
            raise _no_column(path, column, known)
    made: dict[str, CorpusRow] = {}
    for number, row in enumerate(rows, 1):
        one = _row(row, sources, label)
        if one is None:
            continue
        if one.label is not None and one.label not in task.label_names:
            raise _unknown_label(path, number, one.label, task)
        made.setdefault(fold(one.joined(task.fields)), one)
    if not made:
        raise DataError(
            f"{path} holds no row with a text.",
            f"All cells of {', '.join(sources.values())} are empty.",
            "Name the columns that hold the texts: columns: {FIELD: COLUMN}.",
        )
    return tuple(made.values())


def _row(row: Row, sources: Mapping[str, str], label: str) -> CorpusRow | None:
    """The row; None where one of its texts is empty."""
    texts = {name: _cell(row, column) for name, column in sources.items()}
    if not all(texts.values()):
        return None
    return CorpusRow(texts, _cell(row, label) or None if label else None)


def _cell(row: Row, column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value).strip()


def _no_column(path: Path, column: str, known: Sequence[str]) -> DataError:
    return DataError(
        f"{path} has no column {column!r}; it has {', '.join(known) or 'none'}.",
        "The corpus teacher needs a column for each field of the task, and one for the label.",
        f"{nearest(column, tuple(known))} Say which is which: columns: {{FIELD: COLUMN}} and "
        "label: COLUMN, or label: '' where the texts have no labels.",
    )


def _unknown_label(path: Path, number: int, label: str, task: Task) -> DataError:
    return DataError(
        f"{path}, row {number}: unknown label {label!r}.",
        f"The task's labels are {', '.join(task.label_names)}.",
        f"{nearest(label, task.label_names)} Correct the row, or list the label under task.labels.",
    )
