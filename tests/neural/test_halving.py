"""Batches that are halved where memory is short."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import TutelageError
from tutelage.neural.halving import run_batches

pytestmark = pytest.mark.train


def test_batches_hold_so_many_rows() -> None:
    seen: list[list[int]] = []
    rows = {0: 1, 1: 2, 2: 5, 3: 1, 4: 1, 5: 1}
    run_batches(
        list(rows), lambda batch, _: seen.append(batch), batch_size=3, rows=rows.__getitem__
    )
    assert seen == [[0, 1], [2], [3, 4, 5]]


def test_a_batch_that_does_not_fit_is_halved_and_the_size_stays() -> None:
    tried: list[tuple[int, int]] = []
    done: list[int] = []

    def run(batch: list[int], most: int) -> None:
        tried.append((len(batch), most))
        if len(batch) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        done.extend(batch)

    run_batches(list(range(8)), run, batch_size=16)
    assert tried == [(8, 16), (4, 4), (2, 2), (2, 2), (2, 2), (2, 2)]
    assert done == list(range(8))


def test_one_item_is_given_fewer_rows_before_it_is_given_up() -> None:
    tried: list[int] = []

    def run(batch: list[int], most: int) -> None:
        tried.append(most)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore")

    with pytest.raises(TutelageError, match="One request alone") as caught:
        run_batches([7], run, batch_size=8)
    assert tried == [8, 4, 2, 1]
    assert caught.value.why == "CUDA out of memory. Tried to allocate 2 GiB."
    assert isinstance(caught.value.__cause__, torch.OutOfMemoryError)


def test_other_errors_are_not_swallowed() -> None:
    def run(batch: list[int], most: int) -> None:
        raise RuntimeError("shape")

    with pytest.raises(RuntimeError, match="shape"):
        run_batches([1], run, batch_size=2)
