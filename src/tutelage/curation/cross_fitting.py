"""Out-of-fold probabilities: what linear students say of rows that they were not trained on.

The students are logistic regressions over TF-IDF of words and pairs of words, field by field:
cheap enough for a hundred thousand drafts, and of another kind than a neural student.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tutelage.exceptions import UserError
from tutelage.records import Example, Task

Floats = npt.NDArray[np.float64]
WORD = r"(?u)\b\w+\b|[?!]"
MOST_TERMS = 50_000
"""Terms of one field, the most frequent ones."""
FEWEST = 20
"""Rows, those beside included, below which nobody is taught."""
STRENGTH = 4.0
"""Inverse strength of the quadratic penalty."""


@dataclass(frozen=True)
class OutOfFold:
    """What the students said."""

    labels: tuple[str, ...]
    """In the order of the columns: labels that the rows have."""
    probabilities: Floats
    """[rows, labels], in the order of the rows that were divided into folds."""


def out_of_fold(
    rows: Sequence[Example],
    task: Task,
    *,
    folds: int,
    seeds: Sequence[int],
    beside: Sequence[Example] = (),
) -> OutOfFold | None:
    """Let students judge rows that they have not seen, and average over divisions.

    Args:
        rows: Labelled rows; each is judged by a student of the other parts.
        task: Names fields and labels.
        folds: Parts into which `rows` are divided, label by label.
        seeds: One division for each.
        beside: Labelled rows that every student is trained on.

    Returns:
        None where too little is known: fewer than two labels, or than `FEWEST` rows.
    """
    known = [*rows, *beside]
    labels = tuple(name for name in task.label_names if any(row.label == name for row in known))
    if len(labels) < 2 or len(known) < FEWEST or not rows:
        return None
    folds = min(folds, len(rows))
    table = _features(known, task.fields)
    if table is None:
        return None
    code = {name: i for i, name in enumerate(labels)}
    targets = np.array([code[str(row.label)] for row in known])
    total = np.zeros((len(rows), len(labels)))
    for seed in seeds:
        part = divided(targets[: len(rows)], folds, seed)
        for fold in range(folds):
            judged = np.flatnonzero(part == fold)
            taught = np.concatenate(
                [np.flatnonzero(part != fold), np.arange(len(rows), len(known))]
            )
            total[judged] += _judged(table, targets, taught, judged, len(labels))
    return OutOfFold(labels, total / len(seeds))


def divided(targets: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """The part of each row: labels are dealt out evenly, in an order drawn by `seed`."""
    order = np.random.default_rng(seed).permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    part = np.empty(len(targets), dtype=np.int64)
    part[order] = np.arange(len(targets)) % folds
    return part


def _features(rows: Sequence[Example], fields: Sequence[str]) -> sparse.csr_matrix | None:
    """TF-IDF [rows, terms] of each field; None where no field has a word."""
    blocks = []
    for field in fields:
        vectorizer = TfidfVectorizer(
            token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_TERMS
        )
        try:
            blocks.append(vectorizer.fit_transform([row.fields.get(field, "") for row in rows]))
        except ValueError:  # no word in this field
            continue
    return sparse.hstack(blocks, format="csr") if blocks else None


def _judged(
    table: sparse.csr_matrix,
    targets: npt.NDArray[np.int64],
    taught: npt.NDArray[np.int64],
    judged: npt.NDArray[np.int64],
    labels: int,
) -> Floats:
    """Probabilities [judged, labels] by a student of the rows `taught`."""
    found = np.zeros((len(judged), labels))
    seen = np.unique(targets[taught])
    if len(seen) == 1:
        found[:, seen[0]] = 1.0
        return found
    student = LogisticRegression(C=STRENGTH, max_iter=300, tol=1e-3)
    student.fit(table[taught], targets[taught])
    found[:, student.classes_] = student.predict_proba(table[judged])
    return found


def refuse_without_labels(check: str, task: Task) -> None:
    """Refuse a task of which each row has not exactly one label.

    Raises:
        UserError: names the check.
    """
    if not task.labels or task.kind == "multi_label":
        raise UserError(
            f"The check {check} does not fit the task {task.name!r} ({task.kind}).",
            "It compares the label of each row with what students say of it.",
            "Leave it out, or give the task labels of which each row has one.",
        )


def refuse_share(name: str, value: float) -> None:
    """Refuse what is no share.

    Raises:
        UserError: `value` is outside 0 to 1.
    """
    if not 0 <= value <= 1:
        raise UserError(f"{name}: {value} is not a share.", do="Write a number from 0 to 1.")
