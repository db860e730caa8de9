"""From a source in a recipe to tables that can be read, again and again, a row at a time."""

from __future__ import annotations

import difflib
import glob
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tutelage.bundled import resolved
from tutelage.exceptions import DataError
from tutelage.gold.data_faults import DataFaults
from tutelage.gold.readers.cells import RawRow
from tutelage.gold.readers.delimited import read_delimited
from tutelage.gold.readers.hub import read_hub
from tutelage.gold.readers.jsonfiles import read_json, read_jsonl
from tutelage.gold.readers.openers import kind_of
from tutelage.gold.readers.parquet import read_parquet
from tutelage.gold.readers.spreadsheet import read_spreadsheet
from tutelage.recipe import SourceSpec

FileReader = Callable[[Path, SourceSpec, DataFaults], Iterator[RawRow]]

READERS: Mapping[str, FileReader] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".parquet": read_parquet,
    ".xlsx": read_spreadsheet,
}


@dataclass(frozen=True, slots=True)
class Table:
    """One file, data set or world: a name for messages and a way to read its rows."""

    name: str
    read: Callable[[DataFaults], Iterator[RawRow]]
    """Starts anew at each call; faults of single rows go to the argument."""


def tables_of(
    spec: SourceSpec, folder: Path, *, role: str, seed: int = 0, at: str = ""
) -> list[Table]:
    """The tables behind `spec`, none of them opened yet.

    Args:
        spec: Where the rows come from.
        folder: Folder of the recipe: relative paths start there.
        role: Role to write rows for (worlds only).
        seed: Seed of the rows of a world.
        at: Key of the recipe that names the source; empty where none does.

    Raises:
        DataError: no such file, nothing matches the glob, or a format that is not read.
    """
    if spec.world:
        return [_world(spec, role=role, seed=seed)]
    if spec.hub:
        part = "/".join(filter(None, (spec.data_dir, spec.split)))
        name = f"hub:{spec.hub}" + (f"[{part}]" if part else "")
        return [Table(name, lambda faults: read_hub(spec, folder, faults))]
    return [_file(path, spec, folder) for path in _paths(spec.path, folder, at)]


def _world(spec: SourceSpec, *, role: str, seed: int) -> Table:
    count = spec.rows
    if count is None:
        raise DataError(
            f"The world {spec.world!r} does not say how many rows to write for {role}.",
            do=f"Write {role}: {{world: {spec.world}, rows: 500}}.",
        )

    def read(faults: DataFaults) -> Iterator[RawRow]:
        from tutelage.teacher.worlds import write_gold

        rows = write_gold(spec.world, role, count, seed)
        for number, cells in enumerate(rows, 1):
            yield RawRow(number, cells)

    return Table(f"world:{spec.world}", read)


def _file(path: Path, spec: SourceSpec, folder: Path) -> Table:
    name = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    reader = READERS.get(kind_of(path))
    if reader is None:
        raise DataError(
            f"{name}: files ending in {''.join(path.suffixes[-2:]) or 'nothing'} are not read.",
            do=f"Known: {', '.join(sorted(READERS))}; text files also as .gz and .zst.",
        )
    return Table(name, lambda faults: reader(path, spec, faults))


def _paths(pattern: str, folder: Path, at: str) -> list[Path]:
    path = resolved(pattern, folder)
    if path.is_file():
        return [path]
    if path.is_dir():
        raise DataError(
            f"{pattern} is a folder.", do=f"Name its files, such as {pattern.rstrip('/')}/*.jsonl."
        )
    if glob.has_magic(pattern):
        # Path.glob takes no absolute pattern.
        matches = glob.glob(str(path), recursive=True)  # noqa: PTH207
        found = sorted(p for p in map(Path, matches) if p.is_file())
        if found:
            return found
        raise DataError(
            f"No file matches {pattern}.",
            f"Relative paths start at the recipe's folder, {folder}.",
            "Check the path.",
        )
    raise DataError(
        f"There is no file {pattern}.",
        f"Relative paths start at the recipe's folder, {folder}.",
        _near(path, at),
    )


def _near(path: Path, at: str) -> str:
    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist either: check the path."
    names = sorted(p.name for p in path.parent.iterdir() if kind_of(p) in READERS)
    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    if not at:
        return "Put it there, or name another file."
    return f"Put it there, or name your own: under {at} of the recipe, or as --set {at}=FILE."
