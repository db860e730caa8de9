"""Whether a new text copies one that the teacher was shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tutelage.records import Example

WORDS = 8
"""Words from which on a text is compared by its vocabulary: shorter ones are alike by chance."""
_WORD = re.compile(r"\w+")


def bare(text: str) -> str:
    """The words of `text`, without case, white space and punctuation.

    >>> bare('"It\\'s  GOOD!"')
    'it s good'
    """
    return " ".join(_WORD.findall(text.casefold()))


def copied(
    fields: Mapping[str, str],
    shown: Sequence[Example],
    *,
    written: Sequence[str],
    most_shared: float | None = None,
) -> str:
    """Why the row with the texts `fields` is a copy; empty where it is none.

    Args:
        fields: All texts of the new row.
        shown: Rows that stood in the prompt.
        written: Fields that the teacher wrote: only they are compared by vocabulary.
        most_shared: Share of the new text's vocabulary that a row shown may have; None compares
            whole rows only.
    """
    own = {name: bare(text) for name, text in fields.items()}
    for row in shown:
        other = {name: bare(row.fields.get(name, "")) for name in fields}
        if own == other:
            return f"it copies the row {row.id}"
        if most_shared is None:
            continue
        new = {word for name in written for word in own.get(name, "").split()}
        old = {word for name in written for word in other.get(name, "").split()}
        if len(new) >= WORDS and len(new & old) >= most_shared * len(new):
            share = len(new & old) / len(new)
            return f"{row.id}, which was shown, has {share:.0%} of its words"
    return ""
