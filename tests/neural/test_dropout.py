"""The cheap dropout drops as much as it says, and follows the seed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tutelage.neural.dropout import SixteenBitDropout, quicken_dropout

pytestmark = pytest.mark.train


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_and_the_scale(rate: float) -> None:
    torch.manual_seed(1)
    found = SixteenBitDropout(rate)(torch.ones(400, 500))
    kept = found[found != 0]
    assert (found == 0).float().mean().item() == pytest.approx(rate, abs=0.004)
    assert kept.unique().tolist() == pytest.approx([1 / (1 - rate)], rel=1e-4)


def test_neighbours_and_quarters_of_a_word_are_independent() -> None:
    torch.manual_seed(1)
    gone = (SixteenBitDropout(0.5)(torch.ones(100_000)) == 0).float().view(-1, 4)
    assert gone.mean(dim=0).tolist() == pytest.approx([0.5] * 4, abs=0.015)
    assert torch.corrcoef(gone.T).fill_diagonal_(0).abs().max() < 0.03


def test_gradients_pass_where_elements_were_kept() -> None:
    states = torch.ones(7, 9, requires_grad=True)
    found = SixteenBitDropout(0.3)(states)
    found.sum().backward()
    assert torch.equal(states.grad, found.detach())


def test_the_seed_decides_and_evaluation_drops_nothing() -> None:
    layer = SixteenBitDropout(0.3)
    torch.manual_seed(5)
    first = layer(torch.ones(50))
    torch.manual_seed(5)
    assert torch.equal(layer(torch.ones(50)), first)
    assert torch.equal(layer.eval()(torch.ones(50)), torch.ones(50))


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_nothing_and_everything(rate: float, expected: float) -> None:
    assert SixteenBitDropout(rate)(torch.ones(5)).tolist() == [expected] * 5


def test_every_plain_dropout_of_a_network_is_replaced(tiny_net) -> None:
    quicken_dropout(tiny_net.model)
    kinds = {type(m) for m in tiny_net.model.modules() if isinstance(m, torch.nn.Dropout)}
    assert kinds == {SixteenBitDropout}
