"""What can be set of a corpus teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """A teacher that answers with texts of a file."""

    path: str
    """Table of texts (csv, tsv, json, jsonl, also as .gz, or parquet), relative to the recipe."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column by field, such as `{text: review}`; a field's own name where nothing is said."""
    label: str = "label"
    """Column of the label; empty for texts without labels."""
    embedding: Literal["tfidf", "minilm"] = "tfidf"
    """What nearness is taken from; `minilm` needs the extra `train`."""
    bias: float = 0.9
    """How typical are the texts for a bare label: 1 is nearest to its centre first, 0 is by lot."""
    noise: float = 0.0
    """Share of texts that have another label than was asked for, and of answers that are wrong."""
    latency: float = 0.0
    """Seconds to wait before each reply. Changes no reply."""
