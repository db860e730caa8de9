from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tutelage.teacher.pacing import Pacing


def test_a_burst_of_refusals_shrinks_the_window_once():
    pacing = Pacing(10)
    started = [pacing.start(0.0) for _ in range(10)]
    for k, at in enumerate(started):
        pacing.end()
        pacing.refuse(1.0 + k / 100, started=at)
    assert pacing.window == pytest.approx(7.0)
    pacing.refuse(3.0, started=pacing.start(2.0))
    assert pacing.window == pytest.approx(4.9)
    assert pacing.refusals == 11


def test_successes_widen_it_by_one_for_every_25():
    pacing = Pacing(10)
    pacing.refuse(1.0, started=0.0)
    for _ in range(25):
        pacing.succeed()
    assert pacing.window == pytest.approx(8.0)
    for _ in range(1000):
        pacing.succeed()
    assert pacing.window == 10.0


def test_retry_after_holds_everyone_until_then():
    pacing = Pacing(4)
    pacing.refuse(100.0, started=99.0, retry_after=5.0)
    assert pacing.wait(102.0) == pytest.approx(3.0)
    assert pacing.wait(105.0) == 0.0
    pacing.refuse(106.0, started=100.0, retry_after=1e9)
    assert pacing.wait(106.0) == pacing.patience


def test_a_full_window_waits_for_an_end():
    pacing = Pacing(1)
    pacing.start(0.0)
    assert pacing.wait(0.0) is None
    pacing.end()
    assert pacing.wait(0.0) == 0.0


def test_no_concurrency_is_refused():
    with pytest.raises(ValueError, match="at least 1; was: 0"):
        Pacing(0)


class Endpoint(RuleBasedStateMachine):
    """Any order of starts, answers and refusals."""

    def __init__(self) -> None:
        super().__init__()
        self.pacing, self.now = Pacing(8), 0.0
        self.flying: list[float] = []

    @rule(seconds=st.floats(0.0, 5.0))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.pacing.wait(self.now) == 0.0)
    @rule()
    def start(self) -> None:
        self.flying.append(self.pacing.start(self.now))

    @precondition(lambda self: self.flying)
    @rule()
    def answer(self) -> None:
        before = self.pacing.window
        self.flying.pop(0)
        self.pacing.end()
        self.pacing.succeed()
        assert before <= self.pacing.window <= before + 0.041

    @precondition(lambda self: self.flying)
    @rule(after=st.one_of(st.none(), st.floats(0.01, 3.0)))
    def refuse(self, after: float | None) -> None:
        before = self.pacing.window
        started = self.flying.pop(0)
        self.pacing.end()
        self.pacing.refuse(self.now, started=started, retry_after=after)
        assert self.pacing.window in (before, max(1.0, before * self.pacing.decrease))
        if after is not None:
            wait = self.pacing.wait(self.now)
            assert wait is not None
            assert wait > 0.0

    @invariant()
    def never_stuck_and_never_beyond(self) -> None:
        assert 1.0 <= self.pacing.window <= 8.0
        assert self.pacing.in_flight == len(self.flying)
        wait = self.pacing.wait(self.now)
        assert wait is not None or self.flying  # someone in flight will end


TestEndpoint = Endpoint.TestCase
TestEndpoint.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@given(st.integers(1, 500), st.integers(0, 200))
def test_the_window_recovers_fully(most, bursts):
    pacing = Pacing(most)
    for k in range(bursts):
        pacing.refuse(2.0 * k + 1.0, started=2.0 * k)
    for _ in range(25 * most):
        pacing.succeed()
    assert pacing.window == pytest.approx(most)
