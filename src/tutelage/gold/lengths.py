"""How many rows a student's length limit would cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tutelage.records import Example, Task


def cut_share(
    rows: Sequence[Example], task: Task, count_tokens: Callable[[str], int], limit: int
) -> float:
    """Share of rows whose texts have more than `limit` tokens, 0 to 1.

    Args:
        rows: The rows to look at.
        task: Names the fields and their order.
        count_tokens: Tokens of one text, as the student's tokenizer counts them.
        limit: Tokens that the student reads at most.

    The fields are joined by a space, without the names that a student's template puts before them.

    >>> task = Task("t", "classification", ("text",))
    >>> rows = [Example("1", {"text": "a b c"}), Example("2", {"text": "a"})]
    >>> cut_share(rows, task, lambda text: len(text.split()), 2)
    0.5
    """
    if not rows:
        return 0.0
    texts = (" ".join(row.fields[name] for name in task.fields) for row in rows)
    return sum(count_tokens(text) > limit for text in texts) / len(rows)
