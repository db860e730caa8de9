"""Batches of rows of like length, shuffled by seed; every epoch holds every row exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Sizes = npt.NDArray[np.int64]
"""[rows, 2]: pieces of the source and of the target."""

POOL = 32
"""Batches that are formed together: rows of like length are looked for among so many batches, so a
batch stays a nearly random draw from the epoch."""


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Optimiser steps of one pass: the last batch may be short, no row is lost.

    >>> steps_per_epoch(16_946, 64), 5 * steps_per_epoch(16_946, 64)
    (265, 1325)
    """
    return -(-rows // batch_size)


def epoch_batches(
    sizes: Sizes, batch_size: int, rng: np.random.Generator
) -> list[npt.NDArray[np.int64]]:
    """Cut one shuffled pass over the rows into batches of like source and target length.

    Rows are shuffled, taken `POOL` batches at a time, sorted by source into strips and each strip
    by target, cut into batches, and the batches shuffled. Only one batch may be short.

    Args:
        sizes: Lengths by row.
        batch_size: Rows in a batch.
        rng: Decides the order, and nothing else does.
    """
    order = rng.permutation(len(sizes))
    batches: list[npt.NDArray[np.int64]] = []
    for at in range(0, len(order), POOL * batch_size):
        batches += _cut_pool(order[at : at + POOL * batch_size], sizes, batch_size)
    return [batches[i] for i in rng.permutation(len(batches))]


def _cut_pool(
    pool: npt.NDArray[np.int64], sizes: Sizes, batch_size: int
) -> list[npt.NDArray[np.int64]]:
    count = steps_per_epoch(len(pool), batch_size)
    strip = max(1, round(count**0.5)) * batch_size
    by_source = pool[np.argsort(sizes[pool, 0], kind="stable")]
    batches = []
    for at in range(0, len(by_source), strip):
        part = by_source[at : at + strip]
        by_target = part[np.argsort(sizes[part, 1], kind="stable")]
        batches += [by_target[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return batches


def endless(
    sizes: Sizes, batch_size: int, *, seed: int, skip: int = 0
) -> Iterator[npt.NDArray[np.int64]]:
    """Batches of one epoch after another. `skip` of them are passed over, as after a resume."""
    epoch, left = divmod(skip, steps_per_epoch(len(sizes), batch_size))
    while True:
        rng = np.random.default_rng([seed, epoch])
        yield from epoch_batches(sizes, batch_size, rng)[left:]
        epoch, left = epoch + 1, 0


def by_length(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Positions in batches from the longest text to the shortest, for answering: the largest
    batch comes first, so that memory that is too small shows at once."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
