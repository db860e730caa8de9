"""Records to JSON lines and back, without pickle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

from tutelage.exceptions import DataError
from tutelage.records import content_hash
from tutelage.store.runs import write_whole

R = TypeVar("R")


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """The converter of a record, built once."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def encode(record: Any) -> Any:
    """A frozen record as plain data."""
    return _adapter(type(record)).dump_python(record, mode="json")


def decode(kind: type[R], data: Any) -> R:
    """Plain data as the record it was."""
    record: R = _adapter(kind).validate_python(data)
    return record


def write_records(path: Path, records: Iterable[Any]) -> None:
    """Write records as JSON lines, whole or not at all."""
    write_whole(path, b"".join(orjson.dumps(record) + b"\n" for record in records))


def read_records(path: Path, kind: type[R]) -> list[R]:
    """Read what `write_records` wrote.

    Raises:
        DataError: a line is not such a record; the file was changed by hand or is of a newer
            version.
    """
    adapter = _adapter(kind)
    with path.open("rb") as file:
        try:
            return [adapter.validate_json(line) for line in file]
        except ValueError as e:
            raise DataError(
                f"{path} holds a line that is no {kind.__name__}.",
                str(e).splitlines()[0],
                "Delete the step's folder to run it again; what was bought is in the ledger.",
            ) from e


def rows_fingerprint(records: Sequence[Any]) -> str:
    """Identity of a sequence of records, their order included."""
    return content_hash("rows1", [orjson.dumps(record).hex() for record in records])
