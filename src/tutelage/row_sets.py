"""Which rows a student is trained on, a method calibrates on and an examination explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from tutelage.contracts import Calibrating, Predictor, Synthesizer
from tutelage.gold.opening import Gold
from tutelage.records import Example, Origin, Prediction, content_hash

GoldShare = bool | Literal["last", "whole"]
"""Whether students see the gold train rows: every student, none, or the last one alone. `whole`:
every one, and rows too that the recipe leaves out for all others."""


def gold_rows(gold: Gold, share: GoldShare, *, last: bool = False) -> tuple[Example, ...]:
    """Gold rows that a student of an arm is trained on.

    Args:
        gold: Of the student's fold.
        share: Of the arm.
        last: Whether this is the student that is trained once the turns are over.
    """
    if share == "whole":
        return gold.whole
    return gold.train if share is True or last else ()


def mix(kept: Sequence[Example], train: Sequence[Example]) -> list[Example]:
    """The rows to train on: gold first, each replaced by the kept row of its id and texts, then the
    rest.

    A rationale arm's rows are the gold rows with a rationale; a gold row whose rationale was
    dropped stays in without one.
    """

    def known(row: Example) -> tuple[str, str]:
        return row.id, row.text_fingerprint()

    by_text = {known(row): row for row in kept}
    rows = [by_text.get(known(row), row) for row in train]
    seen = {known(row) for row in rows}
    return rows + [row for row in kept if known(row) not in seen]


def given_rows(rows: Sequence[Example], arm: str) -> tuple[Example, ...]:
    """Rows that an arm brought along, marked as its own."""
    return tuple(
        replace(row, origin=Origin(arm=arm, order=i, source=row.id)) for i, row in enumerate(rows)
    )


def calibration_rows(synthesizer: Synthesizer | None, gold: Gold) -> tuple[Example, ...]:
    """Dev rows for a method that calibrates on them, chosen by their content; none for others."""
    if not isinstance(synthesizer, Calibrating) or not synthesizer.calibration:
        return ()
    ranked = sorted(gold.dev, key=lambda row: content_hash("calib1", row.row_fingerprint()))
    return tuple(ranked[: synthesizer.calibration])


RATIONALES = 100
"""Examined rows for which a student writes its rationale too. Writing takes several times as long
as scoring labels, and a reader looks at a few."""


def answered(student: Predictor, rows: Sequence[Example], *, explained: int) -> list[Prediction]:
    """The student's answers in the order of `rows`, with rationales for the first `explained` of
    them by their content's hash, the order in which a report shows examples."""
    chosen = {row.id for row in sorted(rows, key=Example.row_fingerprint)[:explained]}
    with_reasons = [row for row in rows if row.id in chosen]
    others = [row for row in rows if row.id not in chosen]
    found = {p.id: p for p in student.predict(with_reasons, rationale=True)} if chosen else {}
    found |= {p.id: p for p in student.predict(others)} if others else {}
    return [found[row.id] for row in rows]
