"""4-bit bases are refused where they cannot be."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.quantisation import check_quantise

pytestmark = pytest.mark.train


def test_quantisation_says_what_is_missing() -> None:
    check_quantise(None, "encoder")
    with pytest.raises(UserError, match="does not go with a teacher of the family encoder"):
        check_quantise("4bit", "encoder")
    with pytest.raises(UserError, match="quantise: 3bit"):
        check_quantise("3bit", "causal")
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="no CUDA device is found") as caught:
            check_quantise("4bit", "causal")
        assert "tutelage[qlora]" in caught.value.do
