"""Whether a student's answer is right, for every kind of task that has a right answer."""

from __future__ import annotations

from tutelage.answer_matching import match_of
from tutelage.records import Example, Prediction


def is_right(row: Example, answer: Prediction) -> bool:
    """Whether `answer` says what `row` says: its label, exactly its labels, or for a span an exact
    match (SQuAD) with one of the acceptable answers."""
    if row.labels is not None:
        return answer.labels is not None and set(answer.labels) == set(row.labels)
    if row.spans is not None:
        return match_of(row, answer).exact == 1.0
    if row.label is not None:
        return answer.label == row.label
    return answer.text is not None and answer.text.split() == (row.target or "").split()


def said(answer: Prediction) -> str:
    """What a student said, in words."""
    if answer.labels is not None:
        return ", ".join(answer.labels) or "no label"
    if answer.label is not None:
        return answer.label
    if answer.spans is not None:
        return repr(answer.spans[0].text) if answer.spans else "no answer"
    return "nothing readable"
