"""The check `duplicate`: one row for one text.

Rows are the same where their texts are, white space and case aside, whatever their labels: of two
rows that disagree the first stands, and the verdict says so. A rationale's row carries a gold text,
and whether gold repeats itself is the gold's affair: such rows are told apart by id.
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
        seen = {_identity(row): ("a row kept before", row) for row in reversed(bench.kept)}
        verdicts = []
        for draft in drafts:
            row = row_of(draft)
            if first := seen.get(_identity(row)):
                where, other = first
                differs = "" if other.answer == row.answer else ", with another answer"
                verdicts.append(dropped(draft, "duplicate", f"the same as {where}{differs}"))
            else:
                seen[_identity(row)] = (f"draft {draft.number}", row)
                verdicts.append(passed(draft, "duplicate"))
        return verdicts


def _identity(row: Example) -> str:
    return f"id:{row.id}" if is_gold_text(row) else text_identity(row)


def build(options: NoOptions, *, task: Task) -> DuplicateCheck:
    """The check `duplicate`."""
    return DuplicateCheck()
