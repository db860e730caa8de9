"""The check `noise`: confident learning looks for wrong labels (Northcutt et al., JAIR 2021).

Linear students judge each row out of fold; cleanlab estimates from their probabilities which labels
are given for which, and names the rows that most likely have a wrong one. Gold train and kept rows
take part in the estimate; verdicts fall on drafts alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from cleanlab.filter import find_label_issues

from tutelage.contracts import Bench
from tutelage.curation.check_options import NoiseOptions
from tutelage.curation.cross_fitting import (
    Floats,
    OutOfFold,
    out_of_fold,
    refuse_share,
    refuse_without_labels,
)
from tutelage.curation.verdicts import dropped, is_gold_text, mended, passed, row_of
from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Task, Verdict

TAG = "label_issue"
"""Tag of rows that are kept although their label looks wrong."""


@dataclass(frozen=True)
class NoiseCheck:
    """Drops or marks drafts that confident learning takes for wrongly labelled."""

    task: Task
    options: NoiseOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        new = [draft for draft in drafts if not is_gold_text(row_of(draft))]
        others = [row for row in (*bench.kept, *bench.gold) if row.origin.role != "pool"]
        rows = [row_of(draft) for draft in new] + [row for row in others if row.label]
        found = out_of_fold(rows, self.task, folds=self.options.folds, seeds=(0,))
        issues = self._issues(rows, found, len(new)) if found else {}
        said = {new[place].number: reason for place, reason in issues.items()}
        return [self._verdict(draft, said.get(draft.number)) for draft in drafts]

    def _issues(self, rows: Sequence[Example], found: OutOfFold, drafts: int) -> dict[int, str]:
        """Why a draft's label looks wrong, by place; the least likely labels first."""
        code = {name: i for i, name in enumerate(found.labels)}
        ranked = find_label_issues(
            labels=np.array([code[str(row.label)] for row in rows]),
            pred_probs=_proper(found.probabilities),
            filter_by=self.options.filter_by,
            return_indices_ranked_by="self_confidence",
            n_jobs=1,
            verbose=False,
        )
        most = int(self.options.most * drafts)
        places = [int(place) for place in ranked if place < drafts][:most]
        return {place: self._reason(rows[place], found, place) for place in places}

    def _reason(self, row: Example, found: OutOfFold, place: int) -> str:
        line = found.probabilities[place]
        likelier = found.labels[int(np.argmax(line))]
        own = line[found.labels.index(str(row.label))]
        return f"students give its label {row.label} {own:.0%}, and {likelier} {line.max():.0%}"

    def _verdict(self, draft: Draft, reason: str | None) -> Verdict:
        if reason is None:
            return passed(draft, "noise")
        if self.options.on_issue == "drop":
            return dropped(draft, "noise", reason)
        row = row_of(draft)
        return mended(draft, "noise", reason, replace(row, tags={**row.tags, TAG: "yes"}))


def _proper(probabilities: Floats) -> Floats:
    """Rows that sum to exactly 1, as cleanlab demands."""
    sums: Floats = probabilities.sum(axis=1, keepdims=True)
    return np.asarray(probabilities / sums)


def build(options: NoiseOptions, *, task: Task) -> NoiseCheck:
    """The check `noise`.

    Raises:
        UserError: a task without single labels, fewer than two parts, or a share outside 0 to 1.
    """
    refuse_without_labels("noise", task)
    refuse_share("most", options.most)
    if options.folds < 2:
        raise UserError(
            f"folds: {options.folds} leaves nothing to train on.", do="Write 2 or more."
        )
    return NoiseCheck(task, options)
