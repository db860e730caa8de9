"""What decides how a teacher is tuned, and what cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from tutelage.exceptions import UserError
from tutelage.neural.adapters import Family, Lora
from tutelage.neural.causal import CausalShape
from tutelage.neural.devices import pick_device, pick_precision
from tutelage.neural.families import Sizes
from tutelage.neural.lessons import Lesson
from tutelage.neural.quantisation import check_quantise
from tutelage.records import content_hash

VERSION = 2
"""Raised whenever the same plan and rows give another teacher, and `TEACHER` of `teacher/tuned.py`
with it, which is in the teacher's name."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """All that decides what a teacher learns from its rows."""

    family: Family
    model: str = ""
    """Hub id, folder or `minilm`; empty where `shape` is given."""
    shape: CausalShape | Sizes | None = None
    """Of a network that is trained from nothing."""
    lora: Lora | None = None
    """None tunes all weights."""
    epochs: float = 10.0
    steps: int | None = None
    """Optimiser steps, whatever the number of rows."""
    batch_size: int = 16
    micro_batch: int | None = None
    """Rows that are computed at once; all of a batch where None."""
    learning_rate: float = 2e-4
    warmup_steps: float = 0.1
    """Steps, or a share of all steps where below 1."""
    weight_decay: float = 0.01
    dropout: float | None = None
    """Of the network; its own rate where None."""
    evaluations_per_epoch: float = 1.0
    patience: int | None = None
    """Looks at dev without a better one after which tuning ends."""
    max_source: int = 512
    """Pieces of a prompt; its beginning is cut where it is longer."""
    max_target: int = 128
    """Pieces of an ending."""
    precision: str = "auto"
    decoder_layers: int | None = None
    """Of an encoder that becomes an encoder–decoder."""
    quantise: str | None = None
    """`4bit` holds the base's weights in 4 bits (QLoRA)."""
    vocabulary: str = "all"
    """`used` keeps only the pieces of `model` that rows and texts need."""
    pretrain_steps: int = 0
    """Optimiser steps on plain texts beforehand, for a network of `shape` or a decoder that is made
    out of an encoder."""
    pretrain_rate: float = 1e-3
    pretrain_share: float | None = None
    """Of the pieces that an encoder–decoder must restore; its kind's own where None."""
    known_as: str = ""
    """What names the weights of `model` wherever they lie, such as a hash of them: the model may
    then be moved between two calls. Where empty, `model` itself names them."""


def identity_of(
    plan: Tuning,
    lessons: Sequence[Lesson],
    dev: Sequence[Lesson],
    *,
    labels: Sequence[str],
    texts: Sequence[str],
    seed: int,
) -> str:
    """Hash of everything that decides what is learned."""
    told = asdict(replace(plan, model=plan.known_as or plan.model, known_as=""))
    trims = plan.vocabulary == "used"
    return content_hash(
        "tune1",
        {
            "version": VERSION,
            "plan": told,
            "lessons": [asdict(row) for row in lessons],
            "dev": [asdict(row) for row in dev],
            "labels": list(labels),
            "texts": list(texts) if plan.shape or plan.pretrain_steps or trims else [],
            "seed": seed,
        },
    )


def check_base(plan: Tuning, *, is_made: bool) -> None:
    """Refuse what the model of a plan cannot learn so.

    Args:
        plan: Whose model is known; one that begins from nothing passes.
        is_made: Whether its decoder is made out of an encoder, and cannot write yet.

    Raises:
        UserError: texts to learn to write from for a model that has learned it, or an adapter for
            one that has not.
    """
    if plan.shape is not None:
        return
    if plan.pretrain_steps and not is_made:
        raise UserError(
            f"The model {plan.model} cannot be pre-trained.",
            "Pre-training is for networks that begin from nothing, and for a decoder that is made "
            "out of an encoder; this one has learned to write.",
            "Leave pretrain out.",
        )
    if plan.lora is not None and is_made:
        raise UserError(
            f"LoRA cannot teach {plan.model} to write.",
            "It is an encoder; its decoder has only just been made, with weights that must all be "
            "trained.",
            "Tune all weights (full: true), or use the family encoder to annotate.",
        )


def check_plan(plan: Tuning, texts: Sequence[str], labels: Sequence[str]) -> None:
    check_quantise(plan.quantise, plan.family)
    pick_precision(plan.precision, pick_device())
    if plan.family == "encoder" and not labels:
        raise UserError(
            "An encoder cannot be tuned without labels.",
            "It has a head over labels and nothing else.",
            "Use a teacher of the family seq2seq or causal.",
        )
    if plan.quantise is not None and plan.lora is None:
        raise UserError(
            "Weights in 4 bits cannot be tuned.",
            "Only an adapter on top of them can.",
            "Set lora, or leave quantise out.",
        )
    if bool(plan.model) == (plan.shape is not None):
        raise UserError(
            "A teacher needs either a model or a shape.",
            "It begins from trained weights or from nothing, not from both or neither.",
            "Give model: ... or config: {d_model: ...}.",
        )
    kinds = {"causal": CausalShape, "seq2seq": Sizes, "encoder": CausalShape | Sizes}
    if plan.shape is not None and not isinstance(plan.shape, kinds[plan.family]):
        raise UserError(
            f"A {plan.family} teacher cannot have the {type(plan.shape).__name__} of another "
            "family.",
            "Each family has sizes of its own.",
            "Give CausalShape for causal and Sizes for seq2seq.",
        )
    learns_to_write = plan.shape is not None or (plan.family == "seq2seq" and plan.lora is None)
    if plan.pretrain_steps and (not learns_to_write or plan.family == "encoder" or not texts):
        raise UserError(
            "There is nothing to pre-train, or nothing to pre-train on.",
            "Pre-training is for networks that begin from nothing and for a decoder that is made "
            "out of an encoder, on plain texts.",
            "Give plain texts, and a config or (for seq2seq) full: true; or leave pretrain out.",
        )
    if plan.vocabulary == "used" and not (plan.model and learns_to_write):
        raise UserError(
            "vocabulary: used is for a seq2seq model all of whose weights are tuned.",
            "A config has a vocabulary of its own size, and an adapter needs its base as it is.",
            "Leave vocabulary out, or set family: seq2seq, model and full: true.",
        )
    if plan.lora is not None and plan.shape is not None and not plan.pretrain_steps:
        raise UserError(
            "LoRA on random weights learns next to nothing.",
            "It is a small change of a model that knows the language already.",
            "Give pretrain, or tune all weights: leave lora out.",
        )
