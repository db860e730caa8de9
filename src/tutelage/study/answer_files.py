"""Files of rows for a student to answer, read by the columns that its run knew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tutelage.exceptions import DataError
from tutelage.gold.columns import Columns, columns_of
from tutelage.gold.gold_rows import RowReader
from tutelage.gold.sources import tables_of
from tutelage.recipe import GoldSpec, SourceSpec
from tutelage.records import Example, Task
from tutelage.study.archive import find_run


def read_questions(
    file: Path, task: Task, run: str | Path
) -> tuple[list[str], list[Mapping[str, str]]]:
    """Ids and texts of the rows of a file.

    Its columns are called as in the run's gold data, or as the task's fields.

    Raises:
        DataError: no such file, a missing column, rows that cannot be read, or one without a text.
    """
    gold = find_run(run).recipe.gold
    mapped = columns_of(gold, task.fields, task.kind, source=gold.train)
    try:
        rows, empty = _read(file, mapped)
    except DataError as first:
        if mapped.fields == {field: field for field in task.fields}:
            raise
        try:
            rows, empty = _read(file, columns_of(GoldSpec(), task.fields, task.kind))
        except DataError:
            raise first from None
    if empty:
        raise DataError(
            f"{file}: {empty} rows have an empty text.",
            "Each row of the file gets one answer, and there is nothing to answer in these.",
            "Fill them or leave them out.",
        )
    return [row.id for row in rows], [row.fields for row in rows]


def _read(file: Path, columns: Columns) -> tuple[list[Example], int]:
    reader = RowReader(columns)
    tables = tables_of(SourceSpec(path=str(file.resolve())), Path.cwd(), role="rows")
    rows = list(reader.unlabelled(reader.raw(tables, answers=False)))
    return rows, reader.empty
