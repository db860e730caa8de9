"""Plain texts of a file, from which a teacher learns the language."""

from __future__ import annotations

from pathlib import Path

from tutelage.exceptions import DataError
from tutelage.plugins import nearest
from tutelage.teacher.recordings import read_rows


def read_texts(path: Path, column: str) -> list[str]:
    """The texts of a table's column, or the lines of a .txt file; empty ones are left out.

    Raises:
        DataError: no such file or column, or nothing to read.
    """
    if not path.is_file():
        raise DataError(
            f"There is no file {path}.",
            "The teacher was to learn from its texts first.",
            "Check the teacher's pretrain.path: it starts at the recipe's folder.",
        )
    texts = _lines(path) if path.suffix.lower() == ".txt" else _cells(path, column)
    if kept := [text for text in texts if text.strip()]:
        return kept
    raise DataError(
        f"{path} holds no text.",
        "All of it is empty.",
        "Name another file or column under the teacher's pretrain.",
    )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as e:
        raise DataError(f"{path} is not UTF-8 text: {e}.", do="Save it as UTF-8.") from e


def _cells(path: Path, column: str) -> list[str]:
    rows = read_rows(path)
    known = tuple(dict.fromkeys(name for row in rows for name in row))
    if rows and column not in known:
        raise DataError(
            f"{path} has no column {column!r}; it has {', '.join(known)}.",
            "The column of the texts to pre-train on was to be called so.",
            f"{nearest(column, known)} Set the teacher's pretrain.column.",
        )
    return ["" if row[column] is None else str(row[column]) for row in rows if column in row]
