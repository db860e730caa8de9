"""Sentence embeddings, and the check of MiniLM's weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.embedding import embed, mean_of_tokens
from tutelage.neural.minilm import check_sha256, locate

pytestmark = pytest.mark.train


def test_mean_over_true_tokens_scaled_to_one() -> None:
    states = torch.tensor([[[3.0, 4.0], [3.0, 4.0], [9.0, -9.0]]])
    found = mean_of_tokens(states, torch.tensor([[1, 1, 0]]))
    assert found.tolist() == [pytest.approx([0.6, 0.8])]


@pytest.mark.usefixtures("minilm")
def test_minilm_embeds_like_things_alike_whatever_stands_beside_them() -> None:
    texts = ["A cat sleeps.", "The kitten is asleep.", "Stocks fell sharply on Monday."]
    together = embed(texts, model="minilm")
    assert together.shape == (3, 384) and together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert together[0] @ together[1] > 0.5 > together[0] @ together[2]
    alone = embed(texts[:1], model="minilm")
    assert np.array_equal(alone[0], together[0])
    assert embed([], model="minilm").shape == (0, 384)


def test_weights_with_another_hash_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match="is not the model it claims to be") as caught:
        check_sha256(path, "53aa")
    assert "53aa" in str(caught.value)


def test_other_names_are_taken_as_they_are() -> None:
    assert locate("google-t5/t5-small") == "google-t5/t5-small"
