"""How near written rationales come to those of the teacher: BLEU and ROUGE-L.

Both compare words, not reasons: a rationale may be right in other words, and wrong in the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from tutelage.evaluation.alignment import align
from tutelage.records import Example, Prediction, Task


@dataclass(frozen=True, slots=True)
class RationaleOverlap:
    """Corpus BLEU (0 to 100, with `bleu_signature`) and mean ROUGE-L F (0 to 1) of rationales.

    Counts the rows whose gold holds a rationale; one that the student did not write is empty text.
    Nothing is reported where the student writes none at all.
    """

    options: Any = None
    name: str = "rationale_overlap"

    def score(
        self, task: Task, gold: Sequence[Example], predictions: Sequence[Prediction]
    ) -> Mapping[str, float]:
        pairs = [
            (p.rationale, row.rationale)
            for row, p in zip(gold, align(gold, predictions), strict=True)
            if row.rationale
        ]
        if not any(written for written, _ in pairs):
            return {}
        written, wanted = zip(*[(w or "", g) for w, g in pairs], strict=True)
        return {
            "rationale_bleu": bleu(written, wanted)[0],
            "rationale_rouge_l": rouge_l(written, wanted),
            "rationale_rows": float(len(pairs)),
        }


def bleu(written: Sequence[str], wanted: Sequence[str]) -> tuple[float, str]:
    """Corpus BLEU (Post 2018) with sacrebleu's signature.

    >>> bleu(["the cat sat on the mat"], ["the cat sat on the mat"])[0]
    100.0
    """
    metric = BLEU()
    score = metric.corpus_score(list(written), [list(wanted)])
    return round(float(score.score), 10), str(metric.get_signature())


def bleu_signature() -> str:
    """The signature under which all BLEU figures of the report are computed."""
    return bleu(["x"], ["x"])[1]


def rouge_l(written: Sequence[str], wanted: Sequence[str]) -> float:
    """Mean F measure of the longest common subsequence of stemmed words (Lin 2004)."""
    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    found = [scorer.score(g, w)["rougeL"].fmeasure for w, g in zip(written, wanted, strict=True)]
    return float(np.mean(found))
