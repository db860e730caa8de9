"""What can be set of a tuned teacher. Light: a recipe is checked without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

from tutelage.teacher.local_options import Count, Precision

Form = Literal["label", "answer", "texts"]
Rate = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True, slots=True)
class LoraOptions:
    """Low-rank adapters (arXiv 2106.09685)."""

    rank: Count = 8
    """Rank of each change of a weight."""
    alpha: Count = 16
    """The change is scaled by alpha / rank."""
    dropout: Rate = 0.0
    """Of what goes into an adapter, while it is tuned."""
    targets: tuple[str, ...] | None = None
    """Ends of the names of the layers that get one, or `[all-linear]`; where absent, what peft has
    for the family, or the linear layers of its attention."""


@dataclass(frozen=True, slots=True)
class TeacherShape:
    """Shape of a teacher that begins from nothing, with a tokenizer of its own."""

    d_model: Count = 256
    """Width."""
    layers: Count = 6
    """Layers; of a seq2seq teacher, of its encoder."""
    decoder_layers: Count = 2
    """Layers of a seq2seq teacher's decoder."""
    heads: Count = 4
    """Attention heads; must divide d_model, of a causal teacher its half."""
    d_ff: Count = 768
    """Width of the feed-forward layers."""
    vocab_size: Annotated[int, Ge(300)] = 8000
    """Most pieces of the tokenizer, which is trained on the texts that the teacher learns from."""
    positions: Count = 512
    """Most pieces of a prompt and its answer (causal)."""

    def __post_init__(self) -> None:
        if self.d_model % self.heads:
            raise ValueError(f"d_model {self.d_model} is not a multiple of heads {self.heads}")


@dataclass(frozen=True, slots=True)
class PretrainingOptions:
    """Plain texts to learn to write from before tuning.

    For a teacher of a `config`, and for a seq2seq teacher whose decoder is made out of an encoder.
    """

    steps: Count
    """Optimiser steps."""
    path: str = ""
    """File of plain texts: a table (csv, tsv, json, jsonl, also as .gz, or parquet), or .txt with a
    text on each line. The texts and targets of gold train are always learned from; these alone
    where empty."""
    column: str = "text"
    """Column of the texts."""
    learning_rate: Annotated[float, Gt(0)] | None = None
    """Highest learning rate; where absent 1e-3 for a `config` and 1e-4 for an encoder, whose new
    decoder learns ten times as fast."""
    share: Annotated[float, Interval(gt=0, lt=1)] | None = None
    """Of the pieces that a seq2seq teacher must restore; where absent .15 of a `config` (span
    corruption, arXiv 1910.10683) and .3 else (text infilling, arXiv 1910.13461)."""


@dataclass(frozen=True, slots=True)
class TunedOptions:
    """A model that learns the task from the gold train rows before it answers."""

    family: Literal["encoder", "seq2seq", "causal"]
    """`encoder` answers rows of tasks with one label; the others also write."""
    model: str = ""
    """Hub id, folder (relative to the recipe), or `minilm`. Empty where `config` is given."""
    config: TeacherShape | None = None
    """Begin from nothing in this shape instead of from `model`."""
    lora: LoraOptions | None = None
    """Settings of the adapter; its defaults where absent. Not with `full` or `config`."""
    full: bool = False
    """Tune all weights instead of an adapter, as is always done with a `config`."""
    quantise: Literal["4bit"] | None = None
    """Hold the base's weights in 4 bits (QLoRA, arXiv 2305.14314); needs CUDA and the extra
    `qlora`."""
    teaches: Literal["annotate", "generate", "both"] = "annotate"
    """What it learns from each gold row: its answer, to write the row, or both."""
    template: str = "annotate.v1"
    """By which it is asked for answers, and by no other; the synthesis's `template` must be the
    same. `fields.v1` is the short one, for small models."""
    compose: str = "compose.v1"
    """By which it is asked to write."""
    forms: tuple[Form, ...] = ()
    """What it learns to write: texts for a given `label`, texts with their `answer`, or `texts`
    alone, to be answered afterwards. Where empty, `label` for tasks with one label, `answer` for
    generation, else `texts`."""
    epochs: Annotated[float, Gt(0)] = 10
    """Passes over the gold train rows."""
    steps: Count | None = None
    """Optimiser steps instead of epochs."""
    batch_size: Count = 16
    """Lessons in one optimiser step."""
    micro_batch: Count | None = None
    """Lessons that are computed at once; all of a batch where absent."""
    learning_rate: Annotated[float, Gt(0)] | None = None
    """Highest learning rate; where absent 1e-3 with an adapter on an encoder or seq2seq model, 2e-4
    on a causal one, 1e-4 for all weights of a trained model, 1e-3 for a `config`."""
    warmup_steps: Annotated[float, Ge(0)] = 0.1
    """Steps of linear warm-up; below 1 a share of all steps."""
    weight_decay: Annotated[float, Ge(0)] = 0.01
    """Of AdamW; norms and biases are spared."""
    dropout: Rate | None = None
    """Replaces the model's own rate."""
    evaluations_per_epoch: Annotated[float, Gt(0)] = 1
    """Looks at dev; the weights that do best there are kept: by accuracy of labels, where that is
    equal by loss, then the earlier look; without labels by loss."""
    patience: Count | None = None
    """Looks without a better one after which tuning ends; never before its time where absent."""
    dev_limit: Count = 300
    """Look at no more than so many dev rows."""
    max_source: Annotated[int, Ge(8)] = 512
    """Most pieces of a prompt; of a longer one the beginning is cut."""
    max_target: Annotated[int, Ge(2)] = 128
    """Most pieces of what it learns to answer."""
    decoder_layers: Count | None = None
    """Layers of the decoder of a seq2seq teacher that is made out of an encoder."""
    vocabulary: Literal["all", "used"] = "all"
    """`used` keeps only the pieces of `model` that gold rows and `pretrain`'s texts need, and
    single characters; see the student `generator`. For seq2seq models with `full`."""
    pretrain: PretrainingOptions | None = None
    """Plain texts to learn from first."""
    seed: int = 0
    """Of fresh weights, order and dropout. Each purchase seed tunes a teacher of its own."""
    precision: Precision = "auto"
    """`auto` is bf16 where the device computes in it natively."""
    max_tokens: Count = 128
    """Longest completion where the request sets none."""
    temperature: Annotated[float, Ge(0)] = 1.0
    """Where the request leaves it open."""
    top_p: Annotated[float, Interval(gt=0, le=1)] = 1.0
    """Where the request leaves it open."""
    answer_batch: Count = 32
    """Requests that are answered at once."""
    merge: str = ""
    """Folder (relative to the recipe) that gets the tuned model as plain transformers loads it, in
    a folder for each purchase seed: `purchase-1`. For a server, or for others. None where empty."""
    usd_per_gpu_hour: Annotated[float, Ge(0)] = 0.0
    """What the machine costs; see the teacher `local`. What tuning took is told in the report and
    is charged to nobody."""
