"""What recipes may say of a student. Light: a recipe is checked without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Interval

Rule = Literal["dev_loss", "dev_accuracy", "last"]
SpanRule = Literal["dev_loss", "dev_f1", "last"]
Precision = Literal["auto", "bf16", "fp32"]
Count = Annotated[int, Gt(0)]
Rate = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True, slots=True)
class ShapeOptions:
    """Shape of a T5 that is trained from nothing."""

    d_model: Count = 128
    """Width."""
    layers: Count = 3
    """Layers of the encoder."""
    decoder_layers: Count = 2
    """Layers of the decoder."""
    heads: Count = 4
    """Attention heads; must divide d_model."""
    d_ff: Count = 256
    """Width of the feed-forward layers."""
    vocab_size: Annotated[int, Ge(300)] = 8000
    """Most pieces of the tokenizer, which is trained on the training rows."""

    def __post_init__(self) -> None:
        if self.d_model % self.heads:
            raise ValueError(f"d_model {self.d_model} is not a multiple of heads {self.heads}")


@dataclass(frozen=True, slots=True)
class Seq2SeqOptions:
    """A T5-like student that writes the label, and the rationale where the objective teaches it.

    The settings of arXiv 2409.12599 as published, against the defaults here:
    `model: google-t5/t5-small, epochs: 5, batch_size: 64, learning_rate: 6e-4 | 1.2e-3 | 2.4e-3,
    warmup_steps: 100, weight_decay: 0, evaluations_per_epoch: 2, max_source: 600, max_target: 400,
    precision: fp32, objective: {first_token: {label: 0.25, rationale: 0.75}}` (the baseline:
    `{label_only: {padded: true}}`)`, eval_loss: unsplit, answer: generate,
    count_unparseable: drop`.
    """

    model: str = "google-t5/t5-small"
    """Hub id or folder of an encoder–decoder of the T5 family, or of an encoder to warm-start from;
    `minilm` for the installed all-MiniLM-L6-v2. Ignored where `config` is given."""
    config: ShapeOptions | None = None
    """Train from nothing in this shape, with a tokenizer of its own, instead of from `model`."""
    decoder_layers: Count | None = None
    """Layers of the decoder of a student warm-started from an encoder; 2 where absent."""
    decoder_pace: Annotated[float, Gt(0)] = 10
    """Times that the decoder of a warm-started student learns faster than its encoder: attention
    between the two starts from nothing, while the encoder has only to be adapted."""
    objective: str | Mapping[str, Mapping[str, Any] | None] = "label_only"
    """`label_only`, `split_loss`, `rationale_first`, `multi_task` or `first_token`, with their
    factors: `{split_loss: {label: 0.25, rationale: 0.75}}`, `{multi_task: {alpha: 0.5}}`."""
    separator: str = "Rationale:"
    """Between label and rationale in the target; `Explanation:` in EMANLI."""
    epochs: Annotated[float, Gt(0)] = 5
    """Passes over the training rows."""
    steps: Count | None = None
    """Optimiser steps instead of epochs, whatever the number of rows."""
    batch_size: Count = 32
    """Rows in one optimiser step."""
    micro_batch: Count | None = None
    """Sequences that are computed at once; gradients add up to the batch. All at once where
    absent."""
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """Highest learning rate, after the warm-up."""
    warmup_steps: Annotated[float, Ge(0)] = 0.06
    """Steps of linear warm-up; below 1 a share of all steps."""
    weight_decay: Annotated[float, Ge(0)] = 0.0
    """Of AdamW; norms and biases are spared."""
    dropout: Rate | None = None
    """Replaces the model's own rate."""
    label_smoothing: Rate = 0.0
    """Share of each target that is spread evenly over the vocabulary."""
    evaluations_per_epoch: Annotated[float, Gt(0)] = 2
    """Looks at dev, from which the checkpoints are chosen; the state is saved at each."""
    select: Rule = "dev_accuracy"
    """Primary checkpoint rule; the others are kept and scored beside it."""
    dev_limit: Count | None = 1000
    """Look at no more than so many dev rows during training."""
    rationale_rows: Annotated[int, Ge(0)] = 32
    """Dev rows for which a rationale is written at each look, for its BLEU; 0 for none."""
    eval_loss: Literal["split", "unsplit"] = "split"
    """Loss on dev: that of training, or (as published) one mean over padded targets."""
    max_source: Annotated[int, Ge(8)] = 512
    """Most pieces of a source; longer ones are cut at the end."""
    max_target: Annotated[int, Ge(4)] = 192
    """Most pieces of a target; the rationale is cut, never the label."""
    precision: Precision = "auto"
    """`auto` is bf16 where the device computes in it. fp16 overflows in T5 and is refused."""
    answer: Literal["score", "generate"] = "score"
    """Score the labels' pieces (always a valid label), or generate greedily as published."""
    count_unparseable: Literal["wrong", "drop"] = "wrong"
    """Generated answers that cannot be read: wrong, or (as published) left out of dev accuracy."""


