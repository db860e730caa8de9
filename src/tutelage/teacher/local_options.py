"""What can be set of a local teacher. Light: a recipe is checked without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

Precision = Literal["auto", "bf16", "fp32"]
Count = Annotated[int, Gt(0)]


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """A causal or seq2seq model that runs in this process, through `transformers`."""

    model: str
    """Hub id, or folder (relative to the recipe) with config, tokenizer and safetensors."""
    family: Literal["auto", "causal", "seq2seq"] = "auto"
    """What kind of model it is; auto: as its configuration says."""
    revision: str = ""
    """Branch, tag or commit of a hub id; its newest where empty."""
    adapter: str = ""
    """Folder of a LoRA adapter of `peft`, made for this model, which `check` looks into; empty for
    none."""
    precision: Precision = "auto"
    """`auto` is bf16 where the device computes in it natively. In fp32 a request's text does not
    depend on the batch that it is in; in bf16 it may."""
    batch_size: Count = 16
    """Sequences that are computed at once. Halved by itself where memory does not suffice."""
    max_tokens: Count = 256
    """Longest completion where the request sets none."""
    temperature: Annotated[float, Ge(0)] = 1.0
    """Where the request leaves it open; 0 for the likeliest text."""
    top_p: Annotated[float, Interval(gt=0, le=1)] = 1.0
    """Where the request leaves it open."""
    chat: Literal["auto", "never"] = "auto"
    """`auto` lays the messages out by the tokenizer's chat template where it has one; `never`, and
    for models without one, the messages' texts are joined by blank lines."""
    prompt_limit: Count | None = None
    """Most tokens of a prompt; longer ones fail with the reason. As many as the model has positions
    where absent."""
    usd_per_gpu_hour: Annotated[float, Ge(0)] = 0.0
    """What the machine costs. The seconds of a batch are shared among its replies by their tokens.
    They are not known beforehand: set budgets in tokens, or `prices` in place of this."""
