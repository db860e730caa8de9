"""Files as bytes, plain or compressed, and the text encoding of what they hold."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tutelage.exceptions import DataError
from tutelage.gold.data_faults import DataFaults

_PACKED = (".gz", ".zst")
_CHUNK = 1 << 20


def kind_of(path: Path) -> str:
    """The ending that says how to read `path`, without that of a compression.

    >>> kind_of(Path("a/b.JSONL.gz"))
    '.jsonl'
    """
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def missing_extra(package: str, extra: str, what: str) -> DataError:
    """The error for an optional package that is not installed."""
    return DataError(
        f"{what} needs the package {package}, which is not installed.",
        f"It belongs to the optional extra `{extra}`.",
        f'Run: pip install "tutelage[{extra}]"',
    )


@contextmanager
def open_bytes(path: Path, faults: DataFaults) -> Iterator[IO[bytes]]:
    """Open `path` for reading, unpacking `.gz` and `.zst` on the way.

    Raises:
        DataError: the file cannot be opened, or its compressed content is damaged or cut.
    """
    damaged: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)
    try:
        with path.open("rb") as raw:
            match path.suffix.lower():
                case ".gz":
                    with gzip.GzipFile(fileobj=raw) as unpacked:
                        yield io.BufferedReader(unpacked)
                case ".zst":
                    try:
                        import zstandard
                    except ImportError as e:
                        raise missing_extra("zstandard", "zst", f"Reading {faults.source}") from e
                    damaged += (zstandard.ZstdError,)
                    with zstandard.ZstdDecompressor().stream_reader(
                        raw, read_across_frames=True
                    ) as unpacked:
                        yield io.BufferedReader(unpacked)
                case _:
                    yield raw
    except damaged as e:
        raise faults.fail(f"The file cannot be read: {e}.", do="Fetch or write it again.") from e


def find_encoding(path: Path, faults: DataFaults) -> str:
    """UTF-16 or UTF-8 by byte order mark, UTF-8 where every byte fits, else cp1252.

    The whole file is looked at, a chunk at a time: one stray byte far down decides.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(path, faults) as file:
        chunk = file.read(_CHUNK)
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        marked = chunk.startswith(codecs.BOM_UTF8)
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "utf-8-sig" if marked else "cp1252"
    return "utf-8-sig"
