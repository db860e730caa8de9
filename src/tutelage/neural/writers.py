"""Models that write, loaded to answer: of the family that their configuration tells, on the device
that there is, in the precision that was asked for, after a look at whether memory holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import huggingface_hub
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from tutelage.exceptions import UserError
from tutelage.neural.adapter_bases import check_adapter, check_name
from tutelage.neural.adapters import load_adapter, merge_adapter
from tutelage.neural.causal import check_decoder_only, load_causal
from tutelage.neural.devices import pick_device, pick_precision
from tutelage.neural.families import load_transducer
from tutelage.neural.lessons import Writer
from tutelage.neural.memory import RANK, check_fits, check_shape_fits, skeleton
from tutelage.neural.tokenization import load_tokenizer
from tutelage.neural.trimming import check_trimmable
from tutelage.neural.tuning_plan import Tuning, check_base
from tutelage.neural.weights import locate, read_config, reading

Kind = Literal["auto", "causal", "seq2seq"]
NEEDED = ("*.jinja", "*.json", "*.model", "*.safetensors", "*.txt")
"""Files of a model: configuration, tokenizer, chat template, weights."""
TOKENIZERS = ("tokenizer.json", "*.model", "vocab.*")
"""Files of which each tokenizer has one at least."""


def load_writer(
    model: str,
    *,
    family: Kind = "auto",
    precision: str,
    revision: str = "",
    adapter: Path | None = None,
    batch_size: int,
    length: int,
) -> Writer:
    """A model that writes, ready to be asked.

    Args:
        model: Hub id or folder.
        family: What it must be; auto takes it as its configuration says.
        precision: `bf16` or `fp32`, in which its weights are held.
        revision: Of a hub id; the newest where empty.
        adapter: Folder of a LoRA adapter, which is merged into the weights.
        batch_size: Sequences that will be written at once.
        length: Pieces of each, prompt included.

    Raises:
        UserError: it cannot be loaded, memory does not hold it, it is of another family, or the
            adapter belongs to another model.
    """
    place = _downloaded(model, revision)
    device = pick_device()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    kind = _family(model, place, family)
    check_fits(place, dtype, device=device, training=False, batch_size=batch_size, length=length)
    if kind == "causal":
        net: Writer = load_causal(place, precision_dtype=dtype)
    else:
        net = load_transducer(place, seed=0, precision_dtype=dtype)
    net.model.to(device=device, dtype=dtype)
    if adapter is not None:
        adapted = load_adapter(net.model, net.tokenizer, adapter, base=model)
        net.model = merge_adapter(adapted)
    net.model.eval()
    return net


def try_adapter(model: str, adapter: Path, *, family: Kind = "auto", revision: str = "") -> str:
    """Refuse an adapter that does not belong to a model, before any weight is loaded.

    The model's configuration gives every layer its shape, and its tokenizer the vocabulary. Whether
    a model of the same shape is the very one that it was tuned on, only `load_writer` tells.

    Looks on this machine only.

    Args:
        model: Hub id or folder.
        adapter: Folder of a LoRA adapter.
        family: As for `load_writer`.
        revision: Of a hub id; the newest where empty.

    Returns:
        Why the model could not be looked at; empty where it was.

    Raises:
        UserError: no adapter that can be read, or one of another model.
    """
    place = _found(model, revision)
    if place is None:
        check_name(adapter, base=model)
        return f"the model {model} is not on this machine yet"
    config = read_config(place)
    if _family(model, place, family) == "causal":
        check_decoder_only(model, config)
    net = skeleton(config, writes=True)
    check_adapter(net, load_tokenizer(place, offline=True), adapter, base=model)
    return ""


def try_tuning(plan: Tuning) -> str:
    """Refuse a model that cannot be tuned as planned, before any weight is loaded.

    Looks on this machine only.

    Args:
        plan: One with a `shape` passes.

    Returns:
        Why the model could not be looked at; empty where it was.

    Raises:
        UserError: it is of another family, has learned already what it was to be pre-trained for,
            cannot write with an adapter alone, or has a vocabulary that cannot be cut.
    """
    if not plan.model:
        return ""
    place = _found(plan.model, "")
    if place is None:
        return f"the model {plan.model} is not on this machine yet"
    config = read_config(place)
    if plan.family == "causal":
        check_decoder_only(plan.model, config)
    made = plan.family == "seq2seq" and not config.is_encoder_decoder
    check_base(plan, is_made=made)
    if plan.vocabulary == "used":
        check_trimmable(plan.model)
    return ""


def _found(model: str, revision: str) -> str | None:
    """The folder of a model, where this machine has its configuration and tokenizer, whether or not
    they can be read."""
    place = Path(locate(model))
    if place.is_dir():
        return str(place)
    light = [pattern for pattern in NEEDED if pattern != "*.safetensors"]
    with reading(model):
        try:
            folder = huggingface_hub.snapshot_download(
                str(place),
                revision=revision or None,
                allow_patterns=light,
                local_files_only=True,
            )
        except LocalEntryNotFoundError:  # no snapshot, or one that is known to lack files
            return None
    there = ("config.json",), TOKENIZERS  # who only read the configuration left nothing else
    found = Path(folder)
    whole = all(any(any(found.glob(name)) for name in names) for names in there)
    return str(found) if whole else None


def _family(model: str, place: str, wanted: str) -> str:
    config = read_config(locate(place))
    if wanted == "seq2seq" and not config.is_encoder_decoder:
        raise UserError(
            f"The model {model!r} is no encoder–decoder ({config.model_type}).",
            "A seq2seq teacher reads with an encoder and writes with a decoder.",
            "Write family: auto, or name a model such as google/flan-t5-small.",
        )
    if wanted == "auto":
        return "seq2seq" if config.is_encoder_decoder else "causal"
    return wanted


def _downloaded(model: str, revision: str) -> str:
    """The place of one revision of a hub id; without one the model itself."""
    if not revision:
        return model
    with reading(model):
        return str(
            huggingface_hub.snapshot_download(model, revision=revision, allow_patterns=list(NEEDED))
        )


def check_tuning_fits(plan: Tuning) -> None:
    """Refuse to tune a model that memory does not hold, before its weights are loaded.

    Raises:
        UserError: says what would fit.
    """
    device = pick_device()
    if plan.shape is not None:
        check_shape_fits(plan.shape, plan.family, device=device)
    if not plan.model or plan.quantise is not None:  # 4 bits are not in a model's configuration
        return
    half = plan.lora is not None and plan.family != "encoder" and device.type == "cuda"
    half = half and pick_precision(plan.precision, device) == "bf16"
    check_fits(
        plan.model,
        torch.bfloat16 if half else torch.float32,
        device=device,
        training=True,
        lora=plan.lora is not None,
        rank=RANK if plan.lora is None else plan.lora.rank,
    )
