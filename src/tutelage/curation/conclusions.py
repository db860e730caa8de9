"""The check `conclusion`: takes off rationales that argue for another label than their row's.

A rationale concludes on a label where it gives it as its answer (`So the answer is neutral`), or
names one label, no other, and does not deny it. Rationales that name none, or several, are left
alone: most say nothing that can be held against them. Being so careful, the check reaches few
rationales, and is not among the default ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tutelage.contracts import Bench
from tutelage.curation.verdicts import mended, passed, row_of
from tutelage.plugins import NoOptions
from tutelage.records import Draft, Example, Task, Verdict
from tutelage.teacher.parsing import argued


@dataclass(frozen=True)
class ConclusionCheck:
    """Takes the rationale off where it argues for another label; the row stays."""

    task: Task

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        return [self._verdict(draft) for draft in drafts]

    def _verdict(self, draft: Draft) -> Verdict:
        row = row_of(draft)
        other = concludes(self.task, row)
        if other is None or other == row.label or row.label is None:
            return passed(draft, "conclusion")
        reason = f"the rationale argues for {other}, and the label is {row.label}"
        return mended(draft, "conclusion", reason, replace(row, rationale=None))


def concludes(task: Task, row: Example) -> str | None:
    """The label that the rationale of `row` argues for; None where it does not say."""
    if not row.rationale or not task.labels:
        return None
    return argued(row.rationale, task.labels)


def build(options: NoOptions, *, task: Task) -> ConclusionCheck:
    """The check `conclusion`."""
    return ConclusionCheck(task)
