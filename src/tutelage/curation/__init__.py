"""Curation: checks that say of each draft what becomes of it, one small module each."""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.plugins import NoOptions, Plugin

DEFAULT_CHECKS = ("format", "refusal", "duplicate", "contamination")
"""What a recipe gets that says nothing of checks, in this order."""


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What a row must look like."""

    max_words: int | None = None
    """Longest text of a field, in words; no limit where absent."""
    max_rationale_words: int | None = None
    """Longest rationale, in words; no limit where absent."""
    need_rationale: bool = False
    """Drop rows without a rationale."""


@dataclass(frozen=True, slots=True)
class RefusalOptions:
    """What is taken for a refusal, and what is mended."""

    entities: bool = False
    """Also read HTML entities such as `&quot;`."""


@dataclass(frozen=True, slots=True)
class ContaminationOptions:
    """What counts as a copy of a held-out row."""

    overlap: float = 0.8
    """Drop new texts of whose word 8-grams one held-out row holds at least this share, 0 to 1."""
    by_field: bool = True
    """Also look at each field alone, so that a copied premise is found under a new hypothesis."""


PLUGINS: tuple[Plugin, ...] = (
    Plugin(
        "check",
        "format",
        "tutelage.curation.shape:build",
        FormatOptions,
        "Drops rows with unknown labels, missing fields or empty texts, and those too long.",
    ),
    Plugin(
        "check",
        "refusal",
        "tutelage.curation.wording:build",
        RefusalOptions,
        "Drops refusals; takes off wrapping quotes, chatter and run-on text.",
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
)
