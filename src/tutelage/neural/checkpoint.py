"""The state of an unfinished training in one file: tensors and JSON, nothing pickled.

Random state is not among it: batches and dropout of each step derive from the seed and the step's
number, so a resumed training draws what an undisturbed one would have drawn.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tutelage.exceptions import TrainingError


def weights_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """All buffers, and the parameters that training changes, by name; a tensor that two places
    share stands once. What is frozen is not copied: it is the base model's."""
    return {name: tensor.detach() for name, tensor in _tensors(model)}


def put_weights(model: torch.nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Copy tensors of `weights_of` back into the model."""
    with torch.no_grad():
        for name, tensor in _tensors(model):
            tensor.copy_(tensors[name])


def _tensors(model: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from ((name, p) for name, p in model.named_parameters() if p.requires_grad)
    yield from model.named_buffers()


def moments_of(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The optimiser's running averages by `parameter number/name`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}/{name}": value for number, part in state.items() for name, value in part.items()
    }


def put_moments(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put back what `moments_of` took."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition("/")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], note: Mapping[str, Any]) -> None:
    """Write tensors with a JSON note. The file is there whole or not at all, also after kill -9."""
    body = {name: tensor.contiguous() for name, tensor in tensors.items()}
    beside = path.with_suffix(".part")
    save_file(body, beside, metadata={"note": orjson.dumps(note).decode()})
    beside.replace(path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON. The file is there whole or not at all."""
    beside = path.with_suffix(".part")
    beside.write_bytes(orjson.dumps(content))
    beside.replace(path)


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a folder's files. The folder is there whole or not at all; an earlier one
    makes way."""
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    fill(beside)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def read_note(path: Path) -> dict[str, Any]:
    """The JSON note of a file of `write_tensors`.

    Raises:
        TrainingError: the file is not one.
    """
    try:
        with safe_open(path, framework="pt") as file:
            note: dict[str, Any] = orjson.loads(file.metadata()["note"])
    except Exception as e:
        raise TrainingError(
            f"{path} is not a checkpoint that can be read: {e}",
            do="Delete the file; training then starts anew and loses only computing time.",
        ) from e
    return note


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file of `write_tensors`, on the CPU."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def check_identity(path: Path, note: Mapping[str, Any], identity: str) -> None:
    """Refuse to go on from another training's state.

    Raises:
        TrainingError: names both identities.
    """
    if note.get("identity") != identity:
        raise TrainingError(
            f"{path} is the checkpoint of another training ({note.get('identity')}).",
            f"This one is {identity}: its recipe, rows, seed or version differ.",
            "Use another run folder, or delete the checkpoint to train anew.",
        )
