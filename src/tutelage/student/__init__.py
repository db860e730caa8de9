"""Students: what a learner trains, and how it is saved. Declared here without importing torch."""

from tutelage.plugins import Plugin
from tutelage.student.generator_options import GeneratorOptions
from tutelage.student.options import (
    ClassifierOptions,
    EmbeddingHeadOptions,
    LinearOptions,
    Seq2SeqOptions,
    SpanReaderOptions,
)
from tutelage.student.setfit_options import SetFitOptions

PLUGINS: tuple[Plugin, ...] = (
    Plugin(
        "learner",
        "seq2seq",
        "tutelage.student.seq2seq:build",
        Seq2SeqOptions,
        "A T5-like student that writes the label, and the rationale where taught.",
        "arXiv 2409.12599, arXiv 2305.02301",
        gives=("scores",),
        extra="train",
    ),
    Plugin(
        "learner",
        "classifier",
        "tutelage.student.classifier:build",
        ClassifierOptions,
        "An encoder with a classification head.",
        gives=("scores", "gradients"),
        extra="train",
    ),
    Plugin(
        "learner",
        "span_reader",
        "tutelage.student.span_reader:build",
        SpanReaderOptions,
        "An encoder that points at the answer of a question in its context.",
        extra="train",
    ),
    Plugin(
        "learner",
        "generator",
        "tutelage.student.generator:build",
        GeneratorOptions,
        "An encoder–decoder that writes the target of a row.",
        extra="train",
    ),
    Plugin(
        "learner",
        "linear",
        "tutelage.student.linear:build",
        LinearOptions,
        "TF-IDF features under a logistic regression.",
        gives=("scores", "gradients"),
    ),
    Plugin(
        "learner",
        "embedding_head",
        "tutelage.student.embedding_head:build",
        EmbeddingHeadOptions,
        "Frozen sentence embeddings under a logistic regression.",
        gives=("scores", "gradients"),
        extra="train",
    ),
    Plugin(
        "learner",
        "setfit",
        "tutelage.student.setfit:build",
        SetFitOptions,
        "An encoder tuned on pairs of rows, under a logistic regression; needs the extra setfit.",
        "arXiv 2209.11055",
        gives=("scores",),
        extra="setfit",
    ),
)
