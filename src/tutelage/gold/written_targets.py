"""Texts that a generation task must write, and inputs that stand in lists.

| part | where it stands |
|---|---|
| one acceptable text | a text in the column `target` (or in `references`) |
| several | a list of texts in `references`; the first is the target where there is no `target` |

An input may be a list too, such as CommonGen's concepts or WebNLG's triples: `joined_text` says how
it is written as one text. White space at the ends of a target is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tutelage.gold.answer_spans import WrongAnswer
from tutelage.gold.fingerprints import text_key
from tutelage.gold.readers.cells import NotText, cell_text
from tutelage.records import Example

ITEMS, PARTS, RECORDS = ", ", " | ", " && "
"""Between the items of a list, the parts of a record, and the records of a list."""


def joined_text(cell: Any) -> str | None:
    """A cell as one text; None for an empty one.

    A list of texts is joined by commas. A list of lists, or of texts whose parts are set apart by
    ` | ` already, is a list of records: ` | ` stands between the parts, ` && ` between the records.
    Quotes and underscores stay as they are.

    Raises:
        NotText: the cell holds an object, or a list that is deeper still.

    >>> joined_text(["ski", "mountain"])
    'ski, mountain'
    >>> joined_text([["A_B", "in", "C"], ["A_B", "size", "2"]])
    'A_B | in | C && A_B | size | 2'
    >>> joined_text(["A_B | in | C"])
    'A_B | in | C'
    """
    if not isinstance(cell, list | tuple):
        return cell_text(cell)
    records = any(isinstance(item, list | tuple) or PARTS in str(item) for item in cell)
    return (RECORDS if records else ITEMS).join(_items(cell, deep=True)) or None


def _items(cell: list[Any] | tuple[Any, ...], *, deep: bool) -> list[str]:
    found = []
    for item in cell:
        if deep and isinstance(item, list | tuple):
            found.append(PARTS.join(_items(item, deep=False)))
        elif (text := cell_text(item)) is not None:
            found.append(text)
    return found


def read_targets(cells: Mapping[str, Any], target: str, references: str) -> tuple[str, ...]:
    """All acceptable texts of a row, each once; the first one is its target.

    Args:
        cells: The row.
        target: Column of one text.
        references: Column of a list of texts, or of one.

    Raises:
        WrongAnswer: neither column is there, both are empty, or a cell holds no text.
    """
    if target not in cells and references not in cells:
        raise WrongAnswer(
            f"The row has no {target!r} and no {references!r}.",
            "Write the wanted text there, or map its column under gold.columns as target.",
        )
    if isinstance(cells.get(target), list | tuple):
        raise WrongAnswer(
            f"{target!r} holds a list, not a text.",
            f"Map it as what it is, in gold.columns: {{references: {target}}}.",
        )
    several = cells.get(references)
    found = [cells.get(target), *(several if isinstance(several, list | tuple) else (several,))]
    try:
        texts = [(cell_text(one) or "").strip() for one in found]
    except NotText as e:
        raise WrongAnswer(
            f"A target holds {e}, not a text.", "Write one text, or a list of texts."
        ) from e
    distinct = tuple(dict.fromkeys(text for text in texts if text))
    if not distinct:
        where = target if target in cells else references
        raise WrongAnswer(
            f"The target {where!r} is empty.", "Write it, or move the row to gold.unlabelled."
        )
    return distinct


def by_input(rows: Sequence[Example]) -> list[Example]:
    """One row for each input, the first one, with the references of all.

    Some sets have a row for each text that an input allows. What is measured on such rows one by
    one counts an input as often as it was written about, each time against one text alone.
    """
    found: dict[bytes, Example] = {}
    for row in rows:
        key = text_key(row.fields)
        first = found.setdefault(key, row)
        if first is not row:
            together = dict.fromkeys((*first.references, *row.references))
            found[key] = replace(first, references=tuple(together))
    return list(found.values())
