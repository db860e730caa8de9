"""Recorded replies on disk, and finding the right ones for a request fast.

Two kinds of files are read:

*Replies*, JSON lines as `tutelage ledger` exports them, one object for each reply:

    {"request": "request1-...", "model": "api.openai.com/gpt-4o-mini",
     "messages": [["user", "..."]], "purchase": 0, "draw": 0,
     "completions": [{"text": "...", "finish": "stop"}],
     "usage": {"prompt_tokens": 310, "completion_tokens": 64, "nanousd": 84900}}

`request` or `messages` (also as `{"role": ..., "content": ...}`) must be there, and `completions`;
the rest may be left out. A reply answers the request with its hash, else, in order of purchase and
draw, the requests with its messages.

*Tables* (csv, tsv, json, jsonl, parquet; text files also as .gz) with the reply in a column. A row
answers the requests whose prompt is its `prompt` cell, or in which all of its key cells occur.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, cast

import orjson

from tutelage.exceptions import DataError
from tutelage.records import Completion, Message, Request, TokenScore, Usage

Row = Mapping[str, Any]
_GRAM = 3
"""Words of an anchor, by which the rows that may stand in a prompt are found."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded reply."""

    completions: tuple[Completion, ...]
    usage: Usage
    purchase: int = 0
    draw: int = 0


class Shelf(Protocol):
    """Recordings that can be found by request."""

    def find(self, request: Request) -> Sequence[Recording]:
        """The recordings that make up the reply to this draw; empty where they were not made."""
        ...

    def prompts(self) -> Iterable[str]:
        """What is recorded, to show the nearest."""
        ...


# --- reading --------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[Row]:
    """All rows of a table or a file of replies.

    Raises:
        DataError: no such file, a kind that is not read, or a line that is not what it should be.
    """
    kinds = [suffix.lower() for suffix in path.suffixes[-2:]]
    packed = kinds[-1:] == [".gz"]
    kind = "".join(kinds[-2:-1] if packed else kinds[-1:])
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Its replies were to be the teacher's.")
    if kind == ".parquet":
        return _read_parquet(path)
    try:
        content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
        if kind in (".jsonl", ".ndjson"):
            return list(_json_lines(content, path))
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as e:
        raise DataError(f"{path} cannot be read: {e}.", do="Save it as UTF-8 text.") from e
    if kind == ".json":
        return _json_list(text, path)
    if kind in (".csv", ".tsv"):
        return _read_csv(text, path, "\t" if kind == ".tsv" else ",")
    raise DataError(
        f"{path}: files ending in {kind or 'nothing'} are not read as recorded replies.",
        do="Known: .csv, .tsv, .json, .jsonl (also .gz) and .parquet.",
    )


def _read_csv(text: str, path: Path, delimiter: str) -> list[Row]:
    # A reply may span lines, so the reader must see line ends as they are.
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as e:
        raise DataError(f"{path}:{reader.line_num} is not csv: {e}.") from e


def _read_parquet(path: Path) -> list[Row]:
    # pyarrow takes longer to import than the rest of Tutelage, and few recordings need it.
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import read_table

    try:
        return cast(list[Row], read_table(path).to_pylist())
    except ArrowInvalid as e:
        raise DataError(f"{path} is not a parquet file: {e}") from e


def _json_lines(content: bytes, path: Path) -> Iterator[Row]:
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield _object(line, f"{path}:{number}")


def _object(line: bytes, place: str) -> Row:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as e:
        raise DataError(f"{place} is not JSON: {e}.", "Each line must hold one object.") from e
    if not isinstance(row, dict):
        raise DataError(f"{place} holds no object.", "Each line must hold one object.")
    return row


def _json_list(text: str, path: Path) -> list[Row]:
    try:
        rows = orjson.loads(text)
    except orjson.JSONDecodeError as e:
        raise DataError(f"{path} is not JSON: {e}.") from e
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path} does not hold a list of objects.", do="Save it as JSON lines.")
    return rows


# --- replies by request ---------------------------------------------------------------------------


