"""Which rows to spend money on: at random, by coverage, by the student's doubt, near its errors.

Every choice depends on row ids, texts and the seed alone, never on the order of the file, and a
larger choice of the same kind holds the smaller one, so that raising `rows` buys only what is new.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from tutelage.records import Example, Weighted, content_hash


def shuffled(rows: Sequence[Example], *, seed: int) -> list[Example]:
    """`rows` in the random order that `seed` gives them: by a hash of seed and id."""
    return sorted(rows, key=lambda row: (content_hash("pick1", [seed, row.id]), row.id))


def at_random(
    rows: Sequence[Example], count: int | None, *, seed: int, turn: int = 0
) -> list[Example]:
    """The `count` rows of one turn, in the order of `rows`; no row stands in two turns.

    All rows, in the first turn, where `count` is None.
    """
    if count is None:
        return list(rows) if turn == 0 else []
    picked = {row.id for row in shuffled(rows, seed=seed)[turn * count : (turn + 1) * count]}
    return [row for row in rows if row.id in picked]


def by_weight(
    rows: Sequence[Example], weighted: Sequence[Weighted], count: int, *, seed: int
) -> list[Example]:
    """The `count` rows with the largest weight by id; rows without one come last, at random."""
    weights = {one.example.id: one.weight for one in weighted}
    known = [row for row in shuffled(rows, seed=seed) if row.id in weights]
    known.sort(key=lambda row: -weights[row.id])
    return _filled(known, rows, count, seed=seed)


def near(
    rows: Sequence[Example], weighted: Sequence[Weighted], count: int, *, seed: int
) -> list[Example]:
    """Rows nearest to the weighted ones by TF-IDF, which take turns by weight, heaviest first.

    Each takes the nearest row that none has taken, until `count` are found. Rows that share no
    word with any are left to chance.
    """
    pool = shuffled(rows, seed=seed)
    errors = sorted(weighted, key=lambda one: (-one.weight, one.example.id))[:count]
    if not pool or not errors:
        return pool[:count]
    vectors = lexical_vectors([one.example for one in errors] + pool)
    likeness = (vectors[: len(errors)] @ vectors[len(errors) :].T).toarray()
    order = np.argsort(-likeness, axis=1, kind="stable")
    cursors = [0] * len(errors)
    taken: dict[int, None] = {}
    while len(taken) < min(count, len(pool)) and any(c < len(pool) for c in cursors):
        for error, cursor in enumerate(cursors):
            while cursor < len(pool) and int(order[error, cursor]) in taken:
                cursor += 1
            if cursor < len(pool) and likeness[error, order[error, cursor]] <= 0:
                cursor = len(pool)
            if cursor < len(pool) and len(taken) < count:
                taken[int(order[error, cursor])] = None
            cursors[error] = cursor
    return _filled([pool[i] for i in taken], rows, count, seed=seed)


def spread(
    rows: Sequence[Example], covered: Sequence[Example], count: int, *, seed: int
) -> list[Example]:
    """Rows that cover the pool: each is the farthest from what is covered or chosen so far.

    Greedy k-center (Gonzalez 1985; for learning, Sener and Savarese, ICLR 2018) on TF-IDF vectors,
    words of a single row left out, since they would make every odd row the farthest. `covered` are
    rows that are known already, such as gold train.
    """
    pool = shuffled(rows, seed=seed)
    if not pool:
        return []
    vectors = lexical_vectors([*pool, *covered])
    own = vectors[: len(pool)]
    nearest = np.where(np.diff(own.indptr) == 0, 1.0, -1.0)  # rows without words come last
    for start in range(len(pool), len(pool) + len(covered), 256):
        block = (own @ vectors[start : start + 256].T).max(axis=1).toarray().ravel()
        nearest = np.maximum(nearest, block)
    chosen: list[int] = []
    for _ in range(min(count, len(pool))):
        best = int(np.argmin(nearest))
        chosen.append(best)
        nearest = np.maximum(nearest, own @ own[best].toarray().ravel())
        nearest[best] = np.inf
    return [pool[i] for i in chosen]


def _filled(
    first: Sequence[Example], rows: Sequence[Example], count: int, *, seed: int
) -> list[Example]:
    """`first`, made up to `count` from `rows` at random."""
    there: Collection[str] = {row.id for row in first}
    rest = [row for row in shuffled(rows, seed=seed) if row.id not in there]
    return [*first, *rest][:count]


def lexical_vectors(rows: Sequence[Example]) -> Any:
    """TF-IDF rows of length 1, sparse; rows without a known word are zero."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [" ".join(row.fields.values()) for row in rows]
    words = TfidfVectorizer(sublinear_tf=True, min_df=2 if len(texts) > 20 else 1)
    try:
        return words.fit_transform(texts)
    except ValueError:  # no text holds a word
        return TfidfVectorizer(vocabulary=["-"]).fit_transform(texts)
