"""Replies of teachers that weigh all labels of a row instead of writing one.

The reply's text is the words of a label: the likeliest at temperature 0, else a draw from the
probabilities raised to 1 / temperature. It is told as one token whose rivals are the words of all
labels with their log-probabilities, so that whoever reads the reply finds the whole distribution.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from tutelage.records import Completion, Reply, Request, Task, TokenScore, Usage

LEAST = 1e-12
"""Probability below which none is told."""


def is_weighed(request: Request, task: Task) -> bool:
    """Whether the answer to `request` is one label of `task`."""
    return (
        request.gist is not None
        and request.gist.kind == "answer"
        and task.kind in ("classification", "nli")
    )


def label_reply(
    request: Request,
    task: Task,
    probabilities: Sequence[float],
    *,
    prompt_tokens: int,
    length: Callable[[str], int],
    served_by: str,
) -> Reply:
    """The reply that says one of the labels.

    Args:
        request: What was asked, with its sampling filled in.
        task: Whose labels were weighed.
        probabilities: One for each label, in the task's order; they sum to 1.
        prompt_tokens: Of the prompt.
        length: Tokens of a label's words and the end.
        served_by: The model.
    """
    temperature = request.sampling.temperature or 0.0
    completions = []
    for at in range(request.sampling.n):
        chosen = drawn(probabilities, temperature, stream=f"{request.hash}/{at}")
        completions.append(_said(task, probabilities, chosen))
    used = sum(length(completion.text) for completion in completions)
    return Reply(request.hash, tuple(completions), Usage(1, prompt_tokens, used), served_by)


def _said(task: Task, probabilities: Sequence[float], chosen: int) -> Completion:
    scores = {
        label.said: math.log(max(share, LEAST))
        for label, share in zip(task.labels, probabilities, strict=True)
    }
    words = task.labels[chosen].said
    return Completion(words, tokens=(TokenScore(words, scores[words], scores),))


def drawn(probabilities: Sequence[float], temperature: float, *, stream: str) -> int:
    """The place of the likeliest, the first of equals; or of a draw.

    >>> drawn([0.2, 0.5, 0.3], 0.0, stream="a")
    1
    >>> {drawn([0.5, 0.0, 0.5], 1.0, stream=str(k)) for k in range(20)}
    {0, 2}
    """
    best = max(probabilities)
    if temperature <= 0:
        return list(probabilities).index(best)
    shares = [(p / best) ** (1 / temperature) for p in probabilities]
    return random.Random(stream).choices(range(len(shares)), weights=shares)[0]
