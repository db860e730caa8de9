"""What students wrote, in numbers: overlap with the references, lengths, and texts that say nothing
(tasks of kind generation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tutelage.evaluation.text_statistics import corpus_score, counts

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenTexts:
    """One contender's texts, mean over students."""

    name: str
    bleu: float
    """Of the corpus, 0 to 100."""
    chrf: float
    """Of the corpus, 0 to 100."""
    rouge_1: float
    """F, 0 to 1, best reference of each row."""
    rouge_2: float
    rouge_l: float
    words: float
    """Of one text."""
    words_ratio: float
    """To the mean length of the references."""
    empty: float
    """Share of texts without a word."""
    copied: float
    """Share of texts that only repeat the input."""
    distinct: float
    """Different texts as a share of all."""
    loops: float
    """Share of texts that say the same again and again."""
    recited: float | None = None
    """Share of texts that are a target the student was trained on, word for word; None for
    rivals."""


_MEASURES = tuple(
    field.name for field in fields(WrittenTexts) if field.name not in ("name", "recited")
)


def written_texts(results: Facts) -> list[WrittenTexts]:
    """Every contender at its chosen grid point under its primary rule, arms first; none for tasks
    whose answer is no text."""
    rivals = set(results["rivals"])
    found = []
    for name in sorted(results["chosen"], key=lambda name: name in rivals):
        chosen = results["chosen"][name]
        scores = next(
            standing["scores"]
            for standing in results["standings"]
            if (standing["arm"], standing["grid"], standing["rule"])
            == (name, chosen["grid"], chosen["rule"])
        )
        if all(measure in scores for measure in _MEASURES):
            own = {measure: scores[measure] for measure in _MEASURES}
            told = results.get("recited", {}).get(name)
            found.append(WrittenTexts(name, **own, recited=told))
    return found


def closeness(text: str | None, references: tuple[str, ...]) -> float:
    """chrF of a single text with its best reference, 0 to 100."""
    return corpus_score("chrf", counts("chrf", [text or ""], [references]))
