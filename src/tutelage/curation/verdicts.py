"""How checks look at drafts and write their verdicts."""

from __future__ import annotations

from dataclasses import replace

from tutelage.records import Draft, Example, Verdict

GOLD_TEXT = ("train", "pool")
"""Roles of rows whose texts are gold: only their rationale is new."""


def passed(draft: Draft, check: str) -> Verdict:
    return Verdict(draft.number, "kept", check)


def dropped(draft: Draft, check: str, reason: str) -> Verdict:
    return Verdict(draft.number, "dropped", check, reason)


def mended(draft: Draft, check: str, reason: str, replacement: Example) -> Verdict:
    return Verdict(draft.number, "mended", check, reason, replacement)


def row_of(draft: Draft) -> Example:
    """The row that `draft` holds. Checks are given rows only."""
    assert isinstance(draft.content, Example)
    return draft.content


def wrote_answer(row: Example) -> bool:
    """Whether the answer of `row` is a teacher's: that of a new row, or to an unlabelled one."""
    return row.origin.role in ("", "unlabelled")


def text_identity(row: Example) -> str:
    """Equal where two rows have the same texts, white space and case aside."""
    folded = {name: text.casefold() for name, text in row.fields.items()}
    return replace(row, fields=folded).text_fingerprint()


def contrasts(one: Example, other: Example) -> bool:
    """Whether two rows have different labels. Rows without labels, such as questions, never do."""
    return (one.label, one.labels) != (other.label, other.labels)


def is_gold_text(row: Example) -> bool:
    """Whether the texts of `row` are those of a gold row, and only its rationale is new."""
    return row.origin.role in GOLD_TEXT
