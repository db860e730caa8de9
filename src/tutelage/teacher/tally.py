"""Live numbers of a purchase, and the ceiling of failures at which it stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from tutelage.exceptions import TeacherError
from tutelage.store.caps import Shortfall

JUDGED_FROM = 20
"""A share of failures is judged from so many finished requests on."""


@runtime_checkable
class Paced(Protocol):
    """A session that can say how it is getting on; those without are shown with less detail."""

    notes: Sequence[str]
    """What the user should know, such as a parameter that the endpoint does not take."""

    def waiting(self) -> float:
        """Seconds for which the endpoint asked us to send nothing; 0 for none."""
        ...

    def refusals(self) -> int:
        """How often the endpoint refused for being asked too fast (429, 503)."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a purchase stands. All counts are of this process's life; sums in nano-dollars."""

    wanted: int
    """Requests that were asked for so far."""
    total: int | None
    """Requests that will be asked for, where that is known."""
    hits: int
    """Found in the ledger."""
    sent: int
    """Sendings, retries included."""
    replies: int
    failed: int
    failures: Mapping[str, int]
    """Given-up requests by reason."""
    lapses: Mapping[str, int]
    """Sendings without a reply by reason, those that were tried again included."""
    refusals: int
    """How often the endpoint said 429 or 503."""
    in_flight: int
    waiting_seconds: float
    """For how much longer the endpoint wants to hear nothing (Retry-After)."""
    seconds: float
    rate: float
    """Replies per second over the last moments."""
    paid: int
    charged: int
    projected: int | None
    """What will be paid when all requests are answered; None where the total is not known."""
    stopped: Shortfall | None
    """The cap that stopped the purchase."""
    notes: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Counts while a purchase goes on."""

    wanted: int = 0
    total: int | None = 0
    hits: int = 0
    sent: int = 0
    replies: int = 0
    paid: int = 0
    charged: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    lapses: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)

    def total_of(self, others: Iterable[Tally]) -> Tally:
        """The sum of this and `others`. Its total is known where all totals are."""
        whole = replace(
            self,
            failures=Counter(self.failures),
            lapses=Counter(self.lapses),
            samples=dict(self.samples),
        )
        for other in others:
            known = whole.total is not None and other.total is not None
            whole.total = (whole.total or 0) + (other.total or 0) if known else None
            for name in ("wanted", "hits", "sent", "replies", "paid", "charged"):
                setattr(whole, name, getattr(whole, name) + getattr(other, name))
            whole.failures.update(other.failures)
            whole.lapses.update(other.lapses)
            whole.samples = other.samples | whole.samples
        return whole

    def failed(self, why: str) -> None:
        reason = reason_of(why)
        self.failures[reason] += 1
        self.samples.setdefault(reason, why)

    def lapsed(self, why: str) -> None:
        self.lapses[reason_of(why)] += 1

    def projected(self) -> int | None:
        """Paid so far, and what is still wanted at the mean price of a reply."""
        if self.total is None or not self.replies:
            return None
        left = max(0, self.total - self.hits - self.replies - self.failures.total())
        return self.paid + left * self.paid // self.replies


@dataclass(frozen=True, slots=True)
class FailureCeiling:
    """How many requests may fail before a purchase stops: a count, or a share of all."""

    count: int | None = None
    share: float | None = None

    @classmethod
    def read(cls, text: str | int) -> FailureCeiling:
        """Read `5%` or a count.

        >>> FailureCeiling.read("5%").share, FailureCeiling.read(3).count
        (0.05, 3)
        """
        word = str(text).strip()
        try:
            if word.endswith("%"):
                share = float(word[:-1]) / 100
                if 0 <= share <= 1:
                    return cls(share=share)
            elif int(word) >= 0:
                return cls(count=int(word))
        except ValueError:
            pass
        raise ValueError(f"max_failed needs a share such as 5% or a count such as 20; was: {text}")

    def passed(self, tally: Tally, *, last: bool = False) -> bool:
        """Whether more requests failed than allowed.

        A share is judged from 20 finished requests on; at the end (`last`) of a smaller purchase
        it is passed where not a single reply came.
        """
        failed = tally.failures.total()
        if self.count is not None:
            return failed > self.count
        finished = failed + tally.replies
        if finished < JUDGED_FROM:
            return last and failed > 0 and tally.replies + tally.hits == 0
        return failed > (self.share or 0.0) * finished

    def error(self, tally: Tally) -> TeacherError:
        """The most frequent failures, each with a sample as it came."""
        failed, finished = tally.failures.total(), tally.failures.total() + tally.replies
        allowed = str(self.count) if self.share is None else f"{self.share:.3g} of them"
        lines = [
            f"  {count} x {tally.samples[reason][:500]}"
            for reason, count in tally.failures.most_common(3)
        ]
        return TeacherError(
            f"{failed} of {finished} requests failed; max_failed allows {allowed}.",
            "Most frequent:\n" + "\n".join(lines),
            "Mend the cause and run again: replies are kept, and what failed is asked again. "
            "teacher.max_failed raises the ceiling.",
        )


def reason_of(why: str) -> str:
    """What stands before the first colon: the kind of failure without its particulars."""
    return why.partition(":")[0].strip()
