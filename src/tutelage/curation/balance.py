"""The check `balance`: no label may have many more rows than the rarest one.

Rows are taken off the end, so that what is kept does not depend on what came later, but for the
count. A label without any row sets no bound: what was never ordered cannot be waited for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tutelage.contracts import Bench
from tutelage.curation.check_options import BalanceOptions
from tutelage.curation.cross_fitting import refuse_without_labels
from tutelage.curation.verdicts import dropped, is_gold_text, passed, row_of
from tutelage.exceptions import UserError
from tutelage.records import Draft, Task, Verdict


@dataclass(frozen=True)
class BalanceCheck:
    """Drops the surplus of labels that have too many rows."""

    options: BalanceOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        there = Counter(row.label for row in bench.kept)
        counts = there + Counter(row_of(draft).label for draft in drafts)
        if not counts:
            return []
        rarest = min(counts.values())
        most = math.floor(self.options.ratio * rarest)
        verdicts = []
        for draft in drafts:
            row = row_of(draft)
            if there[row.label] >= most and not is_gold_text(row):
                reason = f"{most} rows of {row.label} are enough for {rarest} of the rarest label"
                verdicts.append(dropped(draft, "balance", reason))
            else:
                there[row.label] += 1
                verdicts.append(passed(draft, "balance"))
        return verdicts


def build(options: BalanceOptions, *, task: Task) -> BalanceCheck:
    """The check `balance`.

    Raises:
        UserError: a task without single labels, or a ratio below 1.
    """
    refuse_without_labels("balance", task)
    if options.ratio < 1:
        raise UserError(
            f"ratio: {options.ratio} cannot be kept.",
            "No label can have fewer rows than the rarest one.",
            "Write 1 for equal numbers, or more.",
        )
    return BalanceCheck(options)
