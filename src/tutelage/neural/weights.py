"""Loading a model's files quietly, from a folder, a hub id or the installed MiniLM package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import transformers
from safetensors import SafetensorError
from transformers.utils import logging as hub_logging

from tutelage.exceptions import UserError
from tutelage.neural.minilm import locate as locate

OFFLINE_SAFE = {"trust_remote_code": False}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars and advice; what matters is raised or reported."""
    level, bars = hub_logging.get_verbosity(), hub_logging.is_progress_bar_enabled()
    hub_logging.set_verbosity_error()
    hub_logging.disable_progress_bar()
    try:
        yield
    finally:
        hub_logging.set_verbosity(level)
        if bars:
            hub_logging.enable_progress_bar()


@contextmanager
def reading(model: str) -> Iterator[None]:
    """Load quietly, and turn the many faces of "no such model" into one error.

    Raises:
        UserError: the model cannot be found, or has no safetensors weights that can be read.
    """
    try:
        with quiet():
            yield
    except (OSError, ValueError, SafetensorError) as e:
        raise UserError(
            f"The model {model!r} cannot be loaded.",
            str(e).split("\n", maxsplit=1)[0],
            "Give a hub id such as google-t5/t5-small, a folder with config.json, tokenizer and "
            "model.safetensors, or minilm.",
        ) from e


def read_config(model: str) -> Any:
    """The configuration of the model at a place that `locate` gave."""
    with reading(model):
        return transformers.AutoConfig.from_pretrained(model, **OFFLINE_SAFE)


def first_layers(place: str, layers: int | None) -> dict[str, int]:
    """What `from_pretrained` needs to keep only the first layers of the encoder at `place`.

    Raises:
        UserError: it has fewer.
    """
    if layers is None:
        return {}
    have = int(read_config(place).num_hidden_layers)
    if layers > have:
        raise UserError(
            f"layers is {layers}, and the encoder has {have}.",
            "A student that keeps its first layers cannot have more than there are.",
            f"Write a number up to {have}, or leave layers out.",
        )
    return {"num_hidden_layers": layers}
