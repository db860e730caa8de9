"""Where and how precisely to compute, and random streams that nothing else touches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from tutelage.exceptions import UserError


def pick_device() -> torch.device:
    """The first CUDA device, or the CPU."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def pick_precision(wanted: str, device: torch.device) -> str:
    """`bf16` or `fp32`.

    Args:
        wanted: `auto` (bf16 where the device computes in it natively), `bf16` or `fp32`.
        device: Where the model will run.

    Raises:
        UserError: fp16 or anything else. T5 was trained in bf16: its activations overflow fp16.
    """
    if wanted == "auto":
        return "bf16" if _has_bf16(device) else "fp32"
    if wanted not in ("bf16", "fp32"):
        raise UserError(
            f"A student cannot be trained in precision {wanted!r}.",
            "T5's activations pass 65,504, the largest value of fp16, and become infinite.",
            "Use precision: auto, bf16 or fp32.",
        )
    return wanted


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    flags = ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16")
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(bool(capabilities.get(flag)) for flag in flags)


@contextmanager
def computing(device: torch.device, precision: str) -> Iterator[None]:
    """Run the model's products in `precision`: autocast, or fast fp32 products.

    'medium' lets the CPU split fp32 products into bf16 ones (the error stays at the level of fp32);
    'high' lets CUDA use TF32. The process-wide setting is put back at the end.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium" if device.type == "cpu" else "high")
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def in_full_precision(head: torch.nn.Module, where: torch.Tensor | None = None) -> Iterator[None]:
    """Run one layer in the type of its weights inside a bf16 computation, which is fp32 unless the
    network itself was loaded in bf16; on chosen positions where given.

    bf16 keeps 8 bits of a logit: two labels would often tie, and the first one would win.
    """
    off: list[torch.autocast] = []

    def before(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        states = given[0] if where is None else given[0][where]
        off.append(torch.autocast(states.device.type, enabled=False))
        off[-1].__enter__()  # type: ignore[no-untyped-call]
        return (states.to(next(head.parameters()).dtype), *given[1:])

    def after(*_: object) -> None:
        off.pop().__exit__(None, None, None)

    hooks = (head.register_forward_pre_hook(before), head.register_forward_hook(after))
    try:
        yield
    finally:
        while off:
            after()
        for hook in hooks:
            hook.remove()


def stream(seed: int, *path: str | int) -> int:
    """A seed of its own for each purpose: equal paths give equal seeds on every machine.

    >>> stream(1, "dropout", 7) == stream(1, "dropout", 7) != stream(1, "dropout", 8)
    True
    """
    text = "/".join(map(str, (seed, *path)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Keep torch's global generators for ourselves, and give them back as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices, device_type="cuda"):
        yield
