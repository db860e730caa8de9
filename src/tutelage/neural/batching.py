"""Batches of rows of like length, shuffled by seed; every epoch holds every row exactly once.

Lengths give labels away: the pieces of a label differ in number, and so do the reasons for it. Rows
sorted by length alone make batches of nearly one label each, and a student that sees such batches
learns the label of the last one. So rows are ranked by length among those of their own label, and
batches are cut along these ranks: each holds the labels in nearly the shares of the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Sizes = Ints
"""[rows, 3]: pieces of the source, pieces of the target, and the number of the row's label."""

POOL = 32
"""Batches that are formed together: rows of like length are looked for among so many batches, so a
batch stays a nearly random draw from the epoch."""
SHARE = 2
"""A pool holds no more than this fraction of an epoch, 1 / SHARE: were it the whole of a small set,
batches would be nearly the same in every epoch. At one half, 512 rows in batches of 32 (ANLI's
lengths) are 69 % useful tokens, against 60 % at a quarter and 72 % without a limit."""


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Optimiser steps of one pass: the last batch may be short, no row is lost.

    >>> steps_per_epoch(16_946, 64), 5 * steps_per_epoch(16_946, 64)
    (265, 1325)
    """
    return -(-rows // batch_size)


def epoch_batches(sizes: Sizes, batch_size: int, rng: np.random.Generator) -> list[Ints]:
    """Cut one shuffled pass over the rows into batches of like source and target length.

    Rows are shuffled, taken `POOL` batches at a time, ordered by source into strips and each strip
    by target, cut into batches, and the batches shuffled. Only one batch may be short.

    Args:
        sizes: Lengths and label by row.
        batch_size: Rows in a batch.
        rng: Decides the order, and nothing else does.
    """
    order = rng.permutation(len(sizes))
    batches: list[Ints] = []
    share = steps_per_epoch(len(sizes), batch_size) // SHARE
    pool = max(1, min(POOL, share)) * batch_size
    for at in range(0, len(order), pool):
        batches += _cut_pool(order[at : at + pool], sizes, batch_size)
    return [batches[i] for i in rng.permutation(len(batches))]


def _cut_pool(pool: Ints, sizes: Sizes, batch_size: int) -> list[Ints]:
    count = steps_per_epoch(len(pool), batch_size)
    strip = max(1, round(count**0.5)) * batch_size
    by_source = _by_rank(pool, sizes[pool, 0], sizes[pool, 2])
    batches = []
    for at in range(0, len(by_source), strip):
        part = by_source[at : at + strip]
        by_target = _by_rank(part, sizes[part, 1], sizes[part, 2])
        batches += [by_target[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return batches


def _by_rank(rows: Ints, lengths: Ints, labels: Ints) -> Ints:
    """`rows` in the order of their length's rank among rows of their own label, 0 to 1."""
    ranks = np.empty(len(rows))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        ranks[own[np.argsort(lengths[own], kind="stable")]] = (np.arange(len(own)) + 0.5) / len(own)
    ordered: Ints = rows[np.argsort(ranks, kind="stable")]
    return ordered


def endless(sizes: Sizes, batch_size: int, *, seed: int, skip: int = 0) -> Iterator[Ints]:
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
