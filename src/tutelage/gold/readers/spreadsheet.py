"""xlsx, a row at a time (extra `excel`)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tutelage.gold.data_faults import DataFaults
from tutelage.gold.readers.cells import RawRow
from tutelage.gold.readers.openers import missing_extra
from tutelage.plugins import nearest
from tutelage.recipe import SourceSpec


def read_spreadsheet(path: Path, spec: SourceSpec, faults: DataFaults) -> Iterator[RawRow]:
    """Rows of one sheet: the named one, else the first. The first row that holds anything is the
    header; formulas count by the value that was saved with them.
    """
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as e:
        raise missing_extra("openpyxl", "excel", f"Reading {faults.source}") from e
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as e:
        raise faults.fail(
            f"The file cannot be read as xlsx: {e}.", do="Save it again as xlsx."
        ) from e
    try:
        yield from _rows(_sheet(book, spec.sheet, faults), faults)
    finally:
        book.close()


def _sheet(book: Any, name: str | None, faults: DataFaults) -> Any:
    if name is None:
        return book.worksheets[0]
    if name not in book.sheetnames:
        raise faults.fail(
            f"There is no sheet called {name!r}.", do=nearest(name, list(book.sheetnames))
        )
    return book[name]


def _rows(sheet: Any, faults: DataFaults) -> Iterator[RawRow]:
    header: list[str] | None = None
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if all(value is None for value in values):
            continue
        if header is None:
            header = ["" if value is None else str(value).strip() for value in values]
            named = [name for name in header if name]
            if len(set(named)) < len(named):
                raise faults.fail(
                    "The header names a column twice.",
                    line=number,
                    do="Give each column a name of its own.",
                )
            continue
        cells = zip(header, values, strict=False)  # rows end at their last filled cell
        yield RawRow(number, {name: value for name, value in cells if name})
