from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from tutelage.evaluation.calibration import Calibration, calibration_error
from tutelage.evaluation.metric_options import CalibrationOptions
from tutelage.records import Example, Label, Prediction, Task

TASK = Task("t", "classification", ("text",), (Label("a"), Label("b"), Label("c")))


def scored(table: np.ndarray) -> list[Prediction]:
    return [
        Prediction(str(i), label="abc"[line.argmax()], scores=dict(zip("abc", line, strict=True)))
        for i, line in enumerate(table)
    ]


def test_brier_and_log_loss_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    table = rng.dirichlet([1, 1, 1], 100)
    truth = rng.integers(0, 3, 100)
    gold = [Example(str(i), {}, label="abc"[t]) for i, t in enumerate(truth)]
    found = Calibration().score(TASK, gold, scored(table))
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, table))
    assert found["brier"] == pytest.approx(((table - np.eye(3)[truth]) ** 2).sum(axis=1).mean())
    assert found["scored_rows"] == 100


def test_the_calibration_error_by_hand() -> None:
    table = np.array([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1], [1.0, 0.0]])
    truth = np.array([[False, True], [True, False], [True, False], [True, False]])
    # two bins of two: |.65 - .5| and |.95 - 1|
    assert calibration_error(table, truth, bins=2) == pytest.approx((0.15 + 0.05) / 2)
    assert calibration_error(table, truth, bins=1) == pytest.approx(0.8 - 0.75)
    assert calibration_error(table, truth, bins=99) == pytest.approx((0.6 + 0.3 + 0.1 + 0) / 4)


def test_scores_are_shares_of_their_sum_and_certain_errors_stay_finite() -> None:
    gold = [Example("0", {}, label="a"), Example("1", {}, label="a"), Example("2", {}, label="a")]
    answers = [
        Prediction("0", label="a", scores={"a": 0.3, "b": 0.1}),
        Prediction("1", label="b", scores={"b": 1.0}),
        Prediction("2"),
    ]
    found = Calibration(CalibrationOptions(bins=1)).score(TASK, gold, answers)
    assert found["scored_rows"] == 2
    assert found["ece"] == pytest.approx((0.75 + 1.0) / 2 - 0.5)
    assert found["log_loss"] == pytest.approx(-(np.log(0.75) + np.log(1e-15)) / 2)


def test_nothing_is_said_without_scores() -> None:
    assert Calibration().score(TASK, [Example("0", {}, label="a")], [Prediction("0")]) == {}
