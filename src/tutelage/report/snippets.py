"""Text of users and teachers as it may stand on a page: cut, and with nothing invisible in it.

Escaping is the template's business. Here goes what escaping leaves alone: control characters, which
would vanish or break the page, and marks that reorder the text around them, which could make a row
read as something that it is not.
"""

from __future__ import annotations

import re

MOST = 1_500
"""Characters of one text on the page; `report.json` has all of them."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_REORDERING = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LONE = re.compile("[\ud800-\udfff\ufffe\uffff]")


def snippet(text: object, most: int = MOST) -> str:
    """`text` fit to be shown, and cut after `most` characters.

    >>> snippet("a\\x00b\\u202ec")
    'a␀b‹U+202E›c'
    >>> snippet("x" * 5000, most=3)
    'xxx … (3 of 5,000 characters)'
    """
    whole = str(text)
    shown = whole[:most]
    shown = _CONTROL.sub(_picture, shown.replace("\r\n", "\n"))
    shown = _REORDERING.sub(lambda mark: f"‹U+{ord(mark[0]):04X}›", shown)
    shown = _LONE.sub("\N{REPLACEMENT CHARACTER}", shown)
    return shown if len(whole) <= most else f"{shown} … ({most:,} of {len(whole):,} characters)"


def label(text: object, most: int = 32) -> str:
    """`text` as a label of a chart: one line, short.

    >>> label("a very long name of an arm that nobody can read", most=12)
    'a very long…'
    """
    line = " ".join(snippet(text, 400).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _picture(mark: re.Match[str]) -> str:
    code = ord(mark[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else f"‹U+{code:04X}›"
