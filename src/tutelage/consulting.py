"""How checks hear the teacher: questions about drafts, bought before anything is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tutelage.buying import Answers, number_draws
from tutelage.contracts import Bench, Inquiring
from tutelage.curation.judging import NamedCheck, judge
from tutelage.records import Draft, Example, Prediction, Reply, Request, Usage


@dataclass(frozen=True)
class Inquiry:
    """What one check wants to know, ready to be sent."""

    check: Inquiring
    rows: tuple[Example, ...]
    """Rows that it asks about: those that the checks before it leave."""
    requests: tuple[Request, ...]
    """All questions, row by row, with their draws."""
    counts: tuple[int, ...]
    """Questions about each row."""
    draws: Mapping[str, int]
    """Next draw by prompt."""
    shown: tuple[str, ...] = ()
    """Ids of the gold rows that the questions show, sorted."""


@dataclass(frozen=True)
class Consulted:
    """What the teacher said."""

    predictions: tuple[Prediction, ...]
    """On each row; without an answer where a reply is missing."""
    requests: tuple[str, ...]
    """Hashes of the requests that were answered."""
    missing: int = 0
    """Questions without a reply."""
    stopped: str = ""
    """The cap that ended the purchase."""
    usage: Usage = field(default_factory=Usage)
    """What the replies cost, whoever paid for them first."""


def inquiries(checks: Sequence[NamedCheck]) -> list[tuple[int, Inquiring]]:
    """Checks that want to hear the teacher, each with its place."""
    return [
        (place, named.check)
        for place, named in enumerate(checks)
        if isinstance(named.check, Inquiring) and named.check.asks
    ]


def inquire(
    checks: Sequence[NamedCheck],
    place: int,
    drafts: Sequence[Draft],
    bench: Bench,
    *,
    train: Sequence[Example],
    seed: int,
    draws: Mapping[str, int],
) -> Inquiry:
    """What the check at `place` asks about the drafts that the checks before it leave.

    Args:
        checks: All checks of the arm.
        place: Of a check out of `inquiries`.
        drafts: One purchase.
        bench: With the answers to the checks before it.
        train: Gold rows that may be shown.
        seed: Purchase seed.
        draws: Draws already taken, by prompt.
    """
    check = checks[place].check
    assert isinstance(check, Inquiring)
    rows, _ = judge(checks[:place], drafts, bench)
    shots = check.shots(train, seed)
    asked = [check.questions(row, shots) for row in rows]
    counter = Counter(draws)
    requests = number_draws(
        [replace(request, purchase=seed) for one in asked for request in one], counter
    )
    counts = tuple(len(one) for one in asked)
    shown = tuple(sorted({shot.id for shot in shots})) if requests else ()
    return Inquiry(check, tuple(rows), tuple(requests), counts, dict(counter), shown)


def hear(inquiry: Inquiry, answers: Answers) -> Consulted:
    """Read the answers, row by row."""
    left = iter(answers.replies)
    predictions, requests, missing, usage = [], [], 0, Usage()
    for row, count in zip(inquiry.rows, inquiry.counts, strict=True):
        replies = [next(left) for _ in range(count)]
        there = [reply for reply in replies if isinstance(reply, Reply)]
        requests += [reply.request for reply in there]
        missing += count - len(there)
        usage = sum((reply.usage for reply in there), usage)
        whole = bool(there) and len(there) == count
        predictions.append(inquiry.check.heard(row, there) if whole else Prediction(row.id))
    return Consulted(tuple(predictions), tuple(requests), missing, answers.stopped, usage)
