"""What the made-up reviews can teach at all: the rule by which their second edition was made.

No method runs here, no loop and no critic. A logistic head on frozen MiniLM embeddings, and a
logistic regression over TF-IDF, learn from 800 rows each of four kinds and are scored on 1,000 test
rows; the penalty is chosen on 200 dev rows.

    python benchmarks/review_world.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tutelage.neural.embedding import embed
from tutelage.records import Gist
from tutelage.teacher.worlds.knowledge import Manner
from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_frames import PHENOMENA
from tutelage.teacher.worlds.review_writing import Stock, compose
from tutelage.teacher.worlds.reviews import TASK, Reviews
from tutelage.teacher.worlds.teacher_frames import WRITTEN

ROWS, SEED = 800, 13
"""Rows of each kind, and a gold seed that no shipped recipe uses."""
PENALTIES = (0.1, 1.0, 10.0, 100.0)
LABELS = TASK.label_names
WORLD = Reviews()
Rows = Sequence[tuple[str, str]]


def bare_labels() -> Rows:
    """What the teacher writes for a label and no more."""
    return [
        (_written(Gist("text", LABELS[n % 2], wanted=("text",)), "measure", n), LABELS[n % 2])
        for n in range(ROWS)
    ]


def full_coverage() -> Rows:
    """The same teacher in all eight ways alike, with all words and as many slips."""
    rows = []
    for n in range(ROWS):
        lots, label = Lots("full", n), LABELS[n % 2]
        meant = LABELS[1 - n % 2] if lots.unit() < Manner().slips else label
        frame = lots.pick(WRITTEN[PHENOMENA[n // 2 % len(PHENOMENA)]])
        rows.append((compose(frame, meant, lots, Stock()), label))
    return rows


def variations() -> Rows:
    """One variation each of gold rows that no study uses."""
    return [
        (_written(Gist("variation", label, {"text": text}, ("text",)), "var", n), label)
        for n, (text, label) in enumerate(gold("unlabelled", ROWS))
    ]


def gold(role: str, count: int) -> Rows:
    return [(row["text"], row["label"]) for row in WORLD.write(count, role=role, seed=SEED)]


def _written(gist: Gist, key: str, number: int) -> str:
    passage = WORLD.compose(gist, "", manner=Manner(), lots=Lots(key, number))
    assert passage is not None
    return passage.fields["text"]


def score(features: Callable[[Sequence[str]], Any], rows: Rows, dev: Rows, test: Rows) -> float:
    """Accuracy on `test` under the penalty that is best on `dev`."""
    table, labels = features([text for text, _ in rows]), [label for _, label in rows]
    held = features([text for text, _ in dev])
    heads = [LogisticRegression(C=c, max_iter=2000).fit(table, labels) for c in PENALTIES]
    best = max(heads, key=lambda head: head.score(held, [label for _, label in dev]))
    return float(best.score(features([text for text, _ in test]), [label for _, label in test]))


def main() -> None:
    dev, test = gold("dev", 200), gold("test", 1000)
    kinds = {
        "bare labels": bare_labels(),
        "full coverage": full_coverage(),
        "variations": variations(),
        "gold": gold("train", ROWS),
    }
    known: dict[str, Any] = {}

    def embedded(texts: Sequence[str]) -> Any:
        new = sorted(set(texts) - known.keys())
        known.update(zip(new, embed(new, model="minilm"), strict=True) if new else ())
        return np.array([known[text] for text in texts])

    for name, rows in kinds.items():
        counts = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        counts.fit([text for text, _ in rows])
        head = score(embedded, rows, dev, test)
        words = score(counts.transform, rows, dev, test)
        sys.stdout.write(f"{name:14} MiniLM head {head:.3f}, TF-IDF {words:.3f}\n")


if __name__ == "__main__":
    main()
