"""What one training row more would do to a head: influence functions, exactly.

A head with parameters θ is fitted on rows i with weights s_i by the convex objective

    J(θ) = sum_i s_i ce_i(θ) + |W|^2 / (2 c)        (the bias is not penalised)

Weighting row i up by e moves its minimum by -e H^-1 g_i, with H the Hessian of J and g_i the
gradient of ce_i there. So a loss V on other rows changes per unit of weight by

    influence_i = -grad V(θ)^T H^-1 g_i             (Koh and Liang 2017, arXiv 1703.04730, eq. 2)

Below 0 is helpful. V is the mean cross-entropy, or as in ProGen (arXiv 2210.12329) the mean reverse
cross-entropy, -sum_k p_k log q_k with p the head's probabilities. The logarithm of a one-hot label
would be infinite; the authors' code takes q = softmax(one-hot) for its two labels, and this module
for any number K of them: with the label y that is log(e + K - 1) - p_y. Softening the one-hot label
in another way scales V and its influences and changes no order.

Reverse cross-entropy is bounded: a wrong label among the validation rows pulls no harder than a
right one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import log_softmax

from tutelage.exceptions import UserError
from tutelage.records import Example, Task
from tutelage.student.logistic import Head, fit_heads

Floats = npt.NDArray[np.float64]
Loss = Literal["rce", "ce"]
DIRECT = 1500
"""Most parameters for which the Hessian is written down and factored; conjugate gradients beyond
that."""
EXACT = 1e-10
"""Relative residual at which conjugate gradients stop, and the gradient at which a fit is exact."""
ITERATIONS = 10_000
"""Most steps of conjugate gradients."""
POLISH = 20
"""Most Newton steps after the fit; two or three are the rule."""


def influences(
    features: Any,
    rows: Sequence[Example],
    seen: Any,
    validation: Sequence[Example],
    task: Task,
    *,
    c: float,
    soft_labels: bool = True,
    loss: Loss = "rce",
) -> list[float]:
    """Change of the mean loss on `validation` per unit of weight added to each of `rows`.

    The head is fitted on `rows` alone, so that the validation rows are new to it.

    Args:
        features: Of `rows`, [rows, features], sparse or dense.
        rows: Labelled rows: what the head is trained on.
        seen: Features of `validation`.
        validation: Labelled rows. Those of a label that none of `rows` has are left out.
        task: What is learned: one label for each row.
        c: Inverse strength of the penalty.
        soft_labels: Use label scores where a row has them.
        loss: What is measured on `validation`.

    Raises:
        UserError: a task where several labels may apply.
        TrainingError: rows with fewer than two labels, or a row without one.
    """
    if task.kind == "multi_label":
        raise UserError(
            "Influence is not measured where several labels may apply.",
            "It compares the probabilities of labels that exclude each other.",
            "Use another critic for this task, such as uncertainty.",
        )
    (head,) = fit_heads(features, rows, task, [c], soft_labels=soft_labels)
    targets = label_shares(rows, head.labels, soft=soft_labels)
    weights = np.array([row.weight for row in rows])
    fit = Fit(features, targets, weights, c).exact(head)
    wanted = label_shares(validation, head.labels, soft=soft_labels)
    known = np.flatnonzero(wanted.sum(axis=1) > 0)
    if not known.size:
        return [0.0] * len(rows)
    others = seen[known]
    slopes = loss_slopes(fit.log_probabilities(others), wanted[known], loss) / known.size
    direction = fit.solve(fit.joined(slopes, others))
    own = fit.slopes(unit=True)[:, fit.free]
    return [float(x) for x in -(own * fit.moved(direction)).sum(axis=1)]


def label_shares(rows: Sequence[Example], names: Sequence[str], *, soft: bool) -> Floats:
    """[rows, labels]: a row's label as probabilities; a row of zeros where none is known."""
    shares = np.zeros((len(rows), len(names)))
    for i, row in enumerate(rows):
        if row.scores and (soft or row.label is None):
            shares[i] = [row.scores.get(name, 0.0) for name in names]
        elif row.label in names:
            shares[i, names.index(row.label)] = 1.0
    return shares


def loss_slopes(log_probabilities: Floats, targets: Floats, loss: Loss) -> Floats:
    """Derivative of each row's loss by its logits, [rows, labels]."""
    shares = np.exp(log_probabilities)
    if loss == "ce":
        return np.asarray(shares * targets.sum(axis=1, keepdims=True) - targets)
    heights = log_softmax(targets, axis=1)
    means = (shares * heights).sum(axis=1, keepdims=True)
    return np.asarray(-shares * (heights - means))


