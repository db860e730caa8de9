from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from tutelage.exceptions import UserError
from tutelage.neural.static_embedding import load_static

WORDS = {"[UNK]": 0, "good": 1, "bad": 2, "film": 3}
TABLE = np.array([[9, 9], [1, 0], [0, 1], [1, 1]], dtype=np.float32)


def folder(place: Path, tensors: dict[str, np.ndarray]) -> Path:
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(2)
    tokenizer.save(str(place / "tokenizer.json"))
    save_file(tensors, place / "model.safetensors")
    (place / "config.json").write_text(json.dumps({"model_type": "x"}))
    return place


def test_mean_of_known_words_scaled_to_length_1(tmp_path: Path) -> None:
    embedder = load_static(str(folder(tmp_path, {"embeddings": TABLE})))
    found = embedder.embed(["good film", "good unheard film", "bad", "unheard", ""])
    assert np.allclose(found[0], np.array([2, 1]) / np.sqrt(5))
    assert np.allclose(found[1], found[0])  # what is unknown is left out, and nothing is cut
    assert np.allclose(found[2:], [[0, 1], [0, 0], [0, 0]])
    assert embedder.embed([]).shape == (0, 2)


def test_a_quantised_vocabulary_with_weights(tmp_path: Path) -> None:
    tensors = {
        "embeddings": np.array([[3, 0], [0, 2]], dtype=np.int8),
        "mapping": np.array([0, 0, 1, 1], dtype=np.int64),
        "weights": np.array([1, 2, 1, 1], dtype=np.float32),
    }
    found = load_static(str(folder(tmp_path, tensors))).table
    assert found.tolist() == [[3, 0], [6, 0], [0, 2], [0, 2]]


def test_piece_embeddings_are_centred_and_weighted_by_frequency(tmp_path: Path) -> None:
    table = load_static(
        str(folder(tmp_path, {"bert.embeddings.word_embeddings.weight": TABLE}))
    ).table
    frequency = np.array([1, 1 / 2, 1 / 3, 1 / 4]) / (25 / 12)
    weights = 1e-4 / (1e-4 + frequency)
    mean = np.average(TABLE, axis=0, weights=frequency * weights)
    assert np.allclose(table, (TABLE - mean) * weights[:, None])


def test_what_all_pieces_have_in_common_is_taken_out(tmp_path: Path) -> None:
    """Wide piece embeddings lose one component for each 100 dimensions: here the one axis along
    which the four pieces differ most."""
    wide = np.zeros((4, 150), dtype=np.float32)
    wide[:, 0], wide[:, 1] = [50, -50, 50, -50], [1, 1, -1, -1]
    table = load_static(str(folder(tmp_path, {"embeddings.word_embeddings.weight": wide}))).table
    assert np.abs(table[:, 0]).max() < 0.1 * np.abs(table[:, 1]).max()


def test_what_holds_no_vectors_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, {"head": TABLE})
    with pytest.raises(UserError, match="holds no static embeddings"):
        load_static(str(place))
    (place / "model.safetensors").unlink()
    with pytest.raises(UserError, match="holds no static embeddings"):
        load_static(str(place))


@pytest.mark.usefixtures("minilm")
def test_minilm_knows_likeness() -> None:
    found = load_static("minilm").embed(
        ["The film is great fun.", "This movie is a lot of fun.", "Stocks fell in early trading."]
    )
    near, far = found[0] @ found[1], found[0] @ found[2]
    assert near > 0.75 > 0.5 > far


def test_no_torch_is_imported() -> None:
    import subprocess

    code = (
        "import sys, tutelage.neural.static_embedding, tutelage.curation.semantic_duplicates;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
