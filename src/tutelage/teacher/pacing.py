"""How many requests may be in flight: additive increase, multiplicative decrease.

A pure object: it holds no clock and no task, so that every rule can be tested with made-up times.
The idea is TCP's (Chiu and Jain 1989): a refusal shrinks the window at once, successes widen it
step by step. All refusals of one burst count once, since they tell the same news.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Pacing:
    """The window of requests in flight, and the time before which none may start.

    Times are seconds of any monotonic clock.
    """

    most: int
    """The recipe's concurrency: the window never grows beyond it."""
    decrease: float = 0.7
    """Factor of the window on the first refusal of a burst."""
    step: int = 25
    """Successes for which the window grows by one."""
    patience: float = 600.0
    """Longest wait that a Retry-After may ask for, in seconds."""
    window: float = field(init=False)
    in_flight: int = field(init=False, default=0)
    resume_at: float = field(init=False, default=0.0)
    """No request starts before this time."""
    refusals: int = field(init=False, default=0)
    _shrunk_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"concurrency must be at least 1; was: {self.most}")
        self.window = float(self.most)

    def wait(self, now: float) -> float | None:
        """Seconds until a request may start; 0 for now, None for when another one ends."""
        if now < self.resume_at:
            return self.resume_at - now
        return 0.0 if self.in_flight < int(self.window) else None

    def start(self, now: float) -> float:
        """Note that a request starts; returns the time to hand back to `refuse`."""
        self.in_flight += 1
        return now

    def end(self) -> None:
        """Note that a request ended, whatever came of it."""
        self.in_flight -= 1

    def succeed(self) -> None:
        """An answer came: widen the window a little."""
        if self.window < self.most:
            self.window = min(float(self.most), self.window + 1.0 / self.step)

    def refuse(self, now: float, *, started: float, retry_after: float | None = None) -> None:
        """The server asked us to slow down (429 or 503).

        Args:
            now: When the refusal came.
            started: When the refused request started. One that started before the window last
                shrank belongs to the same burst and does not shrink it again.
            retry_after: Seconds for which the server wants to hear nothing.
        """
        self.refusals += 1
        if started > self._shrunk_at:
            self.window = max(1.0, self.window * self.decrease)
            self._shrunk_at = now
        if retry_after is not None:
            self.resume_at = max(self.resume_at, now + min(retry_after, self.patience))