@dataclass(frozen=True)
class Fit:
    """The objective of a head on its rows, at one point.

    Parameters are the lines of weights of the labels, one after the other, then their biases. With
    two labels the first one's line is zero and not among them, as in scikit-learn.
    """

    features: Any
    """[rows, features]"""
    targets: Floats
    """[rows, labels]"""
    weights: Floats
    """[rows]"""
    c: float
    point: Floats | None = None

    @property
    def free(self) -> slice:
        """The labels that have parameters of their own."""
        return slice(1, None) if self.targets.shape[1] == 2 else slice(0, None)

    @property
    def lines(self) -> int:
        return len(range(self.targets.shape[1])[self.free])

    def exact(self, head: Head) -> Fit:
        """The minimum, by Newton's method from a head that is nearly there."""
        start = np.concatenate([head.weights[self.free].ravel(), head.bias[self.free]])
        fit = self._at(start)
        for _ in range(POLISH):
            slope = fit.gradient()
            if np.abs(slope).max() <= EXACT * max(1.0, self.weights.sum()):
                break
            assert fit.point is not None
            better = self._at(fit.point - fit.solve(slope))
            if (
                np.abs(better.gradient()).max() >= np.abs(slope).max()
            ):  # rounding is all that is left
                break
            fit = better
        return fit

    def _at(self, point: Floats) -> Fit:
        return Fit(self.features, self.targets, self.weights, self.c, point)

    def _parts(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Lines of weights [labels, features] and biases [labels]."""
        return parameters[: -self.lines].reshape(self.lines, -1), parameters[-self.lines :]

    def moved(self, parameters: Floats, features: Any = None) -> Floats:
        """What `parameters` add to the logits, [rows, free labels]."""
        lines, bias = self._parts(parameters)
        table = self.features if features is None else features
        return np.asarray(table @ lines.T) + bias

    def log_probabilities(self, features: Any = None) -> Floats:
        assert self.point is not None
        moved = self.moved(self.point, features)
        logits = np.zeros((len(moved), self.targets.shape[1]))
        logits[:, self.free] = moved
        return np.asarray(log_softmax(logits, axis=1))

    def slopes(self, *, unit: bool) -> Floats:
        """Derivative of each row's cross-entropy by its logits; times its weight unless `unit`."""
        found = loss_slopes(self.log_probabilities(), self.targets, "ce")
        return found if unit else found * self.weights[:, None]

    def joined(self, slopes: Floats, features: Any = None) -> Floats:
        """A gradient by the parameters from one by the logits, summed over rows."""
        table = self.features if features is None else features
        own = slopes[:, self.free]
        return np.concatenate([np.asarray(table.T @ own).T.ravel(), own.sum(axis=0)])

    def gradient(self) -> Floats:
        assert self.point is not None
        return self.joined(self.slopes(unit=False)) + self._penalised(self.point)

    def _penalised(self, parameters: Floats) -> Floats:
        found = parameters / self.c
        found[-self.lines :] = 0.0
        return found

    # --- the Hessian ------------------------------------------------------------------------------

    def solve(self, gradient: Floats) -> Floats:
        """H^-1 `gradient`: by Cholesky where H is small, else by conjugate gradients."""
        shares, mass = self._curvature()
        if gradient.size <= DIRECT:
            return np.asarray(cho_solve(cho_factor(self._hessian(shares, mass)), gradient))
        diagonal = self._diagonal(shares, mass)
        size = (gradient.size, gradient.size)
        found, _ = cg(
            LinearOperator(size, matvec=lambda v: self._product(v, shares, mass)),
            gradient,
            rtol=EXACT,
            maxiter=ITERATIONS,
            M=LinearOperator(size, matvec=lambda v: v / diagonal),
        )
        return np.asarray(found)

    def _curvature(self) -> tuple[Floats, Floats]:
        """Probabilities [rows, free labels] and the weight of each row's label [rows]."""
        shares = np.exp(self.log_probabilities())[:, self.free]
        return shares, self.weights * self.targets.sum(axis=1)

    def _product(self, vector: Floats, shares: Floats, mass: Floats) -> Floats:
        """H `vector`, without writing H down."""
        moved = self.moved(vector)
        pulled = shares * (moved - (shares * moved).sum(axis=1, keepdims=True)) * mass[:, None]
        found = np.concatenate([np.asarray(self.features.T @ pulled).T.ravel(), pulled.sum(axis=0)])
        return found + self._penalised(vector) + self._tied(vector)

    def _tied(self, vector: Floats) -> Floats:
        """All biases together may drift without changing a probability. This holds their sum, which
        no gradient moves, and so makes H invertible without changing an influence."""
        found = np.zeros_like(vector)
        if self.lines > 1:
            found[-self.lines :] = vector[-self.lines :].sum()
        return found

    def _hessian(self, shares: Floats, mass: Floats) -> Floats:
        size = self.lines * (self.features.shape[1] + 1)
        columns = [self._product(column, shares, mass) for column in np.eye(size)]
        return np.asarray(columns)

    def _diagonal(self, shares: Floats, mass: Floats) -> Floats:
        spread = shares * (1 - shares) * mass[:, None]
        squares = (
            self.features.multiply(self.features) if issparse(self.features) else (self.features**2)
        )
        lines = np.asarray(squares.T @ spread).T.ravel() + 1 / self.c
        return np.concatenate([lines, spread.sum(axis=0) + (self.lines > 1)])
