"""Data that comes with Tutelage: `tutelage:tickets/train.jsonl` in a recipe names a file of it.

A recipe that names it works from any folder, also after it was copied and changed.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from tutelage.exceptions import DataError

PREFIX = "tutelage:"


def resolved(path: str, folder: Path) -> Path:
    """Where the file is: in the package, or at `path` from `folder`.

    Raises:
        DataError: the package holds no such file.

    >>> resolved("rows.csv", Path("data")).as_posix()
    'data/rows.csv'
    """
    if not path.startswith(PREFIX):
        return folder / Path(path).expanduser()
    found = Path(str(files("tutelage") / "data" / path.removeprefix(PREFIX)))
    if not found.is_file():
        raise DataError(
            f"Tutelage comes with no file {path.removeprefix(PREFIX)!r}.",
            f"Paths that begin with {PREFIX} are files of the package.",
            f"It holds: {', '.join(bundled()) or 'none'}.",
        )
    return found


def bundled() -> list[str]:
    """Paths of all files that come with Tutelage, as a recipe names them."""
    folder = Path(str(files("tutelage") / "data"))
    found = (path for path in folder.rglob("*") if path.name.endswith((".jsonl", ".jsonl.gz")))
    return sorted(PREFIX + path.relative_to(folder).as_posix() for path in found)