@dataclass(frozen=True, slots=True)
class EnsemblingOptions:
    """Temporal ensembling: a running mean of the student's own answers says which rows teach.

    The defaults are SuperGen's (arXiv 2202.04538).
    """

    momentum: Rate = 0.8
    """Share of the running mean that each new answer leaves in place."""
    every: Count = 100
    """Optimiser steps from one look at the training rows to the next."""
    threshold: Rate = 0.8
    """Rows teach whose label has more than this in the running mean."""
    weight: Annotated[float, Ge(0)] = 10.0
    """Highest weight of the pull towards the running mean."""
    ramp: Count = 10
    """Looks until that weight is reached, by exp(-5 (1 - t)^2)."""


@dataclass(frozen=True, slots=True)
class ClassifierOptions:
    """An encoder with a classification head: single label, several labels, or pairs of texts."""

    model: str = "minilm"
    """Hub id or folder of an encoder; `minilm` for the installed all-MiniLM-L6-v2."""
    config: ShapeOptions | None = None
    """Train from nothing in this shape (BERT-like; `decoder_layers` is ignored)."""
    layers: Count | None = None
    """Keep only the first so many layers of `model`: a smaller student of the same make."""
    epochs: Annotated[float, Gt(0)] = 5
    """Passes over the training rows."""
    steps: Count | None = None
    """Optimiser steps instead of epochs."""
    batch_size: Count = 16
    """Rows in one optimiser step."""
    micro_batch: Count | None = None
    """Rows that are computed at once; all of a batch where absent."""
    learning_rate: Annotated[float, Gt(0)] = 1e-4
    """Highest learning rate, after the warm-up."""
    warmup_steps: Annotated[float, Ge(0)] = 0.1
    """Steps of linear warm-up; below 1 a share of all steps."""
    weight_decay: Annotated[float, Ge(0)] = 0.01
    """Of AdamW; norms and biases are spared."""
    dropout: Rate | None = None
    """Replaces the model's own rate."""
    label_smoothing: Rate = 0.0
    """Share of each target that is spread evenly over the labels (single label)."""
    ensembling: EnsemblingOptions | None = None
    """Temporal ensembling against wrong labels (single label); `{}` for SuperGen's settings, none
    where absent."""
    soft_labels: Annotated[float, Interval(ge=0, le=1)] = 0.0
    """Share of the teacher's probabilities in the loss, for rows that have them: 0 none, 1 all."""
    temperature: Annotated[float, Gt(0)] = 1.0
    """Softens the teacher's probabilities and the student's before they are compared."""
    evaluations_per_epoch: Annotated[float, Gt(0)] = 2
    """Looks at dev, from which the checkpoints are chosen; the state is saved at each."""
    select: Rule = "dev_accuracy"
    """Primary checkpoint rule; the others are kept and scored beside it."""
    dev_limit: Count | None = 1000
    """Look at no more than so many dev rows during training."""
    max_source: Annotated[int, Ge(8)] = 256
    """Most pieces of a text or pair; the longer text of a pair is cut first."""
    threshold: Annotated[float, Interval(gt=0, lt=1)] = 0.5
    """Multi-label: probability from which a label applies."""
    precision: Precision = "auto"
    """`auto` is bf16 where the device computes in it."""


