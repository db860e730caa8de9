"""LoRA (arXiv 2106.09685) on networks of every family: put on, saved in peft's own format, loaded
on the base that it belongs to (`adapter_bases.py`), merged.

peft swaps layers inside the network that it is given. So whoever holds the plain network trains and
asks it as before; the object that peft returns is needed only to save and to merge.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import peft
import torch
import transformers
from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN
from safetensors.torch import save_file

from tutelage.exceptions import UserError
from tutelage.neural.adapter_bases import BASE, WEIGHTS, check_adapter, fingerprint
from tutelage.neural.checkpoint import write_folder
from tutelage.neural.devices import own_randomness
from tutelage.neural.weights import quiet
from tutelage.plugins import nearest

Family = Literal["encoder", "seq2seq", "causal"]
TASKS: Mapping[Family, str] = {
    "encoder": "SEQ_CLS",
    "seq2seq": "SEQ_2_SEQ_LM",
    "causal": "CAUSAL_LM",
}


@dataclass(frozen=True, slots=True)
class Lora:
    """The settings of low-rank adapters."""

    rank: int = 8
    """Rank r of each change B A of a weight."""
    alpha: int = 16
    """The change is scaled by alpha / rank."""
    dropout: float = 0.0
    """Of what goes into A, in training."""
    targets: tuple[str, ...] | None = None
    """Ends of the names of the layers that get one; `all-linear` for all but the output. Where
    None, what peft has for the family, or else the linear layers of its attention."""


def put_lora(model: Any, lora: Lora, *, family: Family, base: str, seed: int) -> Any:
    """Put fresh adapters on a network and freeze the rest of it. B begins at 0, so at first the
    network answers as before (section 4.1 of the paper).

    A head over labels, and what else a pre-trained encoder does not bring, is trained and saved
    whole.

    Args:
        model: A network of transformers; it is changed in place.
        lora: The settings.
        family: Of the network.
        base: What the recipe calls the network; saved with the adapter.
        seed: Draws the matrices A.

    Returns:
        peft's view of the network.

    Raises:
        UserError: no layer has one of the names in `lora.targets`.
    """
    config = peft.LoraConfig(
        task_type=TASKS[family],
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(model, lora),
        modules_to_save=_fresh_parts(model) if family == "encoder" else None,
    )
    note = _base_note(model, base)
    with own_randomness(torch.device("cpu")), _calm():
        torch.manual_seed(seed)
        adapted = peft.get_peft_model(model, config)
    adapted.peft_config["default"].base_model_name_or_path = base
    adapted.tutelage_base = note
    return adapted


def _targets(model: Any, lora: Lora) -> str | list[str]:
    if lora.targets is not None:
        ends = {name.rsplit(".", 1)[-1] for name, _ in _linears(model)}
        for target in lora.targets:
            if target != "all-linear" and not any(
                name == target or name.endswith(f".{target}") for name, _ in _linears(model)
            ):
                raise UserError(
                    f"The model has no layer that is called {target!r}.",
                    "lora.targets names the layers that are adapted.",
                    nearest(target, sorted(ends)),
                )
        return "all-linear" if "all-linear" in lora.targets else list(lora.targets)
    known = KNOWN.get(model.config.model_type)
    return list(known) if known else attention_layers(model)


def attention_layers(model: torch.nn.Module) -> list[str]:
    """Names of the linear layers of the attention of a network that peft does not know: their last
    parts, or their full names where other layers end alike."""
    inside = [
        name for name, part in model.named_modules() if "attention" in type(part).__name__.lower()
    ]
    linears = [name for name, _ in _linears(model)]
    chosen = [name for name in linears if any(name.startswith(f"{part}.") for part in inside)]
    if not chosen:
        raise UserError(
            f"No attention layers are found in a {type(model).__name__}.",
            "An adapter needs to know which layers it changes.",
            "Name them in lora.targets, or use all-linear.",
        )
    ends = {name.rsplit(".", 1)[-1] for name in chosen}
    others = {name.rsplit(".", 1)[-1] for name in linears if name not in chosen}
    return chosen if ends & others else sorted(ends)


def _linears(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
    kinds = (torch.nn.Linear, transformers.pytorch_utils.Conv1D)
    return ((name, part) for name, part in model.named_modules() if isinstance(part, kinds))


def _fresh_parts(model: Any) -> list[str]:
    """Names of all that stands on an encoder's body, and of its pooler: weights that a pre-trained
    encoder need not bring."""
    body = model.base_model
    parts = {name: part for name, part in model.named_children() if part is not body}
    if (pooler := getattr(body, "pooler", None)) is not None:
        parts["pooler"] = pooler
    return [name for name, part in parts.items() if list(part.parameters())]


@contextmanager
def _calm() -> Iterator[None]:
    """peft asks for names that transformers is about to retire, and says what it sets by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# --- on disk --------------------------------------------------------------------------------------


def save_adapter(adapted: Any, tokenizer: Any, folder: Path) -> None:
    """Write an adapter as peft, transformers and vLLM load it, with its tokenizer and a note of its
    base. The folder is there whole or not at all."""

    def fill(beside: Path) -> None:
        tensors = peft.get_peft_model_state_dict(adapted, save_embedding_layers=False)
        body = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(body, beside / WEIGHTS, metadata={"format": "pt"})
        config = adapted.peft_config["default"]
        before, config.inference_mode = config.inference_mode, True
        config.save_pretrained(beside)
        config.inference_mode = before
        with quiet():
            tokenizer.save_pretrained(beside)
        note = {**adapted.tutelage_base, "vocabulary": len(tokenizer)}
        (beside / BASE).write_bytes(orjson.dumps(note))

    write_folder(folder, fill)


def load_adapter(model: Any, tokenizer: Any, folder: Path, *, base: str) -> Any:
    """Put a saved adapter on its base.

    Args:
        model: The base; it is changed in place.
        tokenizer: Of the base.
        folder: An adapter in peft's format, from here or from elsewhere.
        base: What the recipe calls the base.

    Returns:
        peft's view of the network.

    Raises:
        UserError: no adapter there, or one of another base or vocabulary.
    """
    check_adapter(model, tokenizer, folder, base=base)
    note = _base_note(model, base)
    with _calm(), quiet():
        adapted = peft.PeftModel.from_pretrained(model, str(folder), torch_device=str(model.device))
    adapted.tutelage_base = note
    return adapted


def merge_adapter(adapted: Any) -> Any:
    """The plain network with the adapter added to its weights; `adapted` is used up."""
    with _calm():
        return adapted.merge_and_unload()


def _base_note(model: Any, base: str) -> dict[str, Any]:
    return {"model": base, "fingerprint": fingerprint(model)}
