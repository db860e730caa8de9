"""Random numbers of a stream's own, against published outputs."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tutelage.neural.noise import exponential, outputs

pytestmark = pytest.mark.train


def test_outputs_are_those_of_splitmix64() -> None:
    # First outputs for seed 1234567, as in the reference program of Vigna and its translations
    wanted = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    told = outputs(torch.tensor([0, 1234567]), 5)[1].tolist()
    assert [number % 2**64 for number in told] == wanted


def test_numbers_depend_on_their_stream_and_step_alone() -> None:
    device = torch.device("cpu")
    many = exponential([5, 2**70 + 9, -3], [0, 7, 2], 50, device)
    assert torch.equal(many[1:2], exponential([2**70 + 9], [7], 50, device))
    assert torch.equal(many[1:2], exponential([9], [7], 50, device))
    assert torch.equal(many[:1, :20], exponential([5], [0], 20, device))
    assert len({float(row[0]) for row in exponential([1, 1, 2, 2], [1, 2, 1, 2], 1, device)}) == 4


def test_numbers_are_standard_exponential() -> None:
    drawn = exponential(list(range(100)), [3] * 100, 2000, torch.device("cpu")).flatten()
    assert float(drawn.min()) > 0
    assert float(drawn.mean()) == pytest.approx(1, abs=0.01)
    assert float(drawn.var()) == pytest.approx(1, abs=0.03)
    assert float((drawn > 2).double().mean()) == pytest.approx(0.1353, abs=0.003)
