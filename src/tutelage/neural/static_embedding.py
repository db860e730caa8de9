"""Static embeddings of texts: a weighted mean of one fixed vector for each token, without torch.

Two sources: models of Model2Vec (a table of vectors, already weighted), and the piece embeddings of
an encoder such as MiniLM. The latter lose what they have in common (Mu and Viswanath, ICLR 2018),
without which any two long texts look alike, and are weighted by smooth inverse frequency (Arora et
al., ICLR 2017, section 3) with Zipf's law for the frequencies, as in Model2Vec: the pieces of a
WordPiece vocabulary stand roughly by frequency. So an embedding depends on its text alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from tutelage.exceptions import UserError
from tutelage.neural.minilm import locate

Floats = npt.NDArray[np.float32]
FILES = ("config.json", "model.safetensors", "tokenizer.json")
SIF = 1e-4
"""Frequency at which a piece counts half (a in Arora et al.)."""
CHUNK = 1_000
"""Texts whose tokens are held in memory at once."""


@dataclass(frozen=True)
class StaticEmbedder:
    """A vector for each token, and how a text becomes tokens."""

    tokenizer: Any
    table: Floats
    """[tokens, width], weights included."""
    unknown: int | None = None
    """Token that stands for what the vocabulary lacks; it is left out."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """The mean vector of each text's tokens, scaled to length 1; zero for a text without any.

        Returns:
            [texts, width].
        """
        found = np.zeros((len(texts), self.table.shape[1]), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            chunk = list(texts[start : start + CHUNK])
            encoded = self.tokenizer.encode_batch(chunk, add_special_tokens=False)
            for i, one in enumerate(encoded, start=start):
                if ids := [id_ for id_ in one.ids if id_ != self.unknown]:
                    found[i] = self.table[ids].mean(axis=0)
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        found /= np.where(norms > 0, norms, 1)
        return found


@lru_cache(maxsize=2)
def load_static(model: str) -> StaticEmbedder:
    """Load static embeddings.

    Args:
        model: `minilm`; or the folder or hub id of a Model2Vec model, or of an encoder whose piece
            embeddings are to be used.

    Raises:
        UserError: the model cannot be found, or has no table of vectors.
    """
    config_file, weights_file, tokenizer_file = _files(model)
    try:
        config = json.loads(config_file.read_bytes())
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
        with safe_open(weights_file, framework="numpy") as tensors:
            table = _table(tensors, config)
    except (OSError, ValueError, KeyError, SafetensorError) as e:
        raise UserError(
            f"The model {model!r} holds no static embeddings.",
            str(e),
            "Name minilm, a Model2Vec model such as minishlab/potion-base-8M, or an encoder.",
        ) from e
    tokenizer.no_truncation()
    tokenizer.no_padding()
    unknown = json.loads(tokenizer.to_str())["model"].get("unk_token")
    return StaticEmbedder(tokenizer, table, tokenizer.token_to_id(unknown) if unknown else None)


def _table(tensors: Any, config: dict[str, Any]) -> Floats:
    """Vectors by token.

    Raises:
        KeyError: there are none.
    """
    names = list(tensors.keys())
    if "embeddings" in names:  # Model2Vec: weights are in the vectors, or beside them
        vectors = tensors.get_tensor("embeddings").astype(np.float32)
        if "mapping" in names:
            vectors = vectors[tensors.get_tensor("mapping")]
        if "weights" in names:
            vectors = vectors * tensors.get_tensor("weights").astype(np.float32)[:, None]
        return np.ascontiguousarray(vectors)
    pieces = [name for name in names if name.endswith("embeddings.word_embeddings.weight")]
    if not pieces:
        raise KeyError(f"a {config.get('model_type', 'model')} without a table of piece embeddings")
    vectors = tensors.get_tensor(pieces[0]).astype(np.float32)
    return _distinguished(vectors)


def _distinguished(vectors: Floats) -> Floats:
    """Vectors without their mean and their first width/100 principal components (both over running
    text, so by weighted frequency), weighted by smooth inverse frequency."""
    ranks = np.arange(1, len(vectors) + 1)
    frequency = 1 / (ranks * np.sum(1 / ranks))
    weights = SIF / (SIF + frequency)
    shares = (frequency * weights / np.sum(frequency * weights))[:, None]
    centred = vectors - np.sum(shares * vectors, axis=0)
    count = vectors.shape[1] // 100
    if count:
        _, axes = np.linalg.eigh(centred.T @ (shares * centred))
        common = axes[:, -count:]
        centred = centred - (centred @ common) @ common.T
    return np.asarray(centred * weights[:, None], dtype=np.float32)


def _files(model: str) -> tuple[Path, Path, Path]:
    """Configuration, weights and tokenizer: of a folder, or fetched from the hub."""
    place = locate(model)
    if Path(place).is_dir():
        config, weights, tokenizer = (Path(place) / name for name in FILES)
        return config, weights, tokenizer
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        config, weights, tokenizer = (Path(hf_hub_download(place, name)) for name in FILES)
    except (OSError, HfHubHTTPError, HFValidationError) as e:
        raise UserError(
            f"The model {model!r} cannot be loaded.",
            str(e).split("\n", maxsplit=1)[0],
            "Give a folder, a hub id such as minishlab/potion-base-8M, or minilm.",
        ) from e
    return config, weights, tokenizer
