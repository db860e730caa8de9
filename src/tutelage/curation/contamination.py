"""The check `contamination`: new texts may not copy gold, and least of all what is held out.

Held-out rows are known by fingerprint and hashed 8-grams only (`bench.sealed`). The row whose text
a draft explains or labels is no copy: rationales of gold rows have gold texts, and only new texts
are looked at. Rationales that were published elsewhere get the ids of the gold rows they explain.

Gold train and pool are compared by whole row, for a row that repeats them adds nothing; held-out
rows by whole row, by overlap, and by field, since a student that has seen the premises of the test
has seen half of it. Of questions the question alone is compared: a context stands under many, and
the row is both together. A target that a teacher wrote is compared with held-out references.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tutelage.contracts import Bench
from tutelage.curation.check_options import ContaminationOptions
from tutelage.curation.verdicts import dropped, mended, passed, row_of, text_identity, wrote_answer
from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Task, Verdict

WORDS = 8
"""Words from which on a text is compared by overlap: shorter ones are alike by chance."""


@dataclass(frozen=True)
class ContaminationCheck:
    """Drops new rows that stand in gold train or pool, or copy what is held out."""

    task: Task
    options: ContaminationOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        gold: dict[str, list[Example]] = defaultdict(list)
        for row in bench.gold:
            gold[text_identity(row)].append(row)
        return [self._verdict(draft, gold, bench) for draft in drafts]

    def _verdict(
        self, draft: Draft, gold: Mapping[str, Sequence[Example]], bench: Bench
    ) -> Verdict:
        row = row_of(draft)
        same = gold.get(text_identity(row), ())
        if any(one.id in (row.id, row.origin.source) for one in same):
            return passed(draft, "contamination")
        if row.rationale and (twins := [one.id for one in same if one.answer == row.answer]):
            reason = f"it is the gold row {twins[0]} with a rationale, and takes its id"
            return mended(draft, "contamination", reason, replace(row, id=twins[0]))
        fault = f"its texts are those of the gold row {same[0].id}" if same else ""
        fault = fault or self._held_out(row, bench)
        return dropped(draft, "contamination", fault) if fault else passed(draft, "contamination")

    def _held_out(self, row: Example, bench: Bench) -> str:
        """How `row` copies a held-out one; empty where it does not."""
        if bench.sealed.has_text(row):
            return "its texts are those of a held-out row"
        texts = {"texts": " ".join(row.fields.get(field, "") for field in self.task.fields)}
        if self.task.kind == "span_qa":
            question = self.task.fields[1]
            texts = {f"field {question}": row.fields.get(question, "")}
        elif self.options.by_field and len(self.task.fields) > 1:
            texts |= {f"field {field}": row.fields.get(field, "") for field in self.task.fields}
        if row.target is not None and wrote_answer(row):
            texts["target"] = row.target
        long = {name: text for name, text in texts.items() if len(text.split()) >= WORDS}
        for name, text in long.items():
            share = bench.sealed.overlap(text)
            if share >= self.options.overlap:
                return f"a held-out row holds {share:.0%} of its {name}"
        return ""


def build(options: ContaminationOptions, *, task: Task) -> ContaminationCheck:
    """The check `contamination`.

    Raises:
        UserError: an overlap outside 0 (excluded) to 1.
    """
    if not 0 < options.overlap <= 1:
        raise UserError(
            f"overlap: {options.overlap} is not a share.",
            "It is the share of a text that one held-out row holds.",
            "Write a number above 0 and up to 1, such as 0.8.",
        )
    return ContaminationCheck(task, options)
