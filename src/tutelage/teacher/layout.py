"""How teachers that are no language models lay out what they wrote: as the prompt asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tutelage.records import Gist


def laid_out(
    texts: Sequence[Mapping[str, str]], gist: Gist, schema: Mapping[str, Any] | None = None
) -> str:
    """A completion that holds `texts`, each with the fields that `gist` wants.

    One text of one field stands alone, everything else as JSON: an object with the fields, or an
    array of as many as are wanted, inside an object with one key where a schema asks for that.

    >>> laid_out([{"text": "Fine."}], Gist("text", wanted=("text",)))
    'Fine.'
    >>> laid_out([{"text": "Fine."}, {"text": "Dull."}], Gist("text", wanted=("text",), count=2))
    '["Fine.","Dull."]'
    """
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
