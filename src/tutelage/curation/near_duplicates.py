"""The check `near_duplicate`: no new row that says in nearly the same words what is there already.

Gold rows, kept rows and drafts are looked at in this order, and the first stands. What is held out
is the affair of `contamination`. A row whose near-duplicate has another label stays by default:
two texts that differ in a word and in their label teach what that word does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tutelage.contracts import Bench
from tutelage.curation.check_options import NearDuplicateOptions
from tutelage.curation.shingling import ShingleIndex
from tutelage.curation.verdicts import contrasts, dropped, is_gold_text, passed, row_of
from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Task, Verdict


@dataclass(frozen=True)
class NearDuplicateCheck:
    """Drops rows that share most of their word shingles with an earlier row."""

    task: Task
    options: NearDuplicateOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        index = ShingleIndex(
            self.task.fields,
            words=self.options.words,
            threshold=self.options.threshold,
            by_field=self.options.by_field,
        )
        known = list(earlier_rows(bench, gold=self.options.gold))
        for sketch in index.sketches([row for _, row in known]):
            index.add(sketch)
        verdicts = []
        rows = [row_of(draft) for draft in drafts]
        for draft, row, sketch in zip(drafts, rows, index.sketches(rows), strict=True):
            if is_gold_text(row):
                verdicts.append(passed(draft, "near_duplicate"))
                continue
            first = next(
                (
                    (place, likeness)
                    for place, likeness in index.alike(sketch)
                    if self.options.across_labels or not contrasts(known[place][1], row)
                ),
                None,
            )
            if first is None:
                index.add(sketch)
                known.append((f"draft {draft.number}", row))
                verdicts.append(passed(draft, "near_duplicate"))
            else:
                where, likeness = known[first[0]][0], first[1]
                reason = f"it shares {likeness:.0%} of its word shingles with {where}"
                verdicts.append(dropped(draft, "near_duplicate", reason))
        return verdicts


def earlier_rows(bench: Bench, *, gold: bool) -> Iterator[tuple[str, Example]]:
    """Rows that stand before any draft, each with how a verdict names it."""
    if gold:
        for row in bench.gold:
            yield f"the gold row {row.id}", row
    for row in bench.kept:
        yield f"the kept row {row.id}", row


def build(options: NearDuplicateOptions, *, task: Task) -> NearDuplicateCheck:
    """The check `near_duplicate`.

    Raises:
        UserError: a threshold outside 0 (excluded) to 1, or shingles of no word.
    """
    if not 0 < options.threshold <= 1:
        raise UserError(
            f"threshold: {options.threshold} is not a similarity.",
            "It is the share of word shingles that two rows have in common.",
            "Write a number above 0 and up to 1, such as 0.7.",
        )
    if options.words < 1:
        raise UserError(f"words: {options.words} words make no shingle.", do="Write 1 or more.")
    return NearDuplicateCheck(task, options)
