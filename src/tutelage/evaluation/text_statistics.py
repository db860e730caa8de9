"""Corpus BLEU and corpus chrF as functions of sums over rows, with what each row adds to them.

Both are smooth functions of a few counts summed over rows: n-grams that match, that were written
and that were wanted. Row r moves the score by its influence, the gradient at the sums times what
the row's counts have beyond the mean (the delta method; the infinitesimal jackknife of Efron 1982,
chapter 6). Influences sum to 0, so that score + n * influence[r] averages to the score itself.

Counts are sacrebleu's: its tokenisation, its choice of the nearest length (BLEU) and of the best
reference (chrF) for each row, any number of references per row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, Literal

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from tutelage.evaluation.variance import Floats

Measure = Literal["bleu", "chrf"]
References = tuple[str, ...]
ORDERS = {"bleu": 4, "chrf": 6}
BETA_SQUARED = CHRF.BETA**2
REMEMBERED = 100_000
"""Texts whose counts are kept, so that a text of a report with many comparisons is counted once."""


@cache
def _scorer(measure: Measure) -> Any:
    return BLEU() if measure == "bleu" else CHRF()


@lru_cache(maxsize=REMEMBERED)
def _counts(measure: Measure, text: str, references: References) -> tuple[float, ...]:
    streams = [[reference] for reference in references]
    (found,) = _scorer(measure)._extract_corpus_statistics([text], streams)
    return tuple(found)


def counts(measure: Measure, texts: Sequence[str], references: Sequence[References]) -> Floats:
    """sacrebleu's counts [rows, kinds] of each text against its own references.

    BLEU: words written, words of the nearest reference, matches of order 1 to 4, n-grams written of
    order 1 to 4. chrF: for each order 1 to 6, character n-grams written, wanted and matching.
    """
    found = [_counts(measure, text, refs) for text, refs in zip(texts, references, strict=True)]
    return np.array(found, dtype=np.float64).reshape(len(texts), -1)


def corpus_score(measure: Measure, table: Floats) -> float:
    """sacrebleu's corpus score, 0 to 100, of `counts`."""
    if not len(table):
        return 0.0
    sums = [int(total) for total in table.sum(axis=0)]
    return round(float(_scorer(measure)._compute_score_from_stats(sums).score), 10)


def corpus_values(measure: Measure, table: Floats) -> Floats:
    """Values [rows] whose mean is the corpus score, and whose spread is that of its influences."""
    score = corpus_score(measure, table)
    if not score:
        return np.zeros(len(table))
    gradient = _GRADIENTS[measure](table.sum(axis=0), score)
    return np.asarray(score + len(table) * ((table - table.mean(axis=0)) @ gradient))


def _bleu_gradient(sums: Floats, score: float) -> Floats:
    """d BLEU / d sums; an order without a match is smoothed by a constant and moves by its
    denominator alone."""
    written, wanted = sums[0], sums[1]
    matches, totals = sums[2:6], sums[6:10]
    logs = np.zeros_like(sums)
    if written < wanted:  # log of the brevity penalty: 1 - wanted / written
        logs[0], logs[1] = wanted / written**2, -1 / written
    logs[2:6] = np.divide(1, matches, out=np.zeros(4), where=matches > 0) / ORDERS["bleu"]
    logs[6:10] = np.divide(-1, totals, out=np.zeros(4), where=totals > 0) / ORDERS["bleu"]
    return score * logs


def _chrf_gradient(sums: Floats, score: float) -> Floats:
    """d chrF / d sums: F of the mean precision and the mean recall over the orders that occur."""
    written, wanted, matching = sums[0::3], sums[1::3], sums[2::3]
    occurs = (written > 0) & (wanted > 0)
    orders = occurs.sum()
    over = [np.divide(1, part, out=np.zeros(len(part)), where=occurs) for part in (written, wanted)]
    precision, recall = (float((matching * o).sum() / orders) for o in over)
    base = (BETA_SQUARED * precision + recall) ** 2
    by_precision = 100 * (1 + BETA_SQUARED) * recall**2 / base / orders
    by_recall = 100 * (1 + BETA_SQUARED) * BETA_SQUARED * precision**2 / base / orders
    found = np.zeros_like(sums)
    found[0::3] = -by_precision * matching * over[0] ** 2
    found[1::3] = -by_recall * matching * over[1] ** 2
    found[2::3] = by_precision * over[0] + by_recall * over[1]
    return found


_GRADIENTS: dict[Measure, Callable[[Floats, float], Floats]] = {
    "bleu": _bleu_gradient,
    "chrf": _chrf_gradient,
}


def signatures(references: Sequence[References]) -> dict[str, str]:
    """sacrebleu's signatures of both scores: they name the number of references, `var` where rows
    have different numbers.

    >>> signatures([("a", "b"), ("c",)])["bleu"].split("|")[0]
    'nrefs:var'
    """
    most = max(map(len, references), default=0)
    streams = [["x" if i < len(refs) else None for refs in references] for i in range(most)]
    if not streams:
        return {}
    found = {"bleu": BLEU(references=streams), "chrf": CHRF(references=streams)}
    return {name: str(metric.get_signature()) for name, metric in found.items()}
