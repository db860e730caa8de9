"""Choosing the next piece: greedy, by temperature, within a nucleus; shares as asked for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tutelage.neural.choosing import Draw, choose, nucleus

pytestmark = pytest.mark.train

SHARES = torch.tensor([[0.5, 0.3, 0.15, 0.05]])


def test_temperature_0_takes_the_likeliest() -> None:
    scores = torch.tensor([[1.0, 3.0, 2.0], [5.0, -1.0, 5.0]])
    greedy = [Draw(0.0, 1.0, 1, 0), Draw(0.0, 1.0, 2, 0)]
    assert choose(scores, greedy).tolist() == [1, 0]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_come_in_the_shares_of_the_temperature(temperature: float) -> None:
    count = 20_000
    scores = SHARES.log().expand(count, -1)
    drawn = choose(scores, [Draw(temperature, 1.0, stream, 4) for stream in range(count)])
    wanted = SHARES[0] ** (1 / temperature)
    wanted = wanted / wanted.sum()
    found = torch.bincount(drawn, minlength=4) / count
    assert found.tolist() == pytest.approx(wanted.tolist(), abs=0.012)  # over 3 standard errors


def test_a_row_draws_alike_whatever_stands_beside_it() -> None:
    scores = torch.randn(6, 30, generator=torch.Generator().manual_seed(1))
    draws = [Draw(t, p, 40 + i, i) for i, (t, p) in enumerate([(1, 1), (0, 1), (2, 0.9)] * 2)]
    together = choose(scores, draws).tolist()
    alone = [int(choose(scores[i : i + 1], [draw])) for i, draw in enumerate(draws)]
    assert together == alone


def test_nucleus_is_the_smallest_set_that_reaches_the_sum() -> None:
    for top_p, kept in [(0.4, 1), (0.5, 1), (0.51, 2), (0.8, 2), (0.81, 3), (0.96, 4), (1.0, 4)]:
        inside = nucleus(SHARES.double(), torch.tensor([[top_p]]).double())
        assert (inside > 0).sum() == kept, top_p
        assert torch.equal(inside[inside > 0], SHARES.double()[0, :kept])


def test_nucleus_keeps_the_likeliest_piece_and_works_row_by_row() -> None:
    shares = torch.tensor([[0.1, 0.6, 0.3], [0.2, 0.2, 0.6], [0.25, 0.5, 0.25]])
    inside = nucleus(shares, torch.tensor([[0.0], [0.7], [1.0]]))
    assert (inside > 0).tolist() == [[False, True, False], [True, False, True], [True] * 3]
