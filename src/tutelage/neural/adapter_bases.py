"""Whether an adapter belongs to a base: the one rule, asked when it is loaded and, as far as that
can be known without weights, before a run begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch
from safetensors import SafetensorError, safe_open

from tutelage.exceptions import UserError
from tutelage.neural.tokenization import load_tokenizer

CONFIG, WEIGHTS, BASE = "adapter_config.json", "adapter_model.safetensors", "base.json"
SAMPLE = 64
"""Values at either end of each tensor that tell one base from another."""
RANKS = {"A": 0, "B": 1, "embedding_A": 0, "embedding_B": 1}
"""Which side of a matrix is the rank; the other one is a side of the layer that it changes."""


def check_adapter(model: Any, tokenizer: Any, folder: Path, *, base: str) -> None:
    """Refuse an adapter that does not belong to this base, before any work.

    Args:
        model: The base. On the meta device, without weights, all is looked at but these.
        tokenizer: Of the base.
        folder: An adapter in peft's format, from here or from elsewhere.
        base: What the recipe calls the base.

    Raises:
        UserError: says what differs.
    """
    note, config = _read(folder)
    named = config.get("base_model_name_or_path") or ""
    _check_vocabulary(tokenizer, folder, note, base)
    _check_shapes(model, folder, config, base)
    known, found = note.get("fingerprint"), fingerprint(model)
    if not known or (not found and not _is_hollow(model)):
        _check_name(folder, named, base)
    elif found and known != found:
        raise _another_base(folder, named, base, "Their weights differ.")


def check_name(folder: Path, *, base: str) -> None:
    """Refuse what is no adapter that can be read, or one that names another base and knows no
    better: all that can be told where the base is not at hand.

    Raises:
        UserError: says what is wrong.
    """
    note, config = _read(folder)
    if not note.get("fingerprint"):
        _check_name(folder, config.get("base_model_name_or_path") or "", base)


def _check_name(folder: Path, named: str, base: str) -> None:
    if named and Path(named).name.casefold() != Path(base).name.casefold():
        raise UserError(
            f"The adapter in {folder} was tuned on {named}, and is put on {base}.",
            "An adapter is a change of one set of weights, and nothing else tells whether these "
            "are the same.",
            "Load it on its own base; where that only has another name here, write this one as "
            f"base_model_name_or_path into its {CONFIG}.",
        )


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The note of an adapter's base, which others than we do not write, and its settings."""
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        raise UserError(
            f"{folder} holds no adapter.",
            f"An adapter is a folder with {CONFIG} and {WEIGHTS}.",
            "Give the folder that tuning or peft wrote.",
        )
    try:
        note = orjson.loads(path.read_bytes()) if (path := folder / BASE).is_file() else {}
        config = orjson.loads((folder / CONFIG).read_bytes())
        with safe_open(folder / WEIGHTS, framework="pt"):
            pass
    except (orjson.JSONDecodeError, SafetensorError) as e:
        raise UserError(
            f"The adapter in {folder} cannot be read.",
            str(e),
            "Copy it anew, or tune it again.",
        ) from e
    if config.get("peft_type") != "LORA":
        raise UserError(
            f"The adapter in {folder} is of the kind {config.get('peft_type')}.",
            "Only adapters by LoRA are put on a model here.",
            "Merge it into its base by peft, and name the folder of the merged model.",
        )
    return note, config


def _check_vocabulary(tokenizer: Any, folder: Path, note: Mapping[str, Any], base: str) -> None:
    known = note.get("vocabulary")
    if known is None and (folder / "tokenizer_config.json").is_file():
        known = len(load_tokenizer(str(folder), offline=True))
    if known is not None and known != len(tokenizer):
        raise UserError(
            f"The adapter in {folder} has a vocabulary of {known} pieces, {base} one of "
            f"{len(tokenizer)}.",
            "The same piece would have another number, and every answer would be noise.",
            "Load the adapter on the model that it was tuned on, with the same tokenizer.",
        )


def _check_shapes(model: Any, folder: Path, config: Mapping[str, Any], base: str) -> None:
    """Each matrix must fit a layer of the base, A is [rank, in] and B is [out, rank], and what was
    trained whole (a head, embeddings of a larger vocabulary) the layer that it replaces."""
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    parts, weights = dict(model.named_modules()), model.state_dict()
    for key, shape in shapes.items():
        name = key.removeprefix("base_model.model.").replace(".base_layer.", ".")
        layer, _, matrix = name.partition(".lora_")
        if matrix and layer not in parts:
            raise _another_base(folder, "", base, f"{base} has no layer {layer}.")
        rank = RANKS.get(matrix.removesuffix(".weight"))
        if rank is not None:
            _check_rank(folder, config, name, shape[rank])
        weight = getattr(parts[layer], "weight", None) if matrix else weights.get(name)
        if weight is None or weight.dtype == torch.uint8:  # packed: no shape to see
            continue
        sizes = tuple(weight.shape)
        size = shape[1 if rank == 0 else 0]
        fits = size in sizes if matrix else tuple(shape) == sizes
        if not fits:
            raise _another_base(
                folder, "", base, f"{layer} is {sizes} there; the adapter is {shape}."
            )


def _check_rank(folder: Path, config: Mapping[str, Any], name: str, rank: int) -> None:
    said = config.get("r")
    if said is not None and rank != said and not config.get("rank_pattern"):
        raise UserError(
            f"The adapter in {folder} has two ranks: {said} and {rank}.",
            f"Its {CONFIG} says the former; {name} has the latter.",
            "Copy both files anew from where it was tuned.",
        )


def _another_base(folder: Path, named: str, base: str, why: str) -> UserError:
    whose = f"another model ({named})" if named and named != base else "another model"
    return UserError(
        f"The adapter in {folder} was tuned on {whose}, not on {base}.",
        why,
        "Load it on its own base, or tune an adapter for this one.",
    )


def fingerprint(model: Any) -> str | None:
    """Name the weights of a network's body by a sample of each, rounded to bf16, so that the
    precision in which it was loaded does not matter. None where they are packed into 4 bits, or
    where there are none (the meta device)."""
    if _is_hollow(model):
        return None
    found = hashlib.blake2b(digest_size=16)
    for name, weight in model.base_model.named_parameters():
        if weight.dtype == torch.uint8:
            return None
        if ".pooler." in f".{name}":
            continue
        flat = weight.detach().flatten()
        sample = torch.cat([flat[:SAMPLE], flat[-SAMPLE:]]).to(torch.bfloat16).float()
        values = np.ascontiguousarray(sample.cpu().numpy(), dtype="<f4").tobytes()
        found.update(f"{name}{tuple(weight.shape)}".encode() + values)
    return found.hexdigest()


def _is_hollow(model: Any) -> bool:
    return any(weight.is_meta for weight in model.parameters())
