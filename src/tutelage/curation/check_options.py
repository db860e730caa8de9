"""What the checks can be told: one options dataclass each, whose fields are the recipe's keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Gt, Interval


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What a row must look like."""

    min_words: int | None = None
    """Shortest text of a field, in words; one word where absent."""
    max_words: int | None = None
    """Longest text of a field, in words; no limit where absent."""
    max_rationale_words: int | None = None
    """Longest rationale, in words; no limit where absent."""
    need_rationale: bool = False
    """Drop rows without a rationale."""


@dataclass(frozen=True, slots=True)
class RefusalOptions:
    """What is taken for a refusal, and what is mended."""

    html: Literal["auto", "always", "never"] = "auto"
    """Take off HTML tags such as `<br />` and read entities such as `&quot;`; `auto`: where no gold
    row holds any, since tags may belong to the texts of a task."""


@dataclass(frozen=True, slots=True)
class ContaminationOptions:
    """What counts as a copy of a held-out row."""

    overlap: float = 0.8
    """Drop new texts of whose word 8-grams one held-out row holds at least this share, 0 to 1."""
    by_field: bool = True
    """Also look at each field alone, so that a copied premise is found under a new hypothesis."""


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    """Which language a row must be in."""

    language: str | None = None
    """Code such as `en` (ISO 639); the language of most gold rows where absent."""
    sure: float = 0.9
    """Drop a row only where another language is at least as probable as this, 0 to 1."""
    min_words: int = 5
    """Shorter rows are kept: their language cannot be told."""


@dataclass(frozen=True, slots=True)
class NearDuplicateOptions:
    """From which likeness on two rows are one."""

    threshold: float = 0.7
    """Drop a row that shares at least this part of its word shingles with an earlier one (Jaccard
    similarity, 0 to 1)."""
    words: int = 3
    """Words of a shingle; a shorter text is one shingle."""
    by_field: bool = True
    """Rows are alike only where every field is: a premise with a new hypothesis is a new row."""
    gold: bool = True
    """Also compare with gold train and pool rows."""
    across_labels: bool = False
    """Also drop a row that is like one with another label. Such a pair is often the contrast that
    a student needs; where it is noise, `agreement` and `noise` look for it."""


@dataclass(frozen=True, slots=True)
class SemanticDuplicateOptions:
    """From which likeness of meaning on two rows are one."""

    threshold: float = 0.98
    """Drop a row whose embedding has at least this cosine with an earlier one's, 0 to 1. Long texts
    of one kind come near 0.95 without being the same."""
    model: str = "minilm"
    """Static embeddings: `minilm` (the piece embeddings of all-MiniLM-L6-v2), or the folder or hub
    id of a Model2Vec model."""
    by_field: bool = True
    """Rows are alike only where every field is."""
    gold: bool = True
    """Also compare with gold train and pool rows."""
    across_labels: bool = False
    """Also drop a row that is like one with another label. Embeddings hardly see a `not`."""


@dataclass(frozen=True, slots=True)
class CopiesOptions:
    """From which likeness to a gold row on a new row is recited and not written."""

    ngram: Annotated[int, Gt(0)] = 5
    """Words of an n-gram; a shorter text is one, so it must have exactly the same words."""
    most: float = 0.6
    """Drop a row of whose word n-grams one gold row holds at least this share, 0 to 1."""
    similarity: float | None = 0.97
    """Drop a row whose embedding has at least this cosine with a gold row's, 0 to 1; 0 or null
    leaves embeddings out. Long texts of one kind come near 0.95 without being the same."""
    model: str = "minilm"
    """Static embeddings: `minilm` (the piece embeddings of all-MiniLM-L6-v2), or the folder or hub
    id of a Model2Vec model."""


@dataclass(frozen=True, slots=True)
class AgreementOptions:
    """Whose opinion on each draft's label is asked, and what becomes of rows it contradicts."""

    by: Literal["student", "teacher", "self_consistency"] = "student"
    """`student`: linear students trained on the other drafts, kept rows and gold train rows;
    `teacher`: the teacher as annotator, one reply a draft; `self_consistency`: the majority of
    several. Replies are bought on the arm's account."""
    on_disagreement: Literal["drop", "relabel"] = "drop"
    """Drop the row, or give it the label of the second opinion."""
    sure: float = 0.7
    """Heed an opinion of at least this probability (student) or share of votes, 0 to 1. A single
    reply of the teacher is heeded always."""
    folds: int = 5
    """Parts into which the drafts are divided: each is judged by students of the others."""
    students: int = 3
    """Students by division, each with its own draw of parts; their probabilities are averaged."""
    votes: int = 5
    """Replies for `self_consistency`."""
    temperature: float = 0.7
    """Of these replies; the single one of `teacher` is drawn at 0."""
    shots: int = 0
    """Gold train rows to show the teacher."""
    template: str = "annotate.v1"
    """Shipped template by which the teacher is asked; a tuned one knows that of its tuning."""


@dataclass(frozen=True, slots=True)
class NoiseOptions:
    """How label errors are looked for, and what becomes of them."""

    filter_by: Literal[
        "prune_by_noise_rate",
        "prune_by_class",
        "both",
        "confident_learning",
        "low_normalized_margin",
        "low_self_confidence",
    ] = "confident_learning"
    """Which rule of confident learning names the errors, in cleanlab's words."""
    on_issue: Literal["drop", "mark"] = "drop"
    """Drop the row, or keep it with the tag `label_issue: yes` and the verdict `mended`."""
    most: float = 0.05
    """Never more than this share of the drafts, 0 to 1: the least likely labels go first. Clean but
    hard texts look wrong to linear students too, so raise it only where you know of more errors."""
    folds: int = 5
    """Parts into which rows are divided for out-of-fold probabilities."""


@dataclass(frozen=True, slots=True)
class BalanceOptions:
    """How unequal the labels may be."""

    ratio: float = 1.5
    """Most rows of one label for each row of the rarest label that drafts or kept rows have."""


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """How many of a wave's candidates are kept of each label, the likeliest first."""

    share: Annotated[float, Interval(gt=0, le=1)] | None = None
    """Share of the candidates; where neither this nor `rows` is given, as many as the turn's quota
    still lacks."""
    rows: Annotated[int, Gt(0)] | None = None
    """Rows of each label."""
    unscored: Literal["in_order", "refuse"] = "in_order"
    """Candidates without log-probabilities come last, in their order, and verdicts say so; or the
    run stops."""
