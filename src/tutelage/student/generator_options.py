"""What recipes may say of a generator. Light: a recipe is checked without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from tutelage.student.options import Count, Precision, Rate, ShapeOptions

TextRule = Literal["dev_loss", "dev_chrf", "last"]


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """An encoder–decoder that reads the texts of a row and writes its target.

    The default learning rate suits T5 and fresh weights; BART wants about 5e-5.
    """

    model: str = "google-t5/t5-small"
    """Hub id or folder of an encoder–decoder (T5, BART, ...), or of an encoder to warm-start from;
    `minilm` for the installed all-MiniLM-L6-v2, which writes lower case alone. Ignored where
    `config` is given."""
    config: ShapeOptions | None = None
    """Train a T5 from nothing in this shape, with a tokenizer trained on the training rows."""
    layers: Count | None = None
    """Keep only the first so many layers of an encoder that is warm-started from."""
    decoder_layers: Count | None = None
    """Layers of the decoder of a student warm-started from an encoder; 2 where absent."""
    decoder_pace: Annotated[float, Gt(0)] = 10
    """Times that the decoder of a warm-started student learns faster than its encoder."""
    vocabulary: Literal["all", "used"] = "all"
    """`used` keeps only the pieces of `model` that the training rows need, and single characters:
    a small student gets far smaller and faster (arXiv 2305.15020). For WordPiece and Unigram
    vocabularies (T5, BERT, MiniLM)."""
    prefix: str = ""
    """Stands before every source, such as `summarize: `."""
    references: Literal["first", "all"] = "first"
    """Train on the target of each row, or on one row for each of its references."""
    epochs: Annotated[float, Gt(0)] = 5
    """Passes over the training rows."""
    steps: Count | None = None
    """Optimiser steps instead of epochs, whatever the number of rows."""
    batch_size: Count = 32
    """Rows in one optimiser step."""
    micro_batch: Count | None = None
    """Rows that are computed at once; gradients add up to the batch. All at once where absent."""
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """Highest learning rate, after the warm-up."""
    warmup_steps: Annotated[float, Ge(0)] = 0.06
    """Steps of linear warm-up; below 1 a share of all steps."""
    weight_decay: Annotated[float, Ge(0)] = 0.0
    """Of AdamW; norms and biases are spared."""
    dropout: Rate | None = None
    """Replaces the model's own rate."""
    label_smoothing: Rate = 0.0
    """Share of each target piece that is spread evenly over the vocabulary."""
    evaluations_per_epoch: Annotated[float, Gt(0)] = 2
    """Looks at dev, from which the checkpoints are chosen; the state is saved at each."""
    select: TextRule = "dev_chrf"
    """Primary checkpoint rule; the others are kept and scored beside it."""
    dev_limit: Count | None = 1000
    """Look at no more than so many dev rows during training."""
    dev_written: Annotated[int, Ge(0)] = 100
    """Dev rows that are written at each look, greedily, for their chrF; 0 for none."""
    max_source: Annotated[int, Ge(8)] = 512
    """Most pieces of a source; longer ones are cut at the end."""
    max_target: Annotated[int, Ge(4)] = 128
    """Most pieces of a target, in training and in writing; longer ones are cut."""
    beams: Count = 4
    """Beginnings that are kept while writing (beam search); 1 writes greedily."""
    length_penalty: float = 1.0
    """Beams are ranked by log p / pieces ** length_penalty: higher values favour longer texts."""
    no_repeat_ngram: Annotated[int, Ge(0)] = 0
    """Pieces that may not stand in a row twice in one text; 0 forbids nothing. Where words are
    spelled in small pieces, as rare ones are with `vocabulary: used`, 3 forbids many words."""
    precision: Precision = "auto"
    """`auto` is bf16 where the device computes in it. fp16 overflows in T5 and is refused."""
