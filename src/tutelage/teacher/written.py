"""Reads the texts that a writer asked for out of a reply, and invents none.

One text alone is the reply itself. Several texts, or several fields, come as JSON: whole, in a
fence, amid chatter, with a comma too many, or cut off in the middle, where the items before the cut
still count. A numbered list, and lines that begin with the names of the fields, are read as well.
What cannot be read is a fault in words, which the one correction turn tells the teacher.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutelage.teacher.cleaning import strip_fences, strip_thinking
from tutelage.teacher.templating import heading


@dataclass(frozen=True, slots=True)
class Written:
    """What was read out of a reply."""

    texts: tuple[Mapping[str, str], ...] = ()
    """Text by field, one mapping for each text wanted, in the order of the reply."""
    fault: str = ""
    """Why nothing could be read; empty where something was."""


_DECODER = json.JSONDecoder(strict=False)
_SPARE_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(\s*[}\]])', re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*")
_NUMBERED = re.compile(r"^[ \t]*(?:\*\*)?\(?(\d{1,3})[.):](?:\*\*)?[ \t]+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+", re.MULTILINE)


def read_written(text: str, fields: Sequence[str], *, count: int = 1) -> Written:
    """The texts in `text`, at most `count` of them.

    Args:
        text: A completion.
        fields: Fields that each text has.
        count: Texts wanted. One text of one field is the reply itself, whatever it says; else
            JSON, a numbered list or named lines are looked for.

    >>> read_written('Sure: ["A fine film.", "Dull.",]', ["text"], count=2).texts
    ({'text': 'A fine film.'}, {'text': 'Dull.'})
    >>> read_written("Dull, but short.", ["text"]).texts
    ({'text': 'Dull, but short.'},)
    """
    plain = strip_fences(strip_thinking(text).strip())
    if not plain:
        return Written(fault="it is empty")
    alone = count == 1 and len(fields) == 1
    if alone and not _looks_like_json(plain):
        return _alone(plain, fields[0])
    found = list(_of_json(plain, fields)) or ([] if alone else _of_lines(plain, fields))
    if found:
        return Written(tuple(found[:count]))
    if alone:
        return _alone(plain, fields[0])
    return Written(fault=_fault(fields, count))


def _alone(text: str, field: str) -> Written:
    """The reply as the one text, without the field's own name before it."""
    named = re.match(rf"\W*{re.escape(heading(field))}\W*:\W*?(?=\w|[\"“'(])", text, re.IGNORECASE)
    inside = text[named.end() :].strip() if named else text
    return Written(({field: inside or text},))


def _fault(fields: Sequence[str], count: int) -> str:
    keys = f" with the keys {', '.join(fields)}"
    if count == 1:
        return f"it holds no JSON object{keys}"
    return f"it holds no JSON array of {count} " + (
        "strings" if len(fields) == 1 else f"objects{keys}"
    )


def _looks_like_json(text: str) -> bool:
    return (text[0], text[-1]) in (("{", "}"), ("[", "]"))


# --- JSON -----------------------------------------------------------------------------------------


def _of_json(text: str, fields: Sequence[str]) -> Iterator[dict[str, str]]:
    """Texts in the first JSON value of `text` that holds any."""
    for form in dict.fromkeys((text, _SPARE_COMMA.sub(lambda m: m[1] or m[2], text))):
        for start in re.finditer(r"[\[{]", form):
            items = _items(form, start.start())
            found = [one for item in items for one in _texts(item, fields)]
            if found:
                yield from found
                return


def _items(text: str, at: int) -> Iterator[Any]:
    """Items of the JSON array at `at`, up to where it ends or is cut off; or the objects there."""
    at += text[at] == "["
    while at < len(text):
        between = _BETWEEN.match(text, at)
        assert between is not None
        try:
            item, at = _DECODER.raw_decode(text, between.end())
        except (ValueError, RecursionError):
            return
        yield item


def _texts(item: Any, fields: Sequence[str]) -> Iterator[dict[str, str]]:
    """The text that `item` is, or those in the one array that it holds."""
    if one := _text(item, fields):
        yield one
        return
    held = [item] if isinstance(item, list) else []
    if isinstance(item, dict):
        held = [value for value in item.values() if isinstance(value, list)]
    if len(held) == 1:
        yield from (one for inner in held[0] if (one := _text(inner, fields)))


_NO_TEXT = ("label", "error", "refusal", "reason")
"""Keys that, alone in an object, say something about a text that is not there."""


def _text(item: Any, fields: Sequence[str]) -> dict[str, str] | None:
    """`item` as text by field; None where it lacks one."""
    if isinstance(item, str):
        item = {fields[0]: item} if len(fields) == 1 else {}
    if not isinstance(item, dict):
        return None
    named = {_folded(key): value for key, value in item.items()}
    if len(fields) == 1 and len(named) == 1 and not named.keys() & set(_NO_TEXT):
        named = {_folded(fields[0]): next(iter(named.values()))}
    texts = {field: named.get(_folded(field)) for field in fields}
    written = {
        field: text.strip()
        for field, text in texts.items()
        if isinstance(text, str) and text.strip()
    }
    return written if len(written) == len(fields) else None


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()


# --- lines ----------------------------------------------------------------------------------------


def _of_lines(text: str, fields: Sequence[str]) -> list[dict[str, str]]:
    """Texts of a numbered or bulleted list, or of lines that begin with the fields' names."""
    if len(fields) > 1:
        return _named_blocks(text, fields)
    starts = list(_NUMBERED.finditer(text))
    if [int(start[1]) for start in starts] != list(range(1, len(starts) + 1)):
        starts = []
    starts = starts or list(_BULLET.finditer(text))
    if len(starts) < 2:
        return []
    ends = [*(start.start() for start in starts[1:]), len(text)]
    pieces = [text[s.end() : end].strip() for s, end in zip(starts, ends, strict=True)]
    pieces[-1] = pieces[-1].split("\n\n")[0].strip()
    return [{fields[0]: _unquoted(piece)} for piece in pieces if _unquoted(piece)]


def _named_blocks(text: str, fields: Sequence[str]) -> list[dict[str, str]]:
    """`Premise: ... Hypothesis: ...`, once or several times, each field in its turn."""
    names = "|".join(re.escape(heading(field)) for field in fields)
    starts = list(
        re.finditer(rf"^[^\w\n]*(?:\d+\W+)?({names})[*_]*\s*:[*_]*", text, re.MULTILINE | re.I)
    )
    ends = [start.start() for start in starts[1:]] + [len(text)] * bool(starts)
    folded = {_folded(field): field for field in fields}
    blocks: list[dict[str, str]] = []
    for start, end in zip(starts, ends, strict=True):
        field, piece = folded[_folded(start[1])], text[start.end() : end].strip()
        if field == fields[0]:
            blocks.append({})
        if blocks and piece:
            blocks[-1].setdefault(field, _unquoted(piece))
    return [block for block in blocks if len(block) == len(fields) and all(block.values())]


def _unquoted(text: str) -> str:
    """The inside of a quotation that is the whole item: a list's way to write strings."""
    inside = text.rstrip(",")
    if len(inside) > 2 and inside[0] == inside[-1] == '"' and '"' not in inside[1:-1]:
        return inside[1:-1].strip()
    return text
