"""Batches that become smaller where the device's memory does not hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tutelage.exceptions import TutelageError


def run_batches(
    items: Sequence[int],
    run: Callable[[list[int], int], None],
    *,
    batch_size: int,
    rows: Callable[[int], int] = lambda _: 1,
) -> None:
    """Run all items in batches; one that does not fit into memory is halved and tried again.

    After that no batch is larger than the half that was tried.

    Args:
        items: Numbers of the items, in the order in which they are to be run.
        run: Runs a batch, with no more rows at once than its second argument, and keeps the
            results; may be called again with a part of the batch, or with fewer rows.
        batch_size: Most rows in a batch.
        rows: Rows that an item takes; an item of more than `batch_size` is a batch by itself.

    Raises:
        TutelageError: one item alone does not fit.
    """
    limit, at = max(1, batch_size), 0
    while at < len(items):
        batch = _take(items[at:], rows, limit)
        refused = _try(run, batch, limit)
        if refused is None:
            at += len(batch)
            continue
        if limit == 1:
            raise TutelageError(
                "One request alone does not fit into the device's memory.",
                str(refused).split("\n", maxsplit=1)[0],
                "Ask for fewer tokens, shorten the prompt, use precision: bf16, or a smaller "
                "model.",
            ) from refused
        limit = max(1, (limit if len(batch) == 1 else sum(map(rows, batch))) // 2)


def _take(items: Sequence[int], rows: Callable[[int], int], limit: int) -> list[int]:
    batch, filled = [items[0]], rows(items[0])
    for item in items[1:]:
        filled += rows(item)
        if filled > limit:
            break
        batch.append(item)
    return batch


def _try(run: Callable[[list[int], int], None], batch: list[int], limit: int) -> Exception | None:
    """None, or what said that memory is short, without the frames that still hold tensors."""
    try:
        run(batch, limit)
        return None
    except torch.OutOfMemoryError as e:
        refused = e.with_traceback(None)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return refused
