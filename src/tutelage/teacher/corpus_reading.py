"""What a corpus teacher takes from a prompt: the rows shown in it, and lists of what is wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tutelage.teacher.templating import heading

_ENDS = r"Example \d+\s*$|Label:|Answer:|Reasons:|Requirements:|Build on this:|Write "


def rows_shown(prompt: str, fields: Sequence[str], count: int) -> list[Mapping[str, str]]:
    """The last `count` rows that stand in a prompt under the headings of their fields.

    >>> rows_shown("Example 1\\nText: Fine\\nindeed.\\n\\nWrite one.", ["text"], 1)
    [{'text': 'Fine\\nindeed.'}]
    """
    headings = {heading(name): name for name in fields}
    names = "|".join(map(re.escape, headings))
    piece = re.compile(
        rf"^({names}): (.*?)(?=^(?:(?:{names}): |{_ENDS})|\Z)", re.MULTILINE | re.DOTALL
    )
    rows: list[dict[str, str]] = []
    for match in piece.finditer(prompt):
        name = headings[match[1]]
        if name == fields[0]:
            rows.append({})
        if rows:
            rows[-1].setdefault(name, match[2].strip())
    whole = [row for row in rows if len(row) == len(fields)]
    return list(whole[-count:])


def listed(prompt: str) -> list[str]:
    """Lines of the lists `Build on this` and `Requirements`: what a text should be about.

    >>> listed("Requirements:\\n- product: kettle\\n\\nWrite one example.")
    ['product: kettle']
    """
    found = re.findall(r"^(?:Build on this|Requirements):\n((?:- .*\n?)+)", prompt, re.MULTILINE)
    return [line.removeprefix("- ") for part in found for line in part.splitlines()]
