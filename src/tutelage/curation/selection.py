"""The check `selection`: of many candidates keep those that the teacher found likeliest.

SuperGen (arXiv 2202.04538) writes several times as many texts as it trains on and keeps
the ones with the highest mean log-probability of their tokens. That number comes with a reply only
where the endpoint gives it (`logprobs`).

It should be the last check: what a later one drops would be missing from the rows it chose.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tutelage.contracts import Bench
from tutelage.curation.check_options import SelectionOptions
from tutelage.curation.judging import share_of
from tutelage.curation.verdicts import dropped, passed, row_of
from tutelage.exceptions import UserError
from tutelage.records import Draft, Task, Verdict

NAME = "selection"


@dataclass(frozen=True)
class Selection:
    """Keeps the best candidates of each label in each wave.

    How many: `share` of them, or `rows`, or where neither is given as many as the quota still
    lacks; without a quota all of them.
    """

    options: SelectionOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        """A verdict on each draft, in their order. Equal scores go to the earlier draft.

        Raises:
            UserError: `unscored: refuse`, and a draft has no score.
        """
        groups: dict[str, list[Draft]] = defaultdict(list)
        for draft in drafts:
            label = row_of(draft).label or ""
            groups[share_of(label, bench.lacking) if "" in bench.lacking else label].append(draft)
        worse: dict[int, str] = {}
        for label, group in groups.items():
            count = self._count(len(group), bench.lacking.get(label) if bench.lacking else None)
            worse |= self._worse(group, count, label)
        return [
            dropped(draft, NAME, worse[draft.number])
            if draft.number in worse
            else passed(draft, NAME)
            for draft in drafts
        ]

    def _count(self, candidates: int, lacking: int | None) -> int:
        if self.options.share is not None:
            return math.ceil(self.options.share * candidates - 1e-9)
        if self.options.rows is not None:
            return self.options.rows
        return candidates if lacking is None else lacking

    def _worse(self, group: Sequence[Draft], count: int, label: str) -> dict[int, str]:
        """Why each candidate of one label is not among the best `count`, by draft number."""
        bare = sum(draft.score is None for draft in group)
        if bare and self.options.unscored == "refuse":
            raise UserError(
                f"{bare} of {len(group)} candidates have no log-probabilities to choose by.",
                "The teacher was not asked for them (logprobs: true), or its endpoint gives none.",
                "Use an endpoint that gives them, or write selection: {unscored: in_order}. "
                "Nothing that was bought is lost.",
            )
        ranked = sorted(group, key=lambda d: (d.score is None, -(d.score or 0.0), d.number))
        why = "less likely than those chosen"
        if bare == len(group):
            why = "enough came before, and no log-probabilities tell which are likelier"
        best = f"{why}: {count} of {len(group)} candidates{f' of {label}' if label else ''}"
        return {draft.number: best for draft in ranked[count:]}


def build(options: SelectionOptions, *, task: Task) -> Selection:
    """The check `selection`.

    Raises:
        UserError: both a share and a number of rows.
    """
    if options.share is not None and options.rows is not None:
        raise UserError(
            "selection has both share and rows.",
            "Each says how many candidates of a label are kept.",
            "Leave one of them out; leave out both to keep as many as the quota lacks.",
        )
    return Selection(options)
