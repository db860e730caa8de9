"""A teacher that answers from a recording: replies bought earlier, or texts that others published.

A recorded run needs no network and no key. The k-th draw of one prompt takes the k-th recorded
reply; a request without a recorded reply fails and says so, and nothing is made up for it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.bundled import resolved
from tutelage.contracts import Desk, Session, Teacher
from tutelage.exceptions import DataError, UserError
from tutelage.plugins import nearest as nearest_name
from tutelage.records import Completion, Example, Reply, Request, Task, Usage
from tutelage.teacher.recordings import (
    Recording,
    RepliesByContent,
    RepliesByPrompt,
    RepliesByRequest,
    Row,
    Shelf,
    digest,
    fold,
    nearest,
    read_rows,
)

log = logging.getLogger(__name__)
_SHOWN = 160
"""Characters of the nearest recorded prompt in an error."""


@dataclass(frozen=True, slots=True)
class RecordedOptions:
    """A teacher that answers from a file."""

    path: str
    """File of requests and replies, or a table, relative to the recipe; `tutelage:` begins the path
    of a file that comes with Tutelage."""
    reply: str = ""
    """Column with the reply, for a table. Empty: a file of requests and replies."""
    prompt: str = ""
    """Column with the whole prompt; `prompt` where there is one and nothing else is said."""
    match: str = ""
    """The whole prompt with `{column}` for a cell: `Explain: {premise} / {hypothesis}`."""
    key: tuple[str, ...] = ()
    """Columns whose cells must all occur in the prompt, such as `[premise, hypothesis]`."""
    prompt_tokens: str = ""
    """Column with the tokens of the prompt."""
    completion_tokens: str = ""
    """Column with the tokens of the reply."""
    usd: str = ""
    """Column with the price of the reply; a recording without one is free."""


def build(options: RecordedOptions, *, task: Task, folder: Path) -> Teacher:
    """The teacher recorded in `options.path`. The file is read when the teacher is opened.

    Args:
        options: Where the replies are and how they are found.
        task: Not used: a recording answers prompts, whatever they are about.
        folder: Folder in which a relative path starts.

    Raises:
        DataError: there is no such file.
        UserError: more than one way, or none, of finding a row of a table by its prompt.
    """
    path = resolved(options.path, folder)
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Its replies were to be the teacher's.")
    ways = [name for name in ("prompt", "match", "key") if getattr(options, name)]
    if len(ways) > 1:
        raise UserError(
            f"The recorded teacher is given {' and '.join(ways)}.",
            "Each is a way to find the row that answers a prompt.",
            "Keep one of them.",
        )
    if ways and not options.reply:
        raise UserError(
            f"The recorded teacher is given {ways[0]} but no reply.",
            do="Name the column that holds the replies: reply: COLUMN.",
        )
    return RecordedTeacher(options, path)


@dataclass(frozen=True, slots=True)
class RecordedTeacher:
    options: RecordedOptions
    path: Path

    @asynccontextmanager
    async def open(
        self, gold: Sequence[Example], *, dev: Sequence[Example] = (), folder: Path | None = None
    ) -> AsyncIterator[Session]:
        shelf = await asyncio.to_thread(open_shelf, self.options, self.path)
        told = digest(self.path, *(str(getattr(self.options, n)) for n in _IDENTITY))
        yield RecordedSession(shelf, f"recorded/{self.path.name.partition('.')[0]}-{told}")


_IDENTITY = ("reply", "prompt", "match", "key")


class RecordedSession:
    """Answers what was recorded; the name changes with the file, so recordings never mix."""

    answers_here = True

    def __init__(self, shelf: Shelf, name: str) -> None:
        self._shelf, self.name = shelf, name

    def resolve(self, request: Request) -> Request:
        return replace(request, model=self.name)

    def bound(self, request: Request) -> Usage:
        reply = self.reply(request)
        return reply.usage if isinstance(reply, Reply) else Usage(requests=1)

    async def answer(self, desk: Desk) -> None:
        asked = missing = 0
        async for request in desk:
            asked += 1
            reply = self.reply(request)
            if isinstance(reply, Reply):
                desk.deliver(reply)
            else:
                missing += 1
                # Looking for the nearest takes a pass over the recording: once is enough to see.
                hint = self._nearest(request) if missing == 1 else f" ({missing} so far)"
                desk.fail(request, reply + hint, maybe_paid=False)
            await asyncio.sleep(0)
        if missing:
            log.warning("%d of %d requests have no reply in %s.", missing, asked, self.name)

    def reply(self, request: Request) -> Reply | str:
        """What was recorded for `request`, or why there is nothing."""
        taken = self._shelf.find(request)
        if not taken:
            return f"no recorded reply for draw {request.draw} of this prompt"
        completions = tuple(each for recording in taken for each in recording.completions)
        usage = sum((recording.usage for recording in taken), Usage())
        return Reply(request.hash, completions, replace(usage, requests=1), self.name)

    def _nearest(self, request: Request) -> str:
        prompt = fold(" ".join(message.content for message in request.messages))
        near = fold(nearest(prompt, self._shelf.prompts()))
        return f"; asked: {_clip(prompt)}; nearest recorded: {_clip(near)}" if near else ""


def open_shelf(options: RecordedOptions, path: Path) -> Shelf:
    """Read a recording.

    Raises:
        DataError: a file that cannot be read, has no reply, or lacks a column.
    """
    rows = read_rows(path)
    if not options.reply:
        return RepliesByRequest.of(rows, str(path))
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    wanted = [options.reply, *options.key, *re.findall(r"\{(\w+)\}", options.match)]
    wanted += [options.prompt, options.prompt_tokens, options.completion_tokens, options.usd]
    for name in filter(None, wanted):
        if name not in columns:
            raise DataError(f"{path} has no column {name!r}.", do=nearest_name(name, columns))
    rows = [row for row in rows if _cell(row, options.reply)]
    if not rows:
        raise DataError(f"{path} holds no reply in its column {options.reply!r}.")
    recordings = [_recording(row, options) for row in rows]
    if options.key:
        keys = [tuple(cell for name in options.key if (cell := _cell(row, name))) for row in rows]
        return RepliesByContent(keys, recordings)
    if options.match:
        return RepliesByPrompt([_filled(options.match, row) for row in rows], recordings)
    name = options.prompt or "prompt"
    if name not in columns:
        raise DataError(
            f"{path} has no column {name!r}.",
            "Its rows cannot be found by the prompts that they answer.",
            "Name a prompt column, a match, or key columns that occur in the prompts.",
        )
    return RepliesByPrompt([_cell(row, name) for row in rows], recordings)


def _recording(row: Row, options: RecordedOptions) -> Recording:
    def number(name: str) -> float:
        cell = _cell(row, name) if name else ""
        try:
            return float(cell or 0)
        except ValueError as e:
            raise DataError(f"The column {name!r} holds {cell!r}.", "It must hold numbers.") from e

    usage = Usage(
        1,
        int(number(options.prompt_tokens)),
        int(number(options.completion_tokens)),
        round(number(options.usd) * 1e9),
    )
    return Recording((Completion(_cell(row, options.reply)),), usage)


def _cell(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _filled(match: str, row: Row) -> str:
    return re.sub(r"\{(\w+)\}", lambda hole: _cell(row, hole[1]), match)


def _clip(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
