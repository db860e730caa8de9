"""Curation: checks that say of each draft what becomes of it, one small module each."""

from __future__ import annotations

from tutelage.curation.check_options import (
    AgreementOptions,
    BalanceOptions,
    ContaminationOptions,
    CopiesOptions,
    FormatOptions,
    LanguageOptions,
    NearDuplicateOptions,
    NoiseOptions,
    RefusalOptions,
    SelectionOptions,
    SemanticDuplicateOptions,
)
from tutelage.plugins import NoOptions, Plugin

DEFAULT_CHECKS = ("format", "refusal", "duplicate", "contamination")
"""What a recipe gets that says nothing of checks, in this order."""

PLUGINS: tuple[Plugin, ...] = (
    Plugin(
        "check",
        "format",
        "tutelage.curation.shape:build",
        FormatOptions,
        "Drops rows with unknown labels, missing fields, and texts too short or too long.",
    ),
    Plugin(
        "check",
        "refusal",
        "tutelage.curation.wording:build",
        RefusalOptions,
        "Drops refusals; takes off wrapping quotes, HTML, chatter and run-on text.",
        version=2,
    ),
    Plugin(
        "check",
        "duplicate",
        "tutelage.curation.duplicates:build",
        NoOptions,
        "Drops rows whose texts an earlier row has.",
    ),
    Plugin(
        "check",
        "contamination",
        "tutelage.curation.contamination:build",
        ContaminationOptions,
        "Drops new rows that copy gold, dev or test.",
    ),
    Plugin(
        "check",
        "conclusion",
        "tutelage.curation.conclusions:build",
        NoOptions,
        "Takes off rationales that argue for another label than their row's.",
    ),
    Plugin(
        "check",
        "language",
        "tutelage.curation.languages:build",
        LanguageOptions,
        "Drops rows in another language than gold's.",
        extra="curation",
    ),
    Plugin(
        "check",
        "near_duplicate",
        "tutelage.curation.near_duplicates:build",
        NearDuplicateOptions,
        "Drops rows that share most of their word shingles with an earlier row or a gold row.",
        "Broder 1997",
    ),
    Plugin(
        "check",
        "semantic_duplicate",
        "tutelage.curation.semantic_duplicates:build",
        SemanticDuplicateOptions,
        "Drops rows whose static embedding is nearly that of an earlier row or a gold row.",
        "arXiv 2303.09540",
        extra="curation",
    ),
    Plugin(
        "check",
        "copies",
        "tutelage.curation.copies:build",
        CopiesOptions,
        "Drops rows that repeat a gold row by word n-grams or by embedding (memorisation).",
        extra="curation",
    ),
    Plugin(
        "check",
        "agreement",
        "tutelage.curation.agreement:build",
        AgreementOptions,
        "Drops or relabels rows whose label a second opinion contradicts.",
        "arXiv 2203.11171",
    ),
    Plugin(
        "check",
        "noise",
        "tutelage.curation.label_noise:build",
        NoiseOptions,
        "Drops or marks rows that confident learning takes for wrongly labelled.",
        "arXiv 1911.00068",
        extra="curation",
    ),
    Plugin(
        "check",
        "balance",
        "tutelage.curation.balance:build",
        BalanceOptions,
        "Drops rows of labels that there are too many of.",
    ),
    Plugin(
        "check",
        "selection",
        "tutelage.curation.selection:build",
        SelectionOptions,
        "Keeps the likeliest candidates of each label by mean log-probability (SuperGen).",
        "arXiv 2202.04538",
    ),
)
