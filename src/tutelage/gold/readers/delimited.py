"""csv and tsv: separator found by looking, quoted cells over several lines, ragged rows told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

from tutelage.gold.data_faults import DataFaults
from tutelage.gold.readers.cells import RawRow
from tutelage.gold.readers.openers import find_encoding, open_bytes
from tutelage.recipe import SourceSpec

Quoting = Literal[0, 3]
QUOTES: Quoting = csv.QUOTE_MINIMAL
LETTERS: Quoting = csv.QUOTE_NONE
"""Quotation marks are letters like any other."""
SEPARATORS = (",", ";", "\t", "|")
# Stands in no text file: a file of one column is never split.
_ONE_COLUMN = "\x1f"
_SAMPLE = 1 << 16
_LONGEST_CELL = 2**31 - 1


def read_delimited(path: Path, spec: SourceSpec, faults: DataFaults) -> Iterator[RawRow]:
    """Rows of a csv or tsv file (plain, gz or zst) with a header line."""
    encoding = spec.encoding or find_encoding(path, faults)
    # The default of 128 KiB is short of a long document.
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with open_bytes(path, faults) as raw, _decoded(raw, encoding, faults) as text:
            separator, quoting = _look(text.read(_SAMPLE), spec.delimiter)
        with open_bytes(path, faults) as raw, _decoded(raw, encoding, faults) as text:
            reader = csv.reader(text, delimiter=separator, quoting=quoting, strict=True)
            yield from _rows(reader, faults)
    except UnicodeError as e:
        raise faults.fail(
            f"The text cannot be read as {encoding}.",
            line=_first_unreadable(path, encoding, faults),
            do="Save the file as UTF-8, or name its encoding.",
        ) from e


def _first_unreadable(path: Path, encoding: str, faults: DataFaults) -> int | None:
    """The line to look at; None for encodings whose lines cannot be told before decoding."""
    with open_bytes(path, faults) as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return None if "16" in encoding or "32" in encoding else number
    return None


def _decoded(raw: IO[bytes], encoding: str, faults: DataFaults) -> io.TextIOWrapper:
    try:
        return io.TextIOWrapper(raw, encoding=encoding, newline="")
    except LookupError as e:
        raise faults.fail(
            f"There is no text encoding called {encoding!r}.", do="Try utf-8, cp1252 or latin-1."
        ) from e


def _rows(reader: csv._reader, faults: DataFaults) -> Iterator[RawRow]:  # type: ignore[name-defined]
    header: Sequence[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as e:
            faults.add(
                f"The row cannot be split into cells: {e}.",
                line=line,
                why="A quotation mark opens or closes where it should not.",
                do='Write a quotation mark inside a quoted cell twice: "".',
            )
            continue
        if not any(cells):
            continue
        if header is None:
            header = _header(cells, line, faults)
        elif len(cells) != len(header):
            faults.add(
                f"Cells in the row: {len(cells)}; in the header: {len(header)}.",
                line=line,
                why="A separator inside a text, or a text that was broken over lines.",
                do="Quote such cells, or name the right delimiter.",
            )
        else:
            yield RawRow(line, dict(zip(header, cells, strict=True)))


def _header(cells: Sequence[str], line: int, faults: DataFaults) -> Sequence[str]:
    names = [cell.strip() for cell in cells]
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise faults.fail(
            f"The header names a column twice: {', '.join(repeated)}.",
            line=line,
            do="Give each column a name of its own.",
        )
    return names


def _look(sample: str, given: str | None) -> tuple[str, Quoting]:
    """The separator that cuts the first lines into equally many cells, and whether quotes count.

    Many tab-separated sets (those of GLUE among them) hold bare quotation marks: where reading them
    as quotes gives ragged rows and reading them as letters does not, they are letters.
    """
    best: tuple[float, int, str, Quoting] = (0.0, 0, given or _ONE_COLUMN, QUOTES)
    for separator in [given] if given else SEPARATORS:
        for quoting in (QUOTES, LETTERS):
            if quoting == LETTERS and separator != "\t":
                continue
            even, width = _evenness(sample, separator, quoting)
            if width > 1 and (even, width) > best[:2]:
                best = (even, width, separator, quoting)
    return best[2], best[3]


def _evenness(sample: str, separator: str, quoting: Quoting) -> tuple[float, int]:
    """Share of rows as wide as the header, and that width."""
    lines = io.StringIO(sample, newline="")
    widths: list[int] = []
    try:
        for row in csv.reader(lines, delimiter=separator, quoting=quoting, strict=True):
            if row:
                widths.append(len(row))
    except csv.Error:
        widths.append(0)
    if len(sample) >= _SAMPLE and len(widths) > 1:
        widths.pop()  # cut by the end of the sample
    return (widths.count(widths[0]) / len(widths), widths[0]) if widths else (0.0, 0)
