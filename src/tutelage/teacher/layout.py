"""How teachers that are no language models lay out what they wrote: as the prompt asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tutelage.records import Gist
from tutelage.teacher.serialisation import LABEL, line
from tutelage.teacher.templating import heading


def laid_out(
    texts: Sequence[Mapping[str, str]], gist: Gist, schema: Mapping[str, Any] | None = None
) -> str:
    """A completion that holds `texts`, each with the fields that `gist` wants.

    A row that is wanted as lines has one for each part. Else one text of one field stands alone,
    and everything else as JSON: an object with the fields, or an array of as many as are wanted,
    inside an object with one key where a schema asks for that.

    >>> laid_out([{"text": "Fine."}], Gist("text", wanted=("text",)))
    'Fine.'
    >>> laid_out([{"text": "Fine."}, {"text": "Dull."}], Gist("text", wanted=("text",), count=2))
    '["Fine.","Dull."]'
    >>> laid_out([{"text": "Fine."}], Gist("text", wanted=("text",), lines=True))
    'Text: Fine.'
    """
    if gist.lines:
        return "\n".join(line(heading(name), texts[0][name]) for name in gist.wanted)
    single, many = len(gist.wanted) == 1, gist.count > 1
    if single and not many and schema is None:
        return texts[0][gist.wanted[0]]
    rows = [{name: text[name] for name in gist.wanted} for text in texts]
    items: Any = [row[gist.wanted[0]] for row in rows] if single and many else rows
    if not many:
        return orjson.dumps(items[0]).decode()
    if schema is None:
        return orjson.dumps(items).decode()
    key = next(iter(schema.get("properties", {})), "texts")
    return orjson.dumps({key: items}).decode()


def without_label(wanted: Sequence[str]) -> tuple[str, ...]:
    """The fields among what is wanted of a row that is to be written with its label."""
    return tuple(name for name in wanted if name != LABEL)


def answered(word: str, reasons: str, ask: str, schema: Mapping[str, Any] | None = None) -> str:
    """A completion that says the label `word`, in the order in which `ask` wants it.

    >>> answered("yes", "It is.", "reasons then label")
    'It is.\\nAnswer: yes'
    """
    if schema is not None:
        before, after = json_around(schema, word, reasons)
        return f"{before}{word}{after}"
    if ask == "reasons then label":
        return f"{reasons}\nAnswer: {word}"
    return f"Answer: {word}\nReasons: {reasons}" if ask == "label then reasons" else word


def json_around(schema: Mapping[str, Any], word: str, reasons: str) -> tuple[str, str]:
    """What stands before and after `word` in a JSON object that follows `schema`.

    A property that lists its values is the label, every other one the reasons.
    """
    properties = schema.get("properties", {"answer": {"enum": []}})
    mark = "\0"
    filled = {name: mark if "enum" in about else reasons for name, about in properties.items()}
    text = orjson.dumps(filled).decode()
    before, _, after = text.partition(orjson.dumps(mark).decode()[1:-1])
    return before, after
