"""Whether a model fits into memory, told from its configuration before any weight is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
import transformers

from tutelage.exceptions import UserError
from tutelage.neural.adapters import Family
from tutelage.neural.causal import CausalShape
from tutelage.neural.families import Sizes
from tutelage.neural.weights import locate, read_config, reading

MOMENTS = 2
"""Numbers that Adam keeps for each weight it trains."""
RANK = 8
"""Rank of the LoRA that is proposed."""
LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
"""Where Linux tells what a container may use and uses (cgroup 2, then 1)."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a model takes, but for what a single pass keeps in between (activations), which
    depends on the batch: a batch that is too large is halved."""

    parameters: int
    """Weights of the model, not bytes."""
    trained: int
    """Weights that are trained, those of LoRA among them."""
    weights: int
    gradients: int
    moments: int
    """Adam's means of gradients and of their squares."""
    cache: int
    """Keys and values of a batch that is being written."""

    @property
    def total(self) -> int:
        return self.weights + self.gradients + self.moments + self.cache


def needed(
    config: Any,
    dtype: torch.dtype,
    *,
    training: bool,
    lora: bool = False,
    rank: int = RANK,
    batch_size: int = 1,
    length: int = 0,
) -> Need:
    """What a model takes, from its configuration alone.

    Args:
        config: Of transformers.
        dtype: Type that the weights are held in.
        training: Whether the model is trained (Adam) or writes.
        lora: Whether adapters alone are trained. Counted for all linear layers but the output, in
            fp32: an upper bound.
        rank: Of the adapters.
        batch_size: Sequences that are written at once.
        length: Pieces of each, prompt included.
    """
    model = skeleton(config)
    parameters = sum(p.numel() for p in model.parameters())
    adapters = _adapter_size(model, rank) if training and lora else 0
    trained = (adapters if lora else parameters) if training else 0
    size = 4 if lora else dtype.itemsize
    return Need(
        parameters=parameters,
        trained=trained,
        weights=parameters * dtype.itemsize + adapters * 4,
        gradients=trained * size,
        moments=MOMENTS * trained * size,
        cache=0 if training else _cache_size(config, batch_size * length) * dtype.itemsize,
    )


def skeleton(config: Any, *, writes: bool = False) -> Any:
    """The network without its weights: tensors on the meta device have shapes and no memory.

    Args:
        config: Of transformers.
        writes: Give it a head that writes, although its configuration does not speak of one.
    """
    names = " ".join(config.architectures or ())
    if config.is_encoder_decoder:
        kind = transformers.AutoModelForSeq2SeqLM
    elif writes or "CausalLM" in names or "LMHead" in names or getattr(config, "is_decoder", False):
        kind = transformers.AutoModelForCausalLM
    else:
        kind = transformers.AutoModel
    with torch.device("meta"), reading(config.name_or_path or config.model_type):
        return kind.from_config(config, trust_remote_code=False)


def _adapter_size(model: Any, rank: int) -> int:
    """Numbers in the matrices A and B of every linear layer but the output."""
    head = model.get_output_embeddings()
    count = 0
    for module in model.modules():
        weight = getattr(module, "weight", None)
        is_linear = isinstance(module, torch.nn.Linear | transformers.pytorch_utils.Conv1D)
        if is_linear and module is not head and weight is not None:
            count += rank * sum(weight.shape)
    return count