@dataclass(frozen=True, slots=True)
class SpanReaderOptions:
    """An encoder that points at the first and the last piece of the answer in a context.

    S3 (arXiv 2310.13671), author code for AdQA: `model: distilbert/distilbert-base-uncased,
    epochs: 10, batch_size: 8, learning_rate: 1e-5, weight_decay: 0.01, warmup_steps: 0,
    max_source: 512, stride: 170, precision: fp32`. Its exact match compares token positions window
    by window and its F1 token ids, on the test set and each at its best epoch: neither is SQuAD's.
    """

    model: str = "minilm"
    """Hub id or folder of an encoder; `minilm` for the installed all-MiniLM-L6-v2."""
    config: ShapeOptions | None = None
    """Train from nothing in this shape (BERT-like; `decoder_layers` is ignored)."""
    epochs: Annotated[float, Gt(0)] = 5
    """Passes over the training rows."""
    steps: Count | None = None
    """Optimiser steps instead of epochs."""
    batch_size: Count = 16
    """Rows in one optimiser step."""
    micro_batch: Count | None = None
    """Windows that are computed at once; as many as a batch has rows where absent."""
    learning_rate: Annotated[float, Gt(0)] = 1e-4
    """Highest learning rate, after the warm-up."""
    warmup_steps: Annotated[float, Ge(0)] = 0.1
    """Steps of linear warm-up; below 1 a share of all steps."""
    weight_decay: Annotated[float, Ge(0)] = 0.01
    """Of AdamW; norms and biases are spared."""
    dropout: Rate | None = None
    """Replaces the model's own rate."""
    evaluations_per_epoch: Annotated[float, Gt(0)] = 2
    """Looks at dev, from which the checkpoints are chosen; the state is saved at each."""
    select: SpanRule = "dev_f1"
    """Primary checkpoint rule; the others are kept and scored beside it."""
    dev_limit: Count | None = 500
    """Look at no more than so many dev rows during training."""
    max_source: Annotated[int, Ge(16)] = 384
    """Pieces of a window: the question and a stretch of its context. Nothing of a context is
    cut: a longer one has more windows."""
    stride: Annotated[int, Ge(0)] = 128
    """Pieces of the context that neighbouring windows share."""
    max_question: Annotated[int, Ge(4)] = 64
    """Most pieces of a question; longer ones are cut at the end."""
    max_answer: Count = 30
    """Most pieces of an answer that is given."""
    null_margin: float = 0.0
    """Say `no answer` where its score exceeds that of the best span by more than this. Students
    whose training rows all have an answer never say it."""
    precision: Precision = "auto"
    """`auto` is bf16 where the device computes in it."""


Penalty = Annotated[float, Gt(0)]


@dataclass(frozen=True, slots=True)
class LinearOptions:
    """TF-IDF features and a logistic regression: the student that always works."""

    max_features: Count = 100_000
    """Most terms in each block of features (words, characters); the most frequent stay."""
    c: Penalty | tuple[Penalty, ...] = (1.0, 10.0, 100.0)
    """Inverse strength of the penalty; of several values, dev chooses (without dev rows: the one
    nearest 1)."""
    select: Literal["dev_loss", "dev_accuracy"] = "dev_accuracy"
    """Primary rule of that choice; the other is kept and scored beside it."""
    soft_labels: bool = True
    """Train on the teacher's probabilities for rows that have them."""
    bootstrap: bool = False
    """Train each student seed on rows drawn with replacement: the only thing that seeds vary."""


@dataclass(frozen=True, slots=True)
class EmbeddingHeadOptions:
    """Frozen sentence embeddings and a logistic regression on top: seconds instead of minutes."""

    model: str = "minilm"
    """Hub id or folder of an encoder; `minilm` for the installed all-MiniLM-L6-v2."""
    max_source: Annotated[int, Ge(8)] = 256
    """Most pieces of a text; longer ones are cut."""
    batch_size: Count = 8
    """Texts that are embedded at once; more on a GPU."""
    c: Penalty | tuple[Penalty, ...] = (0.1, 1.0, 10.0, 100.0)
    """Inverse strength of the penalty; of several values, dev chooses (without dev rows: the one
    nearest 1)."""
    select: Literal["dev_loss", "dev_accuracy"] = "dev_accuracy"
    """Primary rule of that choice; the other is kept and scored beside it."""
    soft_labels: bool = True
    """Train on the teacher's probabilities for rows that have them."""
    bootstrap: bool = False
    """Train each student seed on rows drawn with replacement: the only thing that seeds vary."""
    cache: str = ""
    """Folder in which embeddings outlive the program; else that of TUTELAGE_CACHE, or none."""
