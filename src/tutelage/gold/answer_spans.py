"""Answers of extractive questions, in the layouts in which data sets keep them.

| layout | columns |
|---|---|
| SQuAD | `answers: {text: [...], answer_start: [...]}`, or a list of `{text, answer_start}` |
| flat | `answer` with `start` (or `answer_start`), and `end` where it is there |
| text alone | `answer`, or a list of texts in `answers`: found where it stands once |

No answer at all (an empty list, cell or null) says that the question has none (SQuAD 2.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tutelage.gold.readers.cells import NotText, cell_text
from tutelage.records import Span

SNIPPET = 40
"""Characters of an answer that a message shows."""


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """Where the answers of a table stand."""

    start: tuple[str, ...]
    """Columns that may hold the offset of a flat answer: the first that a row has is read."""
    end: str


class WrongAnswer(Exception):
    """An answer that cannot be: what is wrong, and what to do."""

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what, self.do = what, do


@dataclass(frozen=True, slots=True)
class FoundSpans:
    """The answers of one row."""

    spans: tuple[Span, ...]
    mended: bool = False
    """Whether one did not stand at its offset, and was taken from where it stands."""


def read_spans(
    cell: Any, cells: Mapping[str, Any], columns: AnswerColumns, context: str
) -> FoundSpans:
    """The answers that a row gives.

    Args:
        cell: What stands in the column of answers.
        cells: The whole row.
        columns: Where the offsets of a flat answer stand.
        context: The text in which the answers stand.

    Raises:
        WrongAnswer: a text that does not stand where it should, or nowhere, or in several places
            of which none is named; offsets that are no numbers.
    """
    given = _parsed(cell, context)
    found = [_located(text, start, context) for text, start in _pairs(given, cells, columns)]
    distinct = {(span.start, span.end): span for span, _ in found}
    return FoundSpans(tuple(distinct.values()), any(mended for _, mended in found))


def _pairs(
    given: Any, cells: Mapping[str, Any], columns: AnswerColumns
) -> Iterator[tuple[str, int | None]]:
    """Text and offset of each answer."""
    if isinstance(given, Mapping):
        texts = _as_list(given.get("text"))
        starts = _as_list(given.get("answer_start", given.get("start")))
        if starts and len(starts) != len(texts):
            raise WrongAnswer(
                f"The answers hold {len(texts)} texts and {len(starts)} offsets.",
                "Give one answer_start for each text.",
            )
        yield from _texts(texts, starts or [None] * len(texts))
    elif isinstance(given, list):
        for one in given:
            yield from _pairs(one, {}, columns)
    elif (text := _text(given)).strip():
        start = next((cells[name] for name in columns.start if name in cells), None)
        yield text, _at_offset(text, _number(start), _number(cells.get(columns.end)))


def _texts(texts: Sequence[Any], starts: Sequence[Any]) -> Iterator[tuple[str, int | None]]:
    for text, start in zip(texts, starts, strict=True):
        if (written := _text(text)).strip():
            yield written, _number(start)


def _at_offset(text: str, start: int | None, end: int | None) -> int | None:
    """The offset, once it is seen to fit the end that the row gives."""
    if start is not None and end is not None and end - start != len(text):
        raise WrongAnswer(
            f"start {start} and end {end} hold {end - start} characters, and the answer "
            f"{_short(text)} has {len(text)}.",
            "Count in characters from 0, with the end behind the last one, or leave `end` out.",
        )
    return start


def _located(text: str, start: int | None, context: str) -> tuple[Span, bool]:
    """The span of an answer without white space at its ends, and whether it had to be mended."""
    if start is not None and start >= 0 and context.startswith(text, start):
        return _trimmed(text, start), False
    places = occurrences(text.strip(), context)
    if len(places) == 1:
        return _trimmed(text.strip(), places[0]), start is not None
    if start is None:
        what = f"stands {len(places)} times in its context" if places else "is not in its context"
        raise WrongAnswer(
            f"The answer {_short(text)} {what}.",
            "Give its offset in characters in a column `start`."
            if places
            else "An extractive answer must be copied from the context.",
        )
    where = f"{len(places)} times elsewhere" if places else "nowhere in its context"
    raise WrongAnswer(
        f"The answer {_short(text)} does not stand at its offset {start}, and {where}.",
        "Count offsets in characters (not bytes or tokens) from 0, in the context as it is given.",
    )


def occurrences(text: str, context: str) -> list[int]:
    """Where `text` begins in `context`.

    >>> occurrences("ana", "banana")
    [1, 3]
    """
    places = []
    at = context.find(text) if text else -1
    while at >= 0:
        places.append(at)
        at = context.find(text, at + 1)
    return places


def _trimmed(text: str, start: int) -> Span:
    bare = text.strip()
    first = start + len(text) - len(text.lstrip())
    return Span(bare, first, first + len(bare))


def _parsed(cell: Any, context: str) -> Any:
    """The list or mapping that a text spells in JSON; else the cell as it is, such as the answer
    `[1]` of a context in which that stands."""
    if isinstance(cell, str) and cell.lstrip().startswith(("{", "[")) and cell not in context:
        try:
            return orjson.loads(cell)
        except orjson.JSONDecodeError:
            return cell
    return cell


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    try:
        return cell_text(value) or ""
    except NotText as e:
        raise WrongAnswer(f"An answer holds {e}, not a text.", "Write texts.") from e


def _number(value: Any) -> int | None:
    """A whole number; None for an empty cell."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if isinstance(value, bool) or not number.is_integer():
        raise WrongAnswer(f"The offset {value!r} is not a whole number.", "Count characters.")
    return int(number)


def _short(text: str) -> str:
    return repr(text if len(text) <= SNIPPET else text[: SNIPPET - 1] + "…")
