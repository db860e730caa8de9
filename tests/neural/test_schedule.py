"""The learning rate ends exactly with training, and evaluations are where they should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import TrainingError
from tutelage.neural.schedule import make_schedule


def schedule(rows: int = 100, **changes: Any) -> Any:
    given = {
        "batch_size": 10,
        "epochs": 2,
        "steps": None,
        "warmup": 0,
        "learning_rate": 1.0,
        "evaluations_per_epoch": 1,
    } | changes
    return make_schedule(rows, **given)


def test_the_published_schedule() -> None:
    plan = schedule(16_946, batch_size=64, epochs=5, warmup=100, evaluations_per_epoch=2)
    assert plan.steps == 1325
    assert len(plan.evaluations) == 10
    assert plan.evaluations[0] == 132 and plan.evaluations[-1] == 1325
    assert plan.rate(99) == plan.rate(100) == 1.0


@given(st.integers(1, 5000), st.integers(1, 64), st.floats(0, 0.5))
def test_rates_are_positive_and_reach_zero_after_the_last_step(rows, batch, warmup) -> None:
    plan = schedule(rows, batch_size=batch, warmup=warmup)
    rates = [plan.rate(step) for step in range(plan.steps)]
    assert min(rates) > 0 and max(rates) <= 1
    assert plan.rate(plan.steps) == 0
    assert plan.evaluations[-1] == plan.steps


def test_steps_replace_epochs() -> None:
    assert schedule(steps=7).steps == 7


@pytest.mark.parametrize("changes", [{"warmup": 20}, {"warmup": 1000}])
def test_a_warm_up_that_training_does_not_outlast_is_refused(changes) -> None:
    with pytest.raises(TrainingError, match=r"does not fit into training of 20 steps"):
        schedule(**changes)


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(TrainingError, match="no row"):
        schedule(0)
