"""Embeddings kept by text: in memory while a program runs, and on disk where a folder is named.

On disk there is one file for each set of texts that was encoded together.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tutelage.records import content_hash

Encode = Callable[[Sequence[str]], npt.NDArray[Any]]


MOST_KEPT = 200_000
"""Embeddings in memory; those that were used longest ago go first."""
_kept: OrderedDict[tuple[str, str], npt.NDArray[Any]] = OrderedDict()


def forget() -> None:
    """Drop what is kept in memory."""
    _kept.clear()


@dataclass(frozen=True)
class EmbeddingCache:
    """Embeddings of one encoder. A local folder as `model` is known by its path, not its weights:
    empty the cache when the weights in it change."""

    folder: Path | None
    """Where embeddings outlive the program; None: nowhere."""
    model: str
    max_source: int
    batch_size: int = 8
    """Another one moves the last bits."""

    def table(self, texts: Sequence[str], encode: Encode) -> npt.NDArray[Any]:
        """Embeddings [texts, size] of distinct `texts`; only new ones are encoded.

        `encode` must embed a text in the same way whatever stands beside it.
        """
        encoder = content_hash("encoder2", [self.model, self.max_source, self.batch_size])
        keys = [content_hash("text1", text) for text in texts]
        known = {key: _kept[encoder, key] for key in keys if (encoder, key) in _kept}
        if self.folder is not None and len(known) < len(keys):
            known |= self._read(self.folder / encoder, set(keys) - known.keys())
        missing = [i for i, key in enumerate(keys) if key not in known]
        if missing:
            fresh = encode([texts[i] for i in missing])
            if self.folder is not None:
                self._write(self.folder / encoder, [keys[i] for i in missing], fresh)
            known.update((keys[i], row.copy()) for i, row in zip(missing, fresh, strict=True))
        for key, row in known.items():
            _kept[encoder, key] = row
            _kept.move_to_end((encoder, key))
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return np.stack([known[key] for key in keys])

    def _read(self, place: Path, wanted: set[str]) -> dict[str, npt.NDArray[Any]]:
        known: dict[str, npt.NDArray[Any]] = {}
        for path in sorted(place.glob("*.npz")):
            with np.load(path, allow_pickle=False) as file:
                for key, row in zip(file["keys"].tolist(), file["rows"], strict=True):
                    if key in wanted:
                        known[key] = row.copy()  # a view would keep the whole file in memory
        return known

    def _write(self, place: Path, keys: Sequence[str], rows: npt.NDArray[Any]) -> None:
        place.mkdir(parents=True, exist_ok=True)
        name = content_hash("texts1", list(keys))
        draft = place / f"{name}.{os.getpid()}.part"
        with draft.open("wb") as file:
            np.savez(file, keys=np.array(keys), rows=rows)
        draft.replace(place / f"{name}.npz")
