"""SuperGen's temporal ensembling: its published settings as statements, and values by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("torch")

from tutelage.neural.ensembling import Ensemble, Ensembling

pytestmark = pytest.mark.train


def test_the_published_settings() -> None:
    settings = Ensembling()
    assert (settings.momentum, settings.every, settings.threshold) == (0.8, 100, 0.8)
    assert (settings.weight, settings.ramp) == (10.0, 10)
    assert settings.pull(0) == 0.0
    assert settings.pull(3) == pytest.approx(10 * math.exp(-5 * 0.7**2))
    assert settings.pull(10) == settings.pull(11) == 10.0


def test_the_running_mean_is_corrected_for_its_start() -> None:
    ensemble = Ensemble(Ensembling(), np.array([0]))
    ensemble.take(np.array([[0.9, 0.1]]))
    assert ensemble.shares == pytest.approx(np.array([[0.9, 0.1]]))
    ensemble.take(np.array([[0.5, 0.5]]))
    first = (0.8 * 0.2 * 0.9 + 0.2 * 0.5) / (1 - 0.8**2)  # .244 / .36
    assert ensemble.shares == pytest.approx(np.array([[first, 1 - first]]))


def test_rows_teach_whose_label_is_sure() -> None:
    classes = np.array([0] * 20 + [1] * 20)
    ensemble = Ensemble(Ensembling(), classes)
    assert ensemble.teaching().all()
    own = np.full(40, 0.95)
    own[[3, 25]] = [0.79, 0.1]
    shares = np.where(classes[:, None] == np.arange(2), own[:, None], 1 - own[:, None])
    ensemble.take(shares)
    assert np.flatnonzero(~ensemble.teaching()).tolist() == [3, 25]


def test_a_label_that_is_hardly_believed_keeps_its_surer_half() -> None:
    classes = np.array([0] * 20 + [1] * 20)
    own = np.concatenate([np.full(20, 0.95), np.linspace(0.01, 0.4, 20)])
    shares = np.where(classes[:, None] == np.arange(2), own[:, None], 1 - own[:, None])
    ensemble = Ensemble(Ensembling(), classes)
    ensemble.take(shares)
    assert np.flatnonzero(ensemble.teaching()).tolist() == [*range(20), *range(30, 40)]


def test_what_a_resumed_training_needs() -> None:
    one = Ensemble(Ensembling(), np.array([0, 1]))
    other = Ensemble(Ensembling(), np.array([0, 1]))
    other.recall(one.memory())
    assert other.answers == 0
    one.take(np.array([[0.9, 0.1], [0.4, 0.6]]))
    other.recall(one.memory())
    assert other.shares == pytest.approx(one.shares) and other.pull == one.pull