def _cache_size(config: Any, places: int) -> int:
    """Keys and values of `places` pieces in all layers; twice for an encoder–decoder, whose decoder
    keeps those of the source as well."""
    text = config.get_text_config(decoder=True)
    heads = int(getattr(text, "num_attention_heads", None) or 0)
    if not heads:  # a family without attention keeps no keys and values
        return 0
    kept = int(getattr(text, "num_key_value_heads", None) or heads)
    width = int(getattr(text, "head_dim", None) or getattr(text, "d_kv", 0) or 0)
    layers = getattr(text, "num_decoder_layers", None) or text.num_hidden_layers
    per_layer = 2 * kept * (width or int(text.hidden_size) // heads)
    return int(layers) * per_layer * places * (2 if config.is_encoder_decoder else 1)


def free_bytes(device: torch.device) -> int:
    """Memory that is free on a device; on a CPU also under the limit of a container."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return min([int(psutil.virtual_memory().available), *_container_rooms()])


def _container_rooms() -> list[int]:
    for limit, used in LIMITS:
        try:
            taken = int(used.read_text()) - _given_back(used.with_name("memory.stat"))
            return [max(0, int(limit.read_text()) - taken)]
        except (OSError, ValueError):  # no such file, or `max`: no limit
            continue
    return []


def _given_back(stat: Path) -> int:
    """Bytes of files that Linux keeps in memory until somebody needs it: a model that was just
    copied into a container fills its memory so, and is no reason to refuse it."""
    try:
        told = dict(line.split() for line in stat.read_text().splitlines())
    except OSError:
        return 0
    kept = ("active_file", "inactive_file")
    return sum(int(told.get(f"total_{name}", told.get(name, 0))) for name in kept)


def check_fits(
    model: str,
    dtype: torch.dtype,
    *,
    device: torch.device,
    training: bool,
    lora: bool = False,
    rank: int = RANK,
    batch_size: int = 1,
    length: int = 0,
) -> Need:
    """Refuse a model that memory does not hold, before its weights are loaded.

    Args:
        model: Hub id or folder; only its configuration is read.
        dtype: See `needed`, as for what follows.
        device: Where it will run.
        training: Whether the model is trained or writes.
        lora: Whether adapters alone are trained.
        rank: Of the adapters.
        batch_size: Sequences that are written at once.
        length: Pieces of each, prompt included.

    Returns:
        What it needs.

    Raises:
        UserError: more is needed than is free; told with what would fit.
    """
    config = read_config(locate(model))
    given = {"rank": rank, "batch_size": batch_size, "length": length}
    need = needed(config, dtype, training=training, lora=lora, **given)
    free = free_bytes(device)
    if need.total <= free:
        return need
    ways = []
    for way, kind, adapters in _ways(dtype, training, lora):
        other = needed(config, kind, training=training, lora=adapters, **given).total
        if other <= free:
            ways.append(f"{way} ({_told(other)})")
    fits = int(free * need.parameters / need.total)
    act = "tuned" if training else "run"
    raise UserError(
        f"{model!r} needs {_told(need.total)} of memory to be {act} here: {_parts(need)}.",
        f"{_told(free)} are free on {device}.",
        f"What would fit: {'; '.join([*ways, f'a model of about {_count(fits)} parameters'])}.",
    )


def check_shape_fits(shape: CausalShape | Sizes, family: Family, *, device: torch.device) -> None:
    """Refuse a network of a config that memory does not hold while all of it is trained in fp32.

    Its large matrices alone are counted: how many pieces it will know depends on the texts.

    Raises:
        UserError: more is needed than is free; told with what would fit.
    """
    d, wide = shape.d_model, shape.d_model * shape.d_ff
    parameters = shape.layers * (4 * d * d + (3 if family == "causal" else 2) * wide)
    if isinstance(shape, Sizes) and family == "seq2seq":
        parameters += shape.decoder_layers * (8 * d * d + 2 * wide)
    each = 4 * (2 + MOMENTS)  # weight, gradient, moments
    free = free_bytes(device)
    if parameters * each > free:
        raise UserError(
            f"A teacher of this config has at least {_count(parameters)} parameters, and needs "
            f"{_told(parameters * each)} of memory to be tuned here.",
            f"{_told(free)} are free on {device}.",
            f"What would fit: a config of about {_count(free // each)} parameters: fewer layers, "
            "or a smaller d_model and d_ff.",
        )


def _ways(dtype: torch.dtype, training: bool, lora: bool) -> list[tuple[str, torch.dtype, bool]]:
    """What else may be tried: its name, the type of the weights, and whether LoRA."""
    half = torch.bfloat16
    wide = dtype.itemsize > half.itemsize
    ways = []
    if wide and (lora or not training):  # all weights are trained in fp32 whatever the precision
        ways.append(("precision: bf16", half, lora))
    if training and not lora:
        ways.append((f"LoRA of rank {RANK}", dtype, True))
        if wide:
            ways.append((f"LoRA of rank {RANK} with precision: bf16", half, True))
    return ways


def _parts(need: Need) -> str:
    parts = {
        "weights": need.weights,
        "gradients": need.gradients,
        "Adam's moments": need.moments,
        "keys and values": need.cache,
    }
    return ", ".join(f"{_told(size)} {name}" for name, size in parts.items() if size)


def _told(size: int) -> str:
    """Bytes for people.

    >>> _told(7_400_000_000), _told(12_300_000), _told(900)
    ('7.4 GB', '12.3 MB', '0.9 kB')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1000:.1f} kB"


def _count(number: int) -> str:
    """A number of parameters for people, rounded down to two digits.

    >>> _count(1_290_000_000), _count(67_890), _count(42)
    ('1.2 billion', '67 thousand', '42')
    """
    for unit, name in ((10**9, "billion"), (10**6, "million"), (10**3, "thousand")):
        if number >= unit:
            share = number / unit
            return f"{int(share * 10) / 10 if share < 10 else int(share)} {name}"
    return str(number)
