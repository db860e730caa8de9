"""The head of the light students: logistic regression over fixed features, kept as plain arrays."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tutelage.exceptions import TrainingError
from tutelage.records import Example, Prediction, Task

Floats = npt.NDArray[np.float64]
TINY = 1e-15
"""Smallest probability in a log loss."""
ITERATIONS = 200
"""Most Newton steps; a handful is the rule."""


@dataclass(frozen=True)
class Head:
    """One line of weights for each label that training rows had."""

    weights: Floats
    """[labels, features]"""
    bias: Floats
    """[labels]"""
    labels: tuple[str, ...]
    multi: bool
    """Labels are judged one by one (multi-label) rather than against each other."""
    converged: bool = True

    def log_scores(self, features: Any) -> Floats:
        """Log-probabilities [rows, labels]."""
        logits = np.asarray(features @ self.weights.T) + self.bias
        if self.multi:
            return np.asarray(np.log(np.maximum(expit(logits), TINY)))
        return np.asarray(log_softmax(logits, axis=1))

    def predict(
        self, examples: Sequence[Example], features: Any, names: Sequence[str]
    ) -> list[Prediction]:
        """Answers to `examples`; a label without training rows gets probability 0."""
        scores = np.exp(self.log_scores(features))
        return [
            self._answer(row.id, dict(zip(self.labels, line.tolist(), strict=True)), names)
            for row, line in zip(examples, scores, strict=True)
        ]

    def _answer(self, row: str, known: dict[str, float], names: Sequence[str]) -> Prediction:
        scores = {name: known.get(name, 0.0) for name in names}
        if self.multi:
            chosen = tuple(name for name in names if scores[name] >= 0.5)
            return Prediction(row, labels=chosen, scores=scores)
        return Prediction(row, label=max(known, key=known.__getitem__), scores=scores)


@dataclass(frozen=True)
class Copies:
    """Training rows as copies with one label and one weight each."""

    index: Sequence[int]
    """Row of each copy."""
    labels: Sequence[int]
    """Place of its label among those seen."""
    weights: Sequence[float]


def fit_heads(
    features: Any,
    rows: Sequence[Example],
    task: Task,
    values: Sequence[float],
    *,
    soft_labels: bool = True,
) -> list[Head]:
    """Fit one head on `features` [rows, features], sparse or dense, for each penalty.

    A soft label enters as one copy of the row for each label, weighted by its probability, which
    gives the cross-entropy against the soft label. `Example.weight` multiplies all of them.

    Args:
        features: Of `rows`, in their order.
        rows: Labelled rows.
        task: What they are labelled for.
        values: Inverse strengths of the quadratic penalty; each fit starts from the one before.
        soft_labels: Use label scores where a row has them.

    Raises:
        TrainingError: the rows show fewer than two labels, or a row has none.
    """
    _refuse_unlabelled(rows, task)
    if task.kind == "multi_label":
        return _one_by_one(features, rows, task, values, soft=soft_labels)
    pairs = [
        (i, name, weight)
        for i, row in enumerate(rows)
        for name, weight in _shares(row, task.label_names, soft=soft_labels)
    ]
    seen = [name for name in task.label_names if name in {name for _, name, _ in pairs}]
    if len(seen) < 2:
        raise TrainingError(
            f"All {len(rows)} training rows have the label {seen[0]!r}."
            if seen
            else "No training row has a label with a positive weight.",
            "Nothing can be learned from a single label.",
            "Add rows of another label.",
        )
    code = {name: i for i, name in enumerate(seen)}
    index, labels, weights = zip(*pairs, strict=True)
    lines = _regress(features, Copies(index, [code[n] for n in labels], weights), values)
    return [
        Head(*_two_lines(weights, bias), tuple(seen), multi=False, converged=converged)
        for weights, bias, converged in lines
    ]


def _two_lines(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """scikit-learn keeps one line for two labels; the other one is zero."""
    if len(weights) > 1:
        return weights, bias
    return np.vstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]])


def _refuse_unlabelled(rows: Sequence[Example], task: Task) -> None:
    multi = task.kind == "multi_label"
    bare = [r.id for r in rows if not r.scores and (r.labels is None if multi else r.label is None)]
    if bare or not rows:
        raise TrainingError(
            f"{len(bare)} of {len(rows)} training rows have no label, such as {bare[0]!r}."
            if bare
            else "There are no training rows.",
            do="Give labelled rows to train on.",
        )


def _shares(row: Example, names: Sequence[str], *, soft: bool) -> list[tuple[str, float]]:
    """Labels of a row with their weights."""
    if row.scores and (soft or row.label is None):
        shares = [(name, row.weight * row.scores.get(name, 0.0)) for name in names]
    else:
        shares = [(str(row.label), row.weight)]
    return [(name, weight) for name, weight in shares if weight > 0]


def _one_by_one(
    features: Any, rows: Sequence[Example], task: Task, values: Sequence[float], *, soft: bool
) -> list[Head]:
    """One regression against the rest for each label that some rows have and others do not."""
    labels, paths = [], []
    for name in task.label_names:
        copies = _sides(rows, name, soft=soft)
        if set(copies.labels) == {0, 1}:
            paths.append(_regress(features, copies, values))
        elif 1 in copies.labels:  # every row has it: say so without a weight on any feature
            sure = np.zeros((1, features.shape[1])), np.array([-np.log(TINY)]), True
            paths.append([sure] * len(values))
        else:
            continue
        labels.append(name)
    if not labels:
        raise TrainingError("No training row has any label.", do="Add rows to which one applies.")
    return [
        Head(
            np.vstack([path[i][0] for path in paths]),
            np.concatenate([path[i][1] for path in paths]),
            tuple(labels),
            multi=True,
            converged=all(path[i][2] for path in paths),
        )
        for i in range(len(values))
    ]


def _sides(rows: Sequence[Example], name: str, *, soft: bool) -> Copies:
    """Copies of each row for (1) and against (0) one label."""
    shares = [_applies(row, name, soft=soft) for row in rows]
    triples = [
        (i, side, row.weight * part)
        for i, (row, share) in enumerate(zip(rows, shares, strict=True))
        for side, part in ((1, share), (0, 1 - share))
        if row.weight * part > 0
    ]
    index, labels, weights = zip(*triples, strict=True) if triples else ((), (), ())
    return Copies(index, labels, weights)


def _applies(row: Example, name: str, *, soft: bool) -> float:
    if row.scores and (soft or row.labels is None):
        return min(1.0, max(0.0, float(row.scores.get(name, 0.0))))
    return float(name in (row.labels or ()))


def _regress(
    features: Any, copies: Copies, values: Sequence[float]
) -> list[tuple[Floats, Floats, bool]]:
    """Weights, bias and whether the fit converged, for each penalty."""
    table = features[list(copies.index)]
    # Newton's method from the last solution takes a fifth of the time of L-BFGS from zero here.
    model = LogisticRegression(solver="newton-cg", max_iter=ITERATIONS, warm_start=True)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)  # a line search that gave up
        for c in values:
            model.set_params(C=c)
            model.fit(table, np.asarray(copies.labels), sample_weight=np.asarray(copies.weights))
            done = bool(max(model.n_iter_) < ITERATIONS)
            found.append((model.coef_.copy(), model.intercept_.copy(), done))
    return found


def dev_measures(
    head: Head, features: Any, dev: Sequence[Example], names: Sequence[str]
) -> dict[str, float]:
    """Accuracy (multi-label: all labels right) and log loss on labelled `dev` rows."""
    answers = head.predict(dev, features, names)
    if head.multi:
        right = [
            set(a.labels or ()) == set(r.labels or ()) for a, r in zip(answers, dev, strict=True)
        ]
    else:
        right = [a.label == r.label for a, r in zip(answers, dev, strict=True)]
    losses = [_log_loss(a, r, multi=head.multi) for a, r in zip(answers, dev, strict=True)]
    return {"accuracy": float(np.mean(right)), "loss": float(np.mean(losses))}


def _log_loss(answer: Prediction, row: Example, *, multi: bool) -> float:
    scores = answer.scores or {}
    if not multi:
        return -float(np.log(max(scores.get(str(row.label), 0.0), TINY)))
    held = [p if name in (row.labels or ()) else 1 - p for name, p in scores.items()]
    return -float(np.log(np.maximum(held, TINY)).sum())
