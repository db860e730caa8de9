"""What every arm has to beat: the commonest label, a guess, given predictions, the teacher."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutelage.exceptions import DataError
from tutelage.records import Example, Prediction, Span, Task

SCORE = "score_"
OWN_COLUMNS = {"span_qa": "answer", "generation": "target"}
"""Column of the answers of tasks without labels."""
SEPARATOR = ","


@dataclass(frozen=True)
class Majority:
    """Answers every row with what is commonest in the training rows."""

    task: Task
    train: Sequence[Example]

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """The commonest label (the first of equals), or set of labels, with the labels' shares."""
        total = max(len(self.train), 1)
        if self.task.kind == "multi_label":
            sets = Counter(tuple(sorted(row.labels or ())) for row in self.train)
            held = Counter(label for row in self.train for label in row.labels or ())
            common = max(sorted(sets), key=sets.__getitem__) if sets else ()
            scores = {name: held[name] / total for name in self.task.label_names}
            return [Prediction(row.id, labels=common, scores=scores) for row in examples]
        counts = Counter(row.label for row in self.train)
        label = max(self.task.label_names, key=lambda name: counts[name])
        scores = {name: counts[name] / total for name in self.task.label_names}
        return [Prediction(row.id, label=label, scores=scores) for row in examples]


@dataclass(frozen=True)
class Guess:
    """Answers a question without reading it: with the longest run of capitalised words of the
    context that is not in the question, the first of equals (span QA)."""

    task: Task

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """One span of each context; no answer where it holds no capitalised word."""
        context, question = self.task.fields
        return [
            Prediction(row.id, spans=_guess(row.fields[context], row.fields[question]))
            for row in examples
        ]


_NAME = re.compile(r"\b[^\W\d_a-z]\w*(?:[ '’-]+[^\W\d_a-z]\w*)*")


def _guess(context: str, question: str) -> tuple[Span, ...]:
    asked = question.casefold()
    runs = [run for run in _NAME.finditer(context) if run.group().casefold() not in asked]
    if not runs:
        return ()
    best = max(runs, key=lambda run: len(run.group().split()))
    return (Span(best.group(), best.start(), best.end()),)


@dataclass(frozen=True)
class GivenPredictions:
    """Predictions that someone else made, by row id."""

    answers: Mapping[str, Prediction]

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        """The given answers.

        Raises:
            DataError: some rows have none.
        """
        missing = [row.id for row in examples if row.id not in self.answers]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(examples)} rows have no given prediction: "
                f"{', '.join(map(repr, missing[:5]))}{', ...' if len(missing) > 5 else ''}.",
                "A score over some of the rows would not be the score of the set.",
                "Give a prediction for every row, under the id that the row has in gold.",
            )
        return [self.answers[row.id] for row in examples]


def given_predictions(
    task: Task, records: Sequence[Mapping[str, Any]], *, separator: str = SEPARATOR
) -> GivenPredictions:
    """Predictions from a table with the columns `id`, `label` and, where known, `score_<label>`; of
    questions with the columns `id` and `answer`, empty for no answer; of written texts with the
    columns `id` and `target`.

    An empty label is an answer that could not be read. Several labels stand in one cell with
    `separator` between them, or as a list; in a multi-label task an empty cell means that none
    applies.

    Raises:
        DataError: all that is wrong with the table, at once.
    """
    faults: list[str] = []
    answers: dict[str, Prediction] = {}
    for number, record in enumerate(records, start=1):
        wrong = _record_faults(task, record, separator)
        key = _text(record.get("id"))
        if not wrong and key in answers:
            wrong = [f"the id {key!r} stands twice"]
        faults += [f"row {number}: {fault}" for fault in wrong]
        if not wrong:
            answers[key] = _prediction(task, record, separator)
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:20])
        more = f"\n  and {len(faults) - 20} more" if len(faults) > 20 else ""
        raise DataError(
            f"The given predictions have {len(faults)} faults:\n{shown}{more}",
            do=f"Columns: id and {OWN_COLUMNS[task.kind]}."
            if task.kind in OWN_COLUMNS
            else "Columns: id, label, and score_<label> for probabilities.",
        )
    return GivenPredictions(answers)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _labels(task: Task, record: Mapping[str, Any], separator: str) -> tuple[str, ...]:
    given = record.get("label", record.get("labels"))
    if task.kind != "multi_label":
        return (_text(given),) if _text(given) else ()
    parts = given if isinstance(given, list | tuple) else _text(given).split(separator)
    return tuple(part for part in map(_text, parts) if part)


def _record_faults(task: Task, record: Mapping[str, Any], separator: str) -> list[str]:
    faults = [] if _text(record.get("id")) else ["it has no id"]
    if own := OWN_COLUMNS.get(task.kind):
        return faults if own in record else [*faults, f"it has no column {own}"]
    if "label" not in record and "labels" not in record:
        faults.append("it has no column label")
    for label in _labels(task, record, separator):
        if label not in task.label_names:
            faults.append(f"the task has no label {label!r}")
    for name, value in _score_columns(record).items():
        if name not in task.label_names:
            faults.append(f"{SCORE}{name} names no label of the task")
        elif not 0 <= _number(value) <= 1:
            faults.append(f"{SCORE}{name} is {value!r}, not a probability")
    return faults


def _score_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(key).removeprefix(SCORE): value
        for key, value in record.items()
        if str(key).startswith(SCORE) and _text(value)
    }


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _prediction(task: Task, record: Mapping[str, Any], separator: str) -> Prediction:
    if task.kind == "span_qa":
        said = _text(record.get("answer"))
        return Prediction(_text(record.get("id")), spans=(Span(said),) if said else ())
    if task.kind == "generation":
        said = _text(record.get("target"))
        return Prediction(_text(record.get("id")), text=said, target=said)
    key, labels = _text(record.get("id")), _labels(task, record, separator)
    scores = {name: _number(value) for name, value in _score_columns(record).items()} or None
    if task.kind == "multi_label":
        return Prediction(key, labels=labels, scores=scores)
    return Prediction(key, label=labels[0] if labels else None, scores=scores)


def unanswered(row: Example) -> Example:
    """`row` with its texts and origin alone, as a teacher that is a rival gets to see it: no gold
    answer can reach a prompt."""
    return Example(row.id, row.fields, origin=row.origin)
