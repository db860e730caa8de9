from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from tutelage.buying import Answers, Bought, buy
from tutelage.contracts import Synthesizer
from tutelage.records import (
    Brief,
    Completion,
    Example,
    Gist,
    Label,
    Origin,
    Reply,
    Request,
    Task,
)

Say = Callable[[Gist, int], str]
"""A teacher by the gist of a request: the gist, and how often it was asked before."""


@pytest.fixture
def nli() -> Task:
    labels = (Label("e", "entailment"), Label("n", "neutral"), Label("c", "contradiction"))
    return Task("nli", "nli", ("premise", "hypothesis"), labels)


@pytest.fixture
def brief(nli: Task) -> Brief:
    """Twelve gold rows on four premises, twenty unlabelled rows."""
    train = tuple(
        Example(
            f"t{i}",
            {"premise": f"Dog {i // 3} runs.", "hypothesis": f"Animal {i} moves."},
            label="enc"[i % 3],
            origin=Origin(role="train"),
            tags={"topic": "dogs"},
        )
        for i in range(12)
    )
    unlabelled = tuple(
        Example(
            f"u{i}",
            {"premise": f"Cat {i} sleeps.", "hypothesis": "It rests."},
            label="e",  # hidden from the teacher, and replaced by its answer
            origin=Origin(role="unlabelled"),
        )
        for i in range(20)
    )
    return Brief(nli, "arm", train, unlabelled, turn=0, seed=1)


@pytest.fixture
def reviews() -> Task:
    labels = (Label("0", "negative", "Regrets it."), Label("1", "positive"))
    return Task("reviews", "classification", ("text",), labels, "Judge film reviews.")


class Shopping:
    """Buys from a teacher that answers by gist, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, synthesizer: Synthesizer, brief: Brief, say: Say) -> Bought:
        asked: Counter[str] = Counter()

        async def ask(requests: Sequence[Request]) -> Answers:
            replies = []
            for request in requests:
                assert request.gist is not None
                self.requests.append(request)
                text = say(request.gist, asked[str(request.gist)])
                asked[str(request.gist)] += 1
                replies.append(Reply(request.hash, (Completion(text),)))
            return Answers(replies)

        return asyncio.run(buy(synthesizer, brief, ask, {}))


@pytest.fixture
def shopping() -> Shopping:
    return Shopping()
