from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from tutelage.evaluation.scales import scale_of
from tutelage.evaluation.significance import compare, interval
from tutelage.evaluation.text_statistics import (
    Measure,
    corpus_score,
    corpus_values,
    counts,
    signatures,
)

WORDS = [
    "the",
    "a",
    "dog",
    "cat",
    "bird",
    "runs",
    "jumps",
    "over",
    "sees",
    "quickly",
    "park",
    "ball",
    "house",
    "under",
    "of",
    "in",
    "tree",
    "small",
    "big",
    "red",
    "person",
    "stands",
    "near",
    "water",
    "and",
    "then",
    "happily",
    "while",
    "another",
    "old",
    "boat",
    "waits",
]


def corpus(rows: int, noise: float, *, seed: int) -> tuple[list[str], list[tuple[str, ...]]]:
    """Texts that differ from one of one to four references in a share of their words."""
    chance, told = random.Random(0), random.Random(seed)
    references = [
        tuple(
            " ".join(chance.choices(WORDS, k=chance.randint(5, 16)))
            for _ in range(chance.randint(1, 4))
        )
        for _ in range(rows)
    ]
    texts = []
    for refs in references:
        wrong = noise * 2 * told.random()
        kept = (told.choice(WORDS) if told.random() < wrong else w for w in refs[0].split())
        texts.append(" ".join(word for word in kept if told.random() > 0.05))
    return texts, references


def streams(references: Sequence[tuple[str, ...]]) -> list[list[str | None]]:
    most = max(map(len, references))
    return [[refs[i] if i < len(refs) else None for refs in references] for i in range(most)]


def test_bleu_by_hand() -> None:
    text = "the cat sat on a mat"
    one = corpus_score("bleu", counts("bleu", [text], [("the cat sat on the mat",)]))
    assert one == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)
    two = corpus_score("bleu", counts("bleu", [text], [("the cat sat on the mat", "a mat")]))
    assert two == pytest.approx(100 * (6 / 6 * 4 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_chrf_by_hand() -> None:
    # `ab` for `abc`: precision 2/2 and 1/1, recall 2/3 and 1/2 over the two orders that occur
    recall = (2 / 3 + 1 / 2) / 2
    found = corpus_score("chrf", counts("chrf", ["ab"], [("abc",)]))
    assert found == pytest.approx(100 * 5 * recall / (4 + recall))
    best = corpus_score("chrf", counts("chrf", ["ab"], [("abc", "ab", "xyz")]))
    assert best == pytest.approx(100)


@pytest.mark.parametrize("measure", ["bleu", "chrf"])
def test_scores_are_those_of_sacrebleu_with_rows_of_different_numbers_of_references(
    measure: Measure,
) -> None:
    texts, references = corpus(60, 0.3, seed=1)
    theirs = (BLEU() if measure == "bleu" else CHRF()).corpus_score(texts, streams(references))
    table = counts(measure, texts, references)
    assert corpus_score(measure, table) == pytest.approx(theirs.score)
    assert corpus_values(measure, table).mean() == pytest.approx(theirs.score)


@pytest.mark.parametrize("measure", ["bleu", "chrf"])
def test_values_move_the_score_as_leaving_a_row_out_does(measure: Measure) -> None:
    texts, references = corpus(150, 0.3, seed=2)
    table = counts(measure, texts, references)
    score = corpus_score(measure, table)
    without = [corpus_score(measure, np.delete(table, i, axis=0)) for i in range(len(table))]
    left_out = score + (len(table) - 1) * (score - np.array(without))
    values = corpus_values(measure, table)
    assert np.corrcoef(values, left_out)[0, 1] > 0.999
    assert values.std() == pytest.approx(left_out.std(), rel=0.03)


def resampled(measure: Measure, *tables: np.ndarray) -> float:
    """Standard deviation of a score, or of a paired difference, when rows are drawn anew."""
    chance = np.random.default_rng(0)
    draws = []
    for _ in range(600):
        rows = chance.integers(0, len(tables[0]), len(tables[0]))
        scores = [corpus_score(measure, table[rows]) for table in tables]
        draws.append(scores[0] - scores[1] if len(scores) > 1 else scores[0])
    return float(np.std(draws))


@pytest.mark.parametrize("measure", ["bleu", "chrf"])
@pytest.mark.parametrize("noise", [0.15, 0.4])
def test_intervals_agree_with_a_bootstrap_over_rows(measure: Measure, noise: float) -> None:
    table = counts(measure, *corpus(150, noise, seed=3))
    found = interval(corpus_values(measure, table), scale=scale_of(measure))
    half = (found.high - found.low) / 2
    assert half / 1.976 == pytest.approx(resampled(measure, table), rel=0.08)
    assert found.low < corpus_score(measure, table) < found.high


@pytest.mark.parametrize("measure", ["bleu", "chrf"])
def test_comparisons_agree_with_a_paired_bootstrap_over_rows(measure: Measure) -> None:
    better, worse = (
        counts(measure, *corpus(150, noise, seed=seed)) for noise, seed in ((0.25, 4), (0.3, 5))
    )
    found = compare(
        corpus_values(measure, better), corpus_values(measure, worse), scale=scale_of(measure)
    )
    assert found.error == pytest.approx(resampled(measure, better, worse), rel=0.08)
    assert found.difference == pytest.approx(
        corpus_score(measure, better) - corpus_score(measure, worse)
    )
    assert found.margin == pytest.approx(2.0)


def test_nothing_right_and_nothing_written() -> None:
    measures: tuple[Measure, ...] = ("bleu", "chrf")
    for measure in measures:
        table = counts(measure, ["", "qqq"], [("abc",), ("abc", "x y")])
        assert corpus_score(measure, table) == 0
        assert corpus_values(measure, table).tolist() == [0, 0]
        assert corpus_score(measure, table[:0]) == 0


def test_an_order_without_a_match_is_smoothed_as_sacrebleu_does() -> None:
    texts, references = ["a b", "c"], [("a c",), ("c",)]
    table = counts("bleu", texts, references)  # no bigram matches, no trigram was written
    assert corpus_score("bleu", table) == BLEU().corpus_score(texts, streams(references)).score
    texts, references = ["a b c d", "c d e f g"], [("a b x d",), ("c x e f g",)]
    table = counts("bleu", texts, references)  # two orders match, the others are smoothed
    score = BLEU().corpus_score(texts, streams(references)).score
    assert corpus_values("bleu", table).mean() == pytest.approx(score)


def test_signatures_name_the_number_of_references() -> None:
    assert signatures([("a", "b"), ("c", "d")])["chrf"].startswith(
        "nrefs:2|case:mixed|eff:yes|nc:6"
    )
    assert "smooth:exp" in signatures([("a", "b"), ("c",)])["bleu"]
    assert signatures([("a", "b"), ("c",)])["bleu"].startswith("nrefs:var")
    assert signatures([]) == {}
