"""The check `semantic_duplicate`: no new row that says what is there already in other words.

Rows are compared by static embeddings, as SemDeDup does with those of a large model (Abbas et al.
2023). They cost microseconds a row and see topics rather than truth: negation, numbers and word
order hardly move them. So the default threshold is high, and rows with different labels are not
compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.contracts import Bench
from tutelage.curation.check_options import SemanticDuplicateOptions
from tutelage.curation.near_duplicates import earlier_rows
from tutelage.curation.nearest import NONE, first_alike
from tutelage.curation.verdicts import dropped, is_gold_text, passed, row_of
from tutelage.exceptions import UserError
from tutelage.neural.static_embedding import StaticEmbedder, load_static
from tutelage.records import Draft, Example, Task, Verdict


@dataclass(frozen=True)
class SemanticDuplicateCheck:
    """Drops rows whose static embedding is nearly that of an earlier row."""

    task: Task
    options: SemanticDuplicateOptions
    embedder: StaticEmbedder

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        known = list(earlier_rows(bench, gold=self.options.gold))
        new = [draft for draft in drafts if not is_gold_text(row_of(draft))]
        names = [name for name, _ in known] + [f"draft {draft.number}" for draft in new]
        rows = [row for _, row in known] + [row_of(draft) for draft in new]
        found = first_alike(
            [self.embedder.embed(texts) for texts in self._parts(rows)],
            self._groups(rows),
            known=len(known),
            threshold=self.options.threshold,
        )
        verdicts = {draft.number: passed(draft, "semantic_duplicate") for draft in drafts}
        for place, draft in enumerate(new, start=len(known)):
            if (earlier := int(found.earlier[place])) != NONE:
                likeness = float(found.likeness[place])
                reason = f"its meaning is that of {names[earlier]} (cosine {likeness:.2f})"
                verdicts[draft.number] = dropped(draft, "semantic_duplicate", reason)
        return [verdicts[draft.number] for draft in drafts]

    def _parts(self, rows: Sequence[Example]) -> list[list[str]]:
        """Texts that are compared: of each field, or of all fields together."""
        texts = [[row.fields.get(field, "") for row in rows] for field in self.task.fields]
        return texts if self.options.by_field else [[" ".join(t) for t in zip(*texts, strict=True)]]

    def _groups(self, rows: Sequence[Example]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """A number for each label, or one for all rows."""
        if self.options.across_labels:
            return np.zeros(len(rows), dtype=np.int64)
        codes: dict[object, int] = {}
        return np.array(
            [codes.setdefault((row.label, row.labels), len(codes)) for row in rows], dtype=np.int64
        )


def build(options: SemanticDuplicateOptions, *, task: Task) -> SemanticDuplicateCheck:
    """The check `semantic_duplicate`.

    Raises:
        UserError: a threshold outside 0 (excluded) to 1, or a model that cannot be loaded.
    """
    if not 0 < options.threshold <= 1:
        raise UserError(
            f"threshold: {options.threshold} is not a cosine.",
            "It is the cosine of the embeddings of two rows that are nearly the same.",
            "Write a number above 0 and up to 1, such as 0.98.",
        )
    return SemanticDuplicateCheck(task, options, load_static(options.model))
