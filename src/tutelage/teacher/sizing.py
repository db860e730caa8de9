"""The most that a request can take of a model in this process, told without loading it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from tutelage.records import Message, Request, Task, Usage

LAYOUT_BYTES = 256
"""What a chat template may add to a conversation: a default system message, dates, marks."""
MESSAGE_BYTES = 16
"""What it adds for each message."""


def worst_usage(request: Request, task: Task, *, max_tokens: int) -> Usage:
    """A bound from above of what answering `request` uses.

    No piece of a tokenizer is shorter than one byte of the text as the tokenizer sees it, which may
    be its compatibility form (NFKC). Answers to a task with labels are scored, not written: they
    take as many tokens as the words of a label.

    Args:
        request: With its sampling filled in.
        task: Whose labels may be scored.
        max_tokens: Longest completion where the request says nothing.
    """
    prompts: list[Sequence[Message]] = [request.messages]
    if request.steering is not None:
        prompts += request.steering.against
    asked = sum(_bytes_of(prompt) for prompt in prompts)
    longest = request.sampling.max_tokens or max_tokens
    if request.gist is not None and request.gist.kind == "answer":
        longest = max([longest, *(len(label.said.encode()) + 2 for label in task.labels)])
    return Usage(1, asked, longest * request.sampling.n)


def _bytes_of(messages: Sequence[Message]) -> int:
    return LAYOUT_BYTES + sum(MESSAGE_BYTES + widest(m.content) for m in messages)


def widest(text: str) -> int:
    """Most bytes of `text` in the forms that tokenizers bring texts to.

    >>> widest("plain"), widest("é"), widest("ﷺ")
    (5, 3, 33)
    """
    if text.isascii():
        return len(text)
    forms = (text, unicodedata.normalize("NFKC", text), unicodedata.normalize("NFD", text))
    return max(len(form.encode("utf-8", "replace")) for form in forms)
