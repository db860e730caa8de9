"""The check `duplicate`: one row for one text.

Rows are the same where their texts are, white space and case aside, whatever their labels: of two
rows that disagree the first stands, and the verdict says so. A rationale's row carries a gold text,
and whether gold repeats itself is the gold's affair: such rows are told apart by id. No two rows
may share an id either, since one of them would take the other's place.
"""

from __future__ import annotations

from collections.abc import Sequence

from tutelage.contracts import Bench
from tutelage.curation.verdicts import dropped, is_gold_text, passed, row_of, text_identity
from tutelage.plugins import NoOptions
from tutelage.records import Draft, Example, Task, Verdict


class DuplicateCheck:
    """Drops rows whose texts an earlier draft or a kept row has."""

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        seen: dict[str, tuple[str, Example]] = {}
        for row in bench.kept:
            _note(seen, row, "a row kept before")
        verdicts = []
        for draft in drafts:
            row = row_of(draft)
            if first := next((seen[key] for key in _keys(row) if key in seen), None):
                verdicts.append(dropped(draft, "duplicate", _reason(row, *first)))
            else:
                _note(seen, row, f"draft {draft.number}")
                verdicts.append(passed(draft, "duplicate"))
        return verdicts


def _keys(row: Example) -> list[str]:
    """What no two rows may share: their id, and their texts unless these are gold."""
    return [f"id:{row.id}", *([] if is_gold_text(row) else [text_identity(row)])]


def _note(seen: dict[str, tuple[str, Example]], row: Example, where: str) -> None:
    for key in _keys(row):
        seen.setdefault(key, (where, row))


def _reason(row: Example, where: str, other: Example) -> str:
    if text_identity(row) != text_identity(other):
        return f"it has the id of {where}"
    differs = "" if other.answer == row.answer else ", with another answer"
    return f"the same as {where}{differs}"


def build(options: NoOptions, *, task: Task) -> DuplicateCheck:
    """The check `duplicate`."""
    return DuplicateCheck()