@dataclass
class RepliesByRequest:
    """Replies of an exported ledger: found by hash, else by messages."""

    by_hash: dict[str, Recording] = field(default_factory=dict)
    by_messages: dict[str, list[Recording]] = field(default_factory=lambda: defaultdict(list))
    models: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Iterable[Row], source: str) -> RepliesByRequest:
        shelf = cls()
        for number, row in enumerate(rows, 1):
            try:
                shelf._put(row)
            except (KeyError, TypeError, ValueError, AttributeError) as e:
                raise DataError(
                    f"{source}: reply {number} cannot be read: {e!r}.",
                    "It needs completions, and a request hash or messages.",
                    "For a table, name the column with the replies: reply: COLUMN.",
                ) from e
        for recordings in shelf.by_messages.values():
            recordings.sort(key=lambda recording: (recording.purchase, recording.draw))
        return shelf

    def _put(self, row: Row) -> None:
        completions = tuple(_completion(each) for each in row["completions"])
        given = row.get("usage") or {}
        counts = [int(given.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
        usage = Usage(1, counts[0], counts[1], int(given.get("nanousd") or 0))
        recording = Recording(
            completions, usage, int(row.get("purchase") or 0), int(row.get("draw") or 0)
        )
        if not row.get("request") and not row.get("messages"):
            raise ValueError("neither request nor messages")
        if row.get("request"):
            self.by_hash[row["request"]] = recording
            self.models.add(row.get("model") or "")
        if row.get("messages"):
            messages = [_message(each) for each in row["messages"]]
            self.by_messages[_spoken(messages)].append(recording)

    def find(self, request: Request) -> Sequence[Recording]:
        for model in sorted(self.models):
            if found := self.by_hash.get(replace(request, model=model).hash):
                return [found]
        spoken = self.by_messages.get(_spoken(request.messages), [])
        wanted = (request.purchase, request.draw)
        exact = [each for each in spoken if (each.purchase, each.draw) == wanted]
        return exact[:1] or take(spoken, request)

    def prompts(self) -> Iterable[str]:
        return self.by_messages


def _completion(row: Mapping[str, Any]) -> Completion:
    tokens = row.get("tokens")
    scores = tokens and tuple(
        TokenScore(each["token"], float(each["logprob"]), each.get("top") or {}) for each in tokens
    )
    return Completion(str(row["text"]), row.get("finish") or "stop", scores)


def _message(row: Any) -> Message:
    role, content = (row["role"], row["content"]) if isinstance(row, dict) else row
    return Message(role, content)


def _spoken(messages: Iterable[Message]) -> str:
    return "\n\n".join(f"{message.role}: {message.content}" for message in messages)


# --- replies by prompt ----------------------------------------------------------------------------


class RepliesByPrompt:
    """Replies whose whole prompt is known: the last message or all of them, white space folded."""

    def __init__(self, prompts: Iterable[str], recordings: Iterable[Recording]) -> None:
        self._found: dict[str, list[Recording]] = defaultdict(list)
        for prompt, recording in zip(prompts, recordings, strict=True):
            self._found[fold(prompt)].append(recording)

    def find(self, request: Request) -> Sequence[Recording]:
        last = fold(request.messages[-1].content)
        found = self._found.get(last) or self._found.get(fold(_asked(request))) or ()
        return take(found, request)

    def prompts(self) -> Iterable[str]:
        return self._found


# --- replies by what stands in the prompt ---------------------------------------------------------

Key = tuple[str, ...]


class RepliesByContent:
    """Replies of rows whose key cells all occur in the prompt, word for word.

    Each key is filed under its rarest run of three words, so that a prompt is compared only with
    the few rows that one of its own runs brings up. Where several keys occur in a prompt, the one
    that ends last is meant (earlier ones are examples), and of those the longest.
    """

    def __init__(self, keys: Sequence[Key], recordings: Iterable[Recording]) -> None:
        self._found: dict[Key, list[Recording]] = defaultdict(list)
        for key, recording in zip(keys, recordings, strict=True):
            self._found[tuple(fold(cell) for cell in key)].append(recording)
        grams = {key: [gram for cell in key for gram in _grams(cell)] for key in self._found}
        counts = Counter(gram for each in grams.values() for gram in each)
        self._anchored: dict[Key, list[Key]] = defaultdict(list)
        for key, each in grams.items():
            self._anchored[min(each, key=lambda gram: (-len(gram), counts[gram], gram))].append(key)

    def find(self, request: Request) -> Sequence[Recording]:
        prompt = fold(_asked(request))
        words = _words(prompt)
        best: tuple[int, int, Key] | None = None
        runs = (run for size in range(1, _GRAM + 1) for run in _runs(words, size))
        for key in {key for run in (*runs, ()) for key in self._anchored.get(run, ())}:
            ends = [prompt.rfind(cell) + len(cell) for cell in key]
            if all(cell in prompt for cell in key):
                best = max(best or (0, 0, key), (max(ends), sum(map(len, key)), key))
        return take(self._found[best[2]], request) if best else ()

    def prompts(self) -> Iterable[str]:
        return (" ".join(key) for key in self._found)


def _grams(cell: str) -> list[Key]:
    words = _words(cell)
    return list(_runs(words, min(_GRAM, len(words)))) or [()]  # () stands in every prompt.


def _runs(words: Sequence[str], size: int) -> Iterator[Key]:
    return zip(*(islice(words, start, None) for start in range(size)), strict=False)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


# --- words shared by all --------------------------------------------------------------------------


def take(recordings: Sequence[Recording], request: Request) -> Sequence[Recording]:
    """The recordings of one draw out of those of a prompt; none where there are too few.

    Recordings of one completion are put together where the request wants several at once.
    """
    count = request.sampling.n
    if recordings and len(recordings[0].completions) > 1:
        count = 1
    taken = recordings[request.draw * count : (request.draw + 1) * count]
    return taken if len(taken) == count else ()


def fold(text: str) -> str:
    """`text` with every run of white space as one blank.

    >>> fold(" a\\n\\n b ")
    'a b'
    """
    return " ".join(text.split())


def nearest(prompt: str, known: Iterable[str]) -> str:
    """The known prompt that shares most of its words with `prompt`; empty where none is known."""
    words = set(_words(prompt))

    def likeness(other: str) -> float:
        theirs = set(_words(other))
        return len(words & theirs) / (len(words | theirs) or 1)

    return max(known, key=likeness, default="")


def digest(path: Path, *told: str) -> str:
    """Eight hexadecimal digits that name the content of a file and how it is read."""
    content = hashlib.blake2b(path.read_bytes(), digest_size=16)
    for each in told:
        content.update(f"\x1f{each}".encode())
    return content.hexdigest()[:8]


def _asked(request: Request) -> str:
    return "\n\n".join(message.content for message in request.messages)
