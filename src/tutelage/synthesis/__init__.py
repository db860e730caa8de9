"""Synthesis: what is asked of a teacher, and what is read out of its replies.

Each module holds one way to turn a brief into orders, orders into requests, and replies into
drafts. Here they get their names and options; nothing heavy is imported.
"""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.plugins import Plugin
from tutelage.synthesis.annotate_options import AnnotateOptions
from tutelage.synthesis.generation_options import ProGenOptions, SuperGenOptions
from tutelage.synthesis.joint_options import GenerateOptions
from tutelage.synthesis.turn_options import InTurnsOptions
from tutelage.synthesis.writer_options import (
    ExtrapolateOptions,
    GoldGenOptions,
    ZeroGenOptions,
)


@dataclass(frozen=True, slots=True)
class FiveWOptions:
    """Who, what, when, where and why, as the rationale of gold train rows."""

    rows: int | None = None
    """So many train rows at random; all where absent."""
    temperature: float = 0.2
    """As published."""
    max_tokens: int = 400
    """Longest reply, as published."""
    as_published: bool = False
    """Keep the published system's quirks; the module `rationales` lists them."""


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """Reasons for the gold label, as the rationale of gold train rows."""

    rows: int | None = None
    """So many train rows at random; all where absent."""
    temperature: float = 0.2
    """As published."""
    max_tokens: int = 400
    """Longest reply, as published."""
    as_published: bool = False
    """Keep the published system's quirks; the module `rationales` lists them."""


@dataclass(frozen=True, slots=True)
class PromptedOptions:
    """A rationale for gold train rows by your own prompt."""

    template: str
    """Path of a jinja2 file with a block `user`, and a block `system` where wanted."""
    rows: int | None = None
    """So many train rows at random; all where absent."""
    temperature: float = 0.2
    """0 for the likeliest reply."""
    max_tokens: int = 400
    """Longest reply."""
    shared: bool = False
    """Rows with the same prompt share one reply; else each one buys its own."""


PLUGINS: tuple[Plugin, ...] = (
    Plugin(
        "synthesizer",
        "five_w",
        "tutelage.synthesis.rationales:build_five_w",
        FiveWOptions,
        "Adds answers to the five W questions to gold rows (SMANLI).",
        "arXiv 2409.12599",
        gives=("rationales",),
    ),
    Plugin(
        "synthesizer",
        "explain",
        "tutelage.synthesis.rationales:build_explain",
        ExplainOptions,
        "Adds reasons for the gold label to gold rows (EMANLI).",
        "arXiv 2409.12599",
        gives=("rationales",),
    ),
    Plugin(
        "synthesizer",
        "prompted",
        "tutelage.synthesis.rationales:build_prompted",
        PromptedOptions,
        "Adds a rationale to gold rows by a prompt of your own.",
        gives=("rationales",),
    ),
    Plugin(
        "synthesizer",
        "annotate",
        "tutelage.synthesis.annotation:build",
        AnnotateOptions,
        "Answers unlabelled rows, by a prompted or a tuned teacher.",
        gives=("labels",),
    ),
    Plugin(
        "synthesizer",
        "zerogen",
        "tutelage.synthesis.zerogen:build",
        ZeroGenOptions,
        "Writes texts for each label from nothing.",
        "arXiv 2202.07922",
        gives=("rows",),
    ),
    Plugin(
        "synthesizer",
        "goldgen",
        "tutelage.synthesis.goldgen:build",
        GoldGenOptions,
        "Writes texts for each label with gold rows of it in the prompt.",
        gives=("rows",),
    ),
    Plugin(
        "synthesizer",
        "progen",
        "tutelage.synthesis.progen:build",
        ProGenOptions,
        "Writes texts for each label, shown the rows that helped the last student most.",
        "arXiv 2210.12329",
        gives=("rows",),
    ),
    Plugin(
        "synthesizer",
        "supergen",
        "tutelage.synthesis.supergen:build",
        SuperGenOptions,
        "Writes many candidates for each label, to be chosen by log-probability.",
        "arXiv 2202.04538",
        gives=("rows",),
    ),
    Plugin(
        "synthesizer",
        "generate",
        "tutelage.synthesis.joint:build",
        GenerateOptions,
        "Writes whole rows, texts and answer, with a tuned teacher or any other.",
        "arXiv 2310.01119",
        gives=("rows",),
    ),
    Plugin(
        "synthesizer",
        "extrapolate",
        "tutelage.synthesis.extrapolation:build",
        ExtrapolateOptions,
        "Writes seed texts, then more of the rows that the last student got wrong (S3).",
        "arXiv 2310.13671",
        gives=("rows",),
    ),
    Plugin(
        "synthesizer",
        "in_turns",
        "tutelage.synthesis.taking_turns:build",
        InTurnsOptions,
        "Several methods in one arm, a turn for each.",
        "arXiv 2310.01119",
        gives=("labels", "rows"),
        parts="parts",
    ),
)
