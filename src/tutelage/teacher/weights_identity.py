"""Which weights a recipe means: where they are, and what tells them from all others.

A hub id is known by its name and revision. A folder is known by what it holds: another checkpoint
saved into it is another model, and a copy of the folder elsewhere is the same one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson

from tutelage.exceptions import UserError
from tutelage.records import content_hash

_KEPT = frozenset({".json", ".safetensors", ".jinja", ".model", ".txt"})
"""Files of a model: weights, configuration, tokenizer and chat template."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model that can be loaded."""

    place: str
    """What to load it from: a hub id, a folder, or `minilm`."""
    name: str
    """Short name for people: the hub id's, or the family of the model in a folder. A folder's own
    name would make another teacher of a folder that was renamed."""
    identity: str
    """Hash that changes with the weights, the configuration and the tokenizer."""


def weights_of(model: str, folder: Path, *, revision: str = "") -> Weights:
    """The model that a recipe in `folder` names. Reads files of a folder, never the network.

    Raises:
        UserError: a folder without a model, a path that is not there, or a revision of a folder.
    """
    path = folder / Path(model).expanduser()
    if not path.is_dir():
        if path.is_file() or model.startswith((".", "/", "~")) or model.count("/") > 1:
            raise UserError(
                f"There is no model folder {path}.",
                "It was to hold config.json, a tokenizer and safetensors weights.",
                "Check the teacher's model: a folder relative to the recipe, or a hub id.",
            )
        name = model.rpartition("/")[2]
        return Weights(model, name, content_hash("weights1", ["hub", model, revision]))
    if revision:
        raise UserError(
            f"{path} is a folder, and revision {revision!r} is set.",
            "Only hub ids have revisions.",
            "Leave revision out.",
        )
    if not (path / "config.json").is_file():
        raise UserError(
            f"{path} holds no model.",
            "It has no config.json.",
            "Name the folder into which save_pretrained wrote the model and its tokenizer.",
        )
    return Weights(str(path), _family(path / "config.json"), folder_identity(path))


def _family(config: Path) -> str:
    """What transformers calls the architecture, such as `llama`.

    Raises:
        UserError: the configuration is no JSON object.
    """
    try:
        told = orjson.loads(config.read_bytes())
        return re.sub(r"[^\w.-]", "-", str(told.get("model_type") or "model"))
    except (orjson.JSONDecodeError, AttributeError) as e:
        raise UserError(
            f"{config} cannot be read.",
            "It is no JSON object.",
            "Save the model anew by save_pretrained.",
        ) from e


def folder_identity(folder: Path) -> str:
    """Hash of the names and contents of a model's, or an adapter's, files."""
    files = sorted(
        file for file in folder.iterdir() if file.suffix in _KEPT and not file.name.startswith(".")
    )
    told = []
    for file in files:
        stat = file.stat()
        told.append([file.name, _digest(str(file.resolve()), stat.st_size, stat.st_mtime_ns)])
    return content_hash("weights1", ["folder", told])


@lru_cache(maxsize=256)
def _digest(file: str, size: int, changed: int) -> str:
    """Hash of a file, read once while its size and time of change stay the same."""
    with Path(file).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
