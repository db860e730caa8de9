"""Precision, and random streams."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.devices import computing, in_full_precision, own_randomness, pick_precision

pytestmark = pytest.mark.train
CPU = torch.device("cpu")


def test_fp16_is_refused() -> None:
    with pytest.raises(UserError, match="fp16") as caught:
        pick_precision("fp16", CPU)
    assert "65,504" in str(caught.value)


def test_auto_is_one_of_the_two() -> None:
    assert pick_precision("auto", CPU) in ("bf16", "fp32")
    assert pick_precision("fp32", CPU) == "fp32"


def test_the_process_wide_precision_is_put_back() -> None:
    before = torch.get_float32_matmul_precision()
    with computing(CPU, "bf16"):
        assert torch.get_float32_matmul_precision() == "medium"
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    assert torch.get_float32_matmul_precision() == before


def test_a_head_in_full_precision_inside_bf16() -> None:
    head = torch.nn.Linear(4, 2)
    states = torch.randn(3, 4)
    with computing(CPU, "bf16"), torch.no_grad():
        with in_full_precision(head, torch.tensor([True, False, True])):
            found = head(states)
        assert found.dtype == torch.float32
        assert head(states).dtype == torch.bfloat16
        assert torch.allclose(
            found,
            torch.nn.functional.linear(
                states[[0, 2]].double(), head.weight.double(), head.bias.double()
            ).float(),
            atol=1e-2,
        )


def test_a_head_that_fails_leaves_nothing_behind() -> None:
    head = torch.nn.Linear(4, 2)
    with computing(CPU, "bf16"):
        with pytest.raises(RuntimeError), in_full_precision(head):
            head(torch.randn(3, 5))
        assert head(torch.randn(3, 4)).dtype == torch.bfloat16


def test_own_randomness_gives_back_what_was_there() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    with own_randomness(CPU):
        torch.manual_seed(77)
        torch.rand(5)
    assert torch.equal(torch.rand(3), expected)
