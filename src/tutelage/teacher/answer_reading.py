"""Reads a copied answer out of a reply, and never guesses.

The answer is what follows `Answer:`, what a JSON object names, or the reply itself where it is one
line. It must stand in the context as whole words, marks around it, case and white space aside; of
several places the first is taken, since SQuAD's measures compare texts. All else is unreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from tutelage.records import Span

NO_ANSWER = ("none", "no answer", "not answerable", "unanswerable", "n/a")
"""What says that the context holds no answer, where the prompt allows that."""
_MARKER = re.compile(
    r"^[\s*_]*(?:the\s+|final\s+)*answer(?:\s+is)?[*_]*\s*:[*_]*[ \t]*(?P<rest>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_AROUND = " \t\n\r*_`\"'“”‘’«»"
_LEAD = re.compile(r"\A\s*(?:reasons?|reasoning|rationale|explanation)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AnswerReading:
    """What a reply says."""

    spans: tuple[Span, ...] | None
    """The answer; empty for `no answer`, None where nothing can be read for certain."""
    before: str = ""
    """The text before the answer."""
    after: str = ""
    """The text after it."""


def read_answer(text: str, context: str, *, may_be_none: bool = False) -> AnswerReading:
    """The answer that a reply gives.

    Args:
        text: A completion, without thinking and run-on text.
        context: In which the answer must stand.
        may_be_none: Whether the teacher was told to answer none where the context has no answer.

    >>> read_answer('It says so.\\nAnswer: "the Moor"', "It is the Moor.").spans
    (Span(text='the Moor', start=6, end=14),)
    >>> read_answer("The moor, I think.", "It is the Moor.").spans is None
    True
    """
    found = [one for one in _MARKER.finditer(text) if one["rest"].strip()]
    said = {one["rest"].strip(_AROUND).casefold() for one in found}
    if len(said) > 1:
        return AnswerReading(None)
    if found:
        first, last = found[0], found[-1]
        before, after = text[: first.start()], text[last.end() :]
        rest = first["rest"]
    else:
        rest, before, after = _named(text), "", ""
    spans = _read(rest, context, may_be_none=may_be_none)
    return AnswerReading(spans, *(_LEAD.sub("", part).strip() for part in (before, after)))


def _named(text: str) -> str:
    """What a JSON object names as the answer; else the whole reply."""
    bare = re.sub(r"\A\s*```(?:json)?|```\s*\Z", "", text).strip()
    if bare.startswith("{"):
        try:
            named = orjson.loads(bare)
        except orjson.JSONDecodeError:
            return text
        return str(named["answer"]) if isinstance(named.get("answer"), str) else text
    return text


def _read(said: str, context: str, *, may_be_none: bool) -> tuple[Span, ...] | None:
    bare = said.strip(_AROUND)
    if not bare:
        return None
    place = locate(bare, context) or locate(bare.rstrip(".,;:!?" + _AROUND), context)
    if place is None and may_be_none and bare.rstrip(".!").casefold() in NO_ANSWER:
        return ()
    return None if place is None else (Span(context[slice(*place)], *place),)


def locate(text: str, context: str) -> tuple[int, int] | None:
    """Where `text` first stands in `context` as whole words: as it is, else case and white space
    aside.

    >>> locate("new  york", "In New York."), locate("ark", "In New York, Ark."), locate("X", "y")
    ((3, 11), (13, 16), None)
    """
    words = r"\s+".join(map(re.escape, text.split()))
    if not words:
        return None
    for pattern, flags in ((re.escape(text), 0), (words, re.IGNORECASE)):
        if found := re.search(rf"(?<!\w){pattern}(?!\w)", context, flags):
            return found.span()
    # Scripts without spaces have no whole words to look for.
    at = -1 if text.isascii() else context.find(text)
    return None if at < 0 else (at, at + len(text))
