"""ProGen's influence on tiny linear cases: the closed form, and training again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from tutelage.contracts import Influential
from tutelage.exceptions import UserError
from tutelage.records import Example, Label, Task
from tutelage.student import upweighting
from tutelage.student.linear import build
from tutelage.student.options import LinearOptions
from tutelage.student.upweighting import Loss, influences, label_shares, loss_slopes

TWO = Task("t", "classification", ("text",), (Label("a"), Label("b")))
THREE = Task("t", "classification", ("text",), (Label("a"), Label("b"), Label("c")))
Floats = npt.NDArray[np.float64]


def example(i: int, label: str, weight: float = 1.0) -> Example:
    return Example(str(i), {"text": str(i)}, label=label, weight=weight)


def problem(task: Task, count: int, seed: int) -> tuple[Floats, list[Example]]:
    """Overlapping clouds, with weights that differ."""
    rng = np.random.default_rng(seed)
    names = task.label_names
    code = np.arange(count) % len(names)
    table = rng.normal(size=(count, 4)) + np.eye(4)[code]
    rows = [example(i, names[k], 0.5 + i % 3) for i, k in enumerate(code.tolist())]
    return table, rows


def trained(table: Floats, rows: list[Example], task: Task, c: float) -> tuple[Floats, Floats]:
    """Weights and biases of all labels, by a general optimiser on the objective as it is written."""
    targets = label_shares(rows, task.label_names, soft=False)
    mass = np.array([row.weight for row in rows])
    count, width = len(task.labels), table.shape[1]
    free = 1 if count == 2 else 0

    def parts(theta: Floats) -> tuple[Floats, Floats]:
        lines, bias = np.zeros((count, width)), np.zeros(count)
        lines[free:] = theta[: (count - free) * width].reshape(-1, width)
        bias[free:] = theta[(count - free) * width :]
        return lines, bias

    def objective(theta: Floats) -> tuple[float, Floats]:
        lines, bias = parts(theta)
        scores = log_softmax(table @ lines.T + bias, axis=1)
        slopes = (np.exp(scores) - targets) * mass[:, None]
        gradient = np.concatenate(
            [(slopes.T @ table + lines / c)[free:].ravel(), slopes.sum(0)[free:]]
        )
        return float(
            -(mass * (targets * scores).sum(1)).sum() + (lines**2).sum() / (2 * c)
        ), gradient

    start = np.zeros((count - free) * (width + 1))
    found = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    return parts(found.x)


def reverse_loss(
    table: Floats, rows: list[Example], task: Task, lines: Floats, bias: Floats
) -> float:
    """Mean of -sum_k p_k log softmax(one-hot)_k."""
    shares = softmax(table @ lines.T + bias, axis=1)
    heights = log_softmax(label_shares(rows, task.label_names, soft=False), axis=1)
    return float(-(shares * heights).sum(axis=1).mean())


def test_one_feature_without_bias_in_the_closed_form() -> None:
    """Two labels, one feature that is 1 or -1 in equal numbers: by symmetry the bias is 0.

    Label b at x = 1 and a at x = -1, c = 1: J(w) = 2 log(1 + e^-w) + w^2 / 2, so that w = 2 s with
    s = 1 / (1 + e^w); the Hessian is 2 s (1 - s) + 1 for w and 2 s (1 - s) for the bias.
    """
    w = 0.0
    for _ in range(200):
        w = w - (w - 2 / (1 + math.exp(w))) / (1 + 2 * math.exp(w) / (1 + math.exp(w)) ** 2)
    s = 1 / (1 + math.exp(w))
    table = np.array([[1.0], [-1.0]])
    rows = [example(0, "b"), example(1, "a")]
    unseen = np.array([[2.0]])
    p = 1 / (1 + math.exp(-2 * w))  # of label b
    slopes: dict[Loss, float] = {"ce": p - 1, "rce": -p * (1 - p)}
    for loss, slope in slopes.items():
        found = influences(table, rows, unseen, [example(9, "b")], TWO, c=1.0, loss=loss)
        curve, flat = 2 * s * (1 - s) + 1, 2 * s * (1 - s)
        gradients = [(-s, -s), (-s, s)]  # by w and by the bias: (p - y) x and p - y
        expected = [-(2 * slope * gw / curve + slope * gb / flat) for gw, gb in gradients]
        assert found == pytest.approx(expected, rel=1e-6)


def test_reverse_cross_entropy_is_a_constant_less_the_probability() -> None:
    scores = log_softmax(np.array([[0.3, -0.2, 1.0]]), axis=1)
    wanted = np.array([[0.0, 1.0, 0.0]])
    shares = np.exp(scores)[0]
    by_hand = [-shares[1] * ((k == 1) - shares[k]) for k in range(3)]
    assert loss_slopes(scores, wanted, "rce")[0] == pytest.approx(by_hand)
    assert loss_slopes(scores, wanted, "ce")[0] == pytest.approx(shares - wanted[0])


@pytest.mark.parametrize("task", [TWO, THREE])
def test_it_is_what_training_again_with_a_little_more_weight_shows(task: Task) -> None:
    table, rows = problem(task, 24, 1)
    unseen, others = problem(task, 12, 2)
    found = influences(table, rows, unseen, others, task, c=2.0)
    step = 1e-3
    for i in range(0, 24, 5):
        losses = []
        for sign in (1, -1):
            heavier = [*rows]
            heavier[i] = replace(rows[i], weight=rows[i].weight + sign * step)
            losses.append(reverse_loss(unseen, others, task, *trained(table, heavier, task, 2.0)))
        assert found[i] == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-3, abs=1e-8)


def test_leaving_a_row_out_costs_its_influence_to_first_order() -> None:
    table, rows = problem(THREE, 120, 3)
    unseen, others = problem(THREE, 60, 4)
    found = np.array(influences(table, rows, unseen, others, THREE, c=1.0))
    whole = reverse_loss(unseen, others, THREE, *trained(table, rows, THREE, 1.0))
    costs = []
    for i in range(0, 120, 8):
        left = [row for j, row in enumerate(rows) if j != i]
        fewer = np.delete(table, i, axis=0)
        costs.append(reverse_loss(unseen, others, THREE, *trained(fewer, left, THREE, 1.0)) - whole)
    expected = [-found[i] * rows[i].weight for i in range(0, 120, 8)]
    assert np.corrcoef(costs, expected)[0, 1] > 0.99
    assert np.polyfit(expected, costs, 1)[0] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("task", [TWO, THREE])
def test_conjugate_gradients_agree_with_the_factored_hessian(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, rows = problem(task, 30, 5)
    unseen, others = problem(task, 10, 6)
    direct = influences(table, rows, unseen, others, task, c=50.0, loss="ce")
    monkeypatch.setattr(upweighting, "DIRECT", 1)
    thin = sparse.csr_matrix(table)
    by_steps = influences(thin, rows, sparse.csr_matrix(unseen), others, task, c=50.0, loss="ce")
    assert by_steps == pytest.approx(direct, rel=1e-5)


@pytest.mark.parametrize("loss", ["rce", "ce"])
def test_wrong_labels_harm_and_right_ones_help(loss: Loss) -> None:
    table, rows = problem(TWO, 100, 7)
    wrong = list(range(0, 100, 10))
    for i in wrong:
        rows[i] = replace(rows[i], label="b" if rows[i].label == "a" else "a")
    unseen, others = problem(TWO, 200, 8)
    found = np.array(influences(table, rows, unseen, others, TWO, c=1.0, loss=loss))
    assert found[wrong].mean() > 0 > np.delete(found, wrong).mean()


def test_rows_of_unknown_labels_say_nothing() -> None:
    table, rows = problem(TWO, 10, 9)
    assert influences(table, rows, table[:1], [example(0, "c")], THREE, c=1.0) == [0.0] * 10
    with pytest.raises(UserError, match="several labels"):
        influences(table, rows, table, rows, replace(TWO, kind="multi_label"), c=1.0)


def test_the_linear_student_has_gradients(tmp_path: Path) -> None:
    words = {"a": ["red", "warm", "fire"], "b": ["blue", "cold", "ice"]}
    rng = np.random.default_rng(0)

    def made(count: int, start: int) -> list[Example]:
        return [
            Example(
                str(start + i),
                {"text": " ".join([*rng.choice(words["ab"[i % 2]], 2), f"w{rng.integers(20)}"])},
                label="ab"[i % 2],
            )
            for i in range(count)
        ]

    train, others = made(40, 0), made(20, 100)
    train[4] = replace(train[4], label="b")
    learner = build(LinearOptions(c=10.0), task=TWO)
    student = learner.load(Path(learner.fit(train, [], seed=1, folder=tmp_path).folders["last"]))
    assert isinstance(student, Influential)
    found = student.influences(train, others, loss="rce")
    assert int(np.argmax(found)) == 4
    features = student.features
    direct = influences(
        features.transform(train), train, features.transform(others), others, TWO, c=10.0
    )
    assert found == direct
