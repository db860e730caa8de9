"""How good written texts are: overlap with their references, lengths, and ways to write nothing.

Overlap compares words and characters, not meaning: a text may be right in other words, and wrong in
nearly the same. A row without a readable answer counts as an empty text and stays in every mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from rouge_score.rouge_scorer import RougeScorer

from tutelage.evaluation.alignment import align
from tutelage.evaluation.text_statistics import (
    REMEMBERED,
    Measure,
    References,
    corpus_score,
    corpus_values,
    counts,
    signatures,
)
from tutelage.evaluation.variance import Floats
from tutelage.exceptions import DataError
from tutelage.records import Example, Prediction, Task

ROUGES = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
"""Our names and those of rouge_score."""
CORPUS: dict[str, Measure] = {"bleu": "bleu", "chrf": "chrf"}


@dataclass(frozen=True, slots=True)
class TextQuality:
    """Corpus BLEU and corpus chrF (0 to 100), ROUGE-1, ROUGE-2 and ROUGE-L F (0 to 1, the best
    reference of each row), `words` in the mean and as a share of the references' (`words_ratio`),
    and the shares of texts that are empty, that only repeat the input (`copied`), that no other
    row's text equals (`distinct`), that repeat themselves (`loops`), and that could not be read
    (`unparseable`)."""

    options: Any = None
    name: str = "text_quality"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        found = align(gold, predictions)
        texts, references = written(found), references_of(gold)
        scores = {name: corpus_score(m, counts(m, texts, references)) for name, m in CORPUS.items()}
        rouge = [_rouge(text, refs) for text, refs in zip(texts, references, strict=True)]
        means = np.array(rouge, dtype=np.float64).mean(axis=0)
        return {
            **scores,
            **dict(zip(ROUGES, map(float, means), strict=True)),
            **lengths(texts, references),
            "empty": _share([not text.strip() for text in texts]),
            "copied": _share([_repeats(task, r, t) for r, t in zip(gold, texts, strict=True)]),
            "distinct": len({_folded(text) for text in texts}) / len(texts),
            "loops": _share([loops(text) for text in texts]),
            "unparseable": _share([p.target is None for p in found]),
        }


def text_values(
    gold: Sequence[Example], predictions: Sequence[Prediction], *, metric: str
) -> Floats:
    """Values [rows] whose mean is `metric`: BLEU, chrF or one of the ROUGEs.

    Raises:
        DataError: a gold row without a text to write.
    """
    texts, references = written(align(gold, predictions)), references_of(gold)
    if metric in CORPUS:
        return corpus_values(CORPUS[metric], counts(CORPUS[metric], texts, references))
    at = list(ROUGES).index(metric)
    rouge = [_rouge(text, refs)[at] for text, refs in zip(texts, references, strict=True)]
    return np.array(rouge, dtype=np.float64)


def written(predictions: Sequence[Prediction]) -> list[str]:
    """The texts, empty where an answer could not be read."""
    return [p.target or "" for p in predictions]


def references_of(gold: Sequence[Example]) -> list[References]:
    """All acceptable texts of each row, each of them once.

    Raises:
        DataError: rows without any.
    """
    found = [row.references or ((row.target,) if row.target else ()) for row in gold]
    if lacking := [row.id for row, refs in zip(gold, found, strict=True) if not any(refs)]:
        raise DataError(
            f"{len(lacking)} rows have no text to write, such as {lacking[0]!r}.",
            "A prediction cannot be scored against them.",
            "Give each row a target or references, or leave the row out of the set.",
        )
    return [tuple(dict.fromkeys(ref for ref in refs if ref)) for refs in found]


def text_signatures(task: Task, rows: Sequence[Example]) -> dict[str, str]:
    """What BLEU and chrF of these rows were computed with; empty for other kinds of task."""
    return signatures(references_of(rows)) if task.kind == "generation" else {}


def lengths(texts: Sequence[str], references: Sequence[References]) -> dict[str, float]:
    """Mean words of `texts`, and their sum over that of the references' mean lengths."""
    own = sum(len(text.split()) for text in texts)
    wanted = sum(sum(len(ref.split()) for ref in refs) / len(refs) for refs in references)
    return {"words": own / len(texts), "words_ratio": own / wanted if wanted else 0.0}


@cache
def _scorer() -> RougeScorer:
    return RougeScorer(list(ROUGES.values()), use_stemmer=True)


@lru_cache(maxsize=REMEMBERED)
def _rouge(text: str, references: References) -> tuple[float, ...]:
    """F of each ROUGE with the reference that is best for it (Lin 2004), stemmed words."""
    best = _scorer().score_multi(list(references), text)
    return tuple(float(best[name].fmeasure) for name in ROUGES.values())


PIECE, LONG = 8, 32
"""Characters of a piece, and of a text from which on it is looked at for repeated pieces."""


def loops(text: str) -> bool:
    """Whether a text says the same again and again: less than half of its pieces of 8 characters
    differ from one another.

    >>> loops("of " * 20), loops("The cat sat on the mat and then it went on to sleep on the sofa.")
    (True, False)
    """
    said = _folded(text)
    pieces = [said[i : i + PIECE] for i in range(len(said) - PIECE + 1)]
    return len(said) >= LONG and len(set(pieces)) < len(pieces) / 2


def _repeats(task: Task, row: Example, text: str) -> bool:
    """Whether a text only repeats a field of its row, or all of them one after the other."""
    said = _folded(text)
    fields = [row.fields[name] for name in task.fields]
    return bool(said) and said in {*map(_folded, fields), _folded(" ".join(fields))}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _share(which: Sequence[bool]) -> float:
    return sum(which) / len(which)
