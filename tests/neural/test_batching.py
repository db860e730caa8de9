"""Batches cover every row once, in an order that the seed alone decides."""

from __future__ import annotations

from itertools import islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tutelage.neural.batching import by_length, endless, epoch_batches, steps_per_epoch

row = st.tuples(st.integers(1, 600), st.integers(1, 400), st.integers(0, 3))
sizes = st.lists(row, min_size=1, max_size=300).map(lambda rows: np.array(rows, dtype=np.int64))


def test_the_published_run_has_265_steps_an_epoch_and_1325_in_all() -> None:
    assert steps_per_epoch(16_946, 64) == 265
    assert 5 * steps_per_epoch(16_946, 64) == 1325


@given(sizes, st.integers(1, 64), st.integers(0, 2**32))
def test_an_epoch_holds_every_row_exactly_once(rows, batch_size, seed) -> None:
    batches = epoch_batches(rows, batch_size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(rows)))
    assert len(batches) == steps_per_epoch(len(rows), batch_size)
    assert sum(len(batch) < batch_size for batch in batches) <= 1


@given(sizes, st.integers(1, 16), st.integers(0, 100))
def test_skipping_goes_on_where_an_undisturbed_run_would_be(rows, batch_size, skip) -> None:
    whole = list(islice(endless(rows, batch_size, seed=7), skip + 3))
    after = list(islice(endless(rows, batch_size, seed=7, skip=skip), 3))
    assert [b.tolist() for b in after] == [b.tolist() for b in whole[skip:]]


def test_the_seed_and_the_epoch_decide_the_order() -> None:
    rows = np.arange(300).reshape(100, 3)
    first, second = (
        [b.tolist() for b in islice(endless(rows, 10, seed=seed), 20)] for seed in (1, 2)
    )
    assert first != second
    assert first[:10] != first[10:]
    assert first == [b.tolist() for b in islice(endless(rows, 10, seed=1), 20)]


def test_buckets_need_far_less_padding_than_random_batches() -> None:
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.normal([4.5, 4.2], [0.45, 0.35], (2000, 2))).astype(np.int64)
    rows = np.column_stack([lengths, rng.integers(0, 3, 2000)])

    def cells(batches):
        return sum(len(b) * lengths[b].max(axis=0) for b in batches)

    bucketed = cells(epoch_batches(rows, 32, rng))
    shuffled = cells(np.array_split(rng.permutation(2000), 63))
    assert (lengths.sum(axis=0) / bucketed > [0.7, 0.7]).all()
    assert (bucketed < 0.8 * shuffled).all()


def test_batches_mix_the_labels_although_lengths_give_them_away() -> None:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 2], 320))
    # Three labels of 2, 3 and 4 pieces, and reasons that are longer for the last one.
    targets = 2 + labels + rng.integers(0, 4, 960) * (labels == 2)
    rows = np.column_stack([rng.integers(10, 60, 960), targets, labels])
    for batch in epoch_batches(rows, 32, rng):
        shares = np.bincount(rows[batch, 2], minlength=3) / len(batch)
        assert (abs(shares - 1 / 3) < 0.15).all()


def test_answering_starts_with_the_longest() -> None:
    assert by_length([1, 9, 5, 5], 2) == [[1, 2], [3, 0]]
