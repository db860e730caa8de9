"""json (a list, or an object with one list) and json lines."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tutelage.gold.data_faults import DataFaults
from tutelage.gold.readers.cells import RawRow
from tutelage.gold.readers.openers import open_bytes
from tutelage.recipe import SourceSpec


def read_jsonl(path: Path, spec: SourceSpec, faults: DataFaults) -> Iterator[RawRow]:
    """Rows of a json lines file (plain, gz or zst); blank lines are passed over."""
    with open_bytes(path, faults) as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if not line.strip():
                continue
            try:
                row = _parse(line)
            except ValueError as e:
                faults.add(_broken(e, line), line=number, do=_REPAIR)
                continue
            if isinstance(row, dict):
                yield RawRow(number, row)
            else:
                faults.add(
                    f"The line holds a {type(row).__name__}, not an object of columns.",
                    line=number,
                    do='Write one object a line, such as {"text": "...", "label": "..."}.',
                )


def read_json(path: Path, spec: SourceSpec, faults: DataFaults) -> Iterator[RawRow]:
    """Rows of a json file (plain, gz or zst). It is read whole: use json lines for millions."""
    with open_bytes(path, faults) as file:
        body = file.read().removeprefix(codecs.BOM_UTF8)
    if not body.strip():
        return
    try:
        rows = _rows_of(_parse(body), faults)
    except ValueError as e:
        line = getattr(e, "lineno", None)
        raise faults.fail(_broken(e, body), line=line, do=_REPAIR) from e
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            yield RawRow(number, row)
        else:
            faults.add(
                f"The row is a {type(row).__name__}, not an object of columns.",
                line=number,
                do='Write rows as {"text": "...", "label": "..."}.',
            )


_REPAIR = "Repair or delete the line."


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Python itself writes NaN, which is no JSON: an empty cell, not a broken line.
        text = body.decode("utf-8")
        try:
            found = json.loads(text)
            json.dumps(found, ensure_ascii=False).encode("utf-8")  # no half of a surrogate pair
        except RecursionError as e:
            raise ValueError("nested too deeply") from e
        return found


def _broken(error: ValueError, body: bytes) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"Byte 0x{error.object[error.start]:02x} is not UTF-8."
    if isinstance(error, json.JSONDecodeError):
        return f"Broken JSON: {error.msg} at column {error.colno}."
    return f"Broken JSON: {error}."


def _rows_of(content: Any, faults: DataFaults) -> list[Any]:
    if isinstance(content, list):
        return content
    columns = content.items() if isinstance(content, dict) else ()
    lists = {k: v for k, v in columns if isinstance(v, list)}
    if len(lists) == 1:
        return next(iter(lists.values()))
    found = f"has {len(lists)} lists ({', '.join(lists)})" if lists else "holds no list of rows"
    raise faults.fail(
        f"The file {found}.",
        why="A json file is a list of rows, or an object in which one key holds that list.",
        do="Keep one list, or write json lines.",
    )
