"""Do intervals of corpus BLEU and chrF hold what they promise on real texts?

Population: the dev rows of CommonGen and WebNLG with the texts of two look-up rivals, `nearest`
over two disjoint twentieths of train. Studies draw rows from it with replacement. Coverage: how
often the interval of one rival holds its score over all rows. False positives: how often two arms
are told apart that exchange their texts row by row at random, so that neither is better.

    python benchmarks/real/text_intervals.py --json

TUTELAGE_REAL_DATA (default `../shared/data` from the repository) is read, and nothing of it is
copied into the project.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tutelage.evaluation.scales import scale_of
from tutelage.evaluation.significance import compare, interval
from tutelage.evaluation.text_quality import references_of
from tutelage.evaluation.text_rivals import Nearest
from tutelage.evaluation.text_statistics import Measure, corpus_score, corpus_values, counts
from tutelage.evaluation.variance import Floats
from tutelage.records import Example, Task

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TUTELAGE_REAL_DATA", ROOT.parent / "shared" / "data"))
SETS = {"commongen": "train_20k", "webnlg": "train"}
MEASURES: tuple[Measure, ...] = ("chrf", "bleu")
TASK = Task("written", "generation", ("input",), metric="chrf")


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    data: str
    measure: str
    score: float
    """Over the whole population."""
    rows: int
    """Drawn for each study."""
    coverage: float
    false_positives: float


def read(folder: Path, name: str) -> list[Example]:
    """Rows of one file, as inputs with their references."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf8") as file:
        records = [json.loads(line) for line in file]
    found = []
    for i, record in enumerate(records):
        parts = record.get("concepts") or [" ".join(triple) for triple in record["triples"]]
        texts = tuple(record.get("references") or record["texts"])
        found.append(Example(str(i), {"input": " | ".join(parts)}, references=texts))
    return found


def figures(name: str, sizes: list[int], studies: int) -> Iterator[Figure]:
    """Every measure and size on one data set."""
    train, dev = read(DATA / name, SETS[name]), read(DATA / name, "dev")
    random.Random(0).shuffle(train)
    part = len(train) // 20
    texts = [
        [p.target or "" for p in Nearest(TASK, rows).predict(dev)]
        for rows in (train[:part], train[part : 2 * part])
    ]
    for measure in MEASURES:
        a, b = (counts(measure, own, references_of(dev)) for own in texts)
        truth = corpus_score(measure, a)
        for rows in sizes:
            drawn = [studied(measure, a, b, truth, rows, seed) for seed in range(studies)]
            covered, found = np.array(drawn).mean(axis=0)
            yield Figure(name, measure, truth, rows, float(covered), float(found))


def studied(
    measure: Measure, a: Floats, b: Floats, truth: float, rows: int, seed: int
) -> tuple[bool, bool]:
    """One study: is the truth inside the interval, and are two equal arms told apart?"""
    rng, scale = np.random.default_rng(seed), scale_of(measure)
    drawn = rng.integers(0, len(a), rows)
    found = interval(corpus_values(measure, a[drawn]), scale=scale)
    swapped = rng.random((rows, 1)) < 0.5
    arms = (np.where(swapped, a[drawn], b[drawn]), np.where(swapped, b[drawn], a[drawn]))
    one, other = (corpus_values(measure, arm) for arm in arms)
    return found.low <= truth <= found.high, compare(one, other, scale=scale).p < 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--rows", type=int, nargs="+", default=[50, 200, 500])
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    if absent := [name for name in SETS if not (DATA / name).is_dir()]:
        print(f"There are no real data {absent[0]} in {DATA}. Set TUTELAGE_REAL_DATA.")
        return 2
    told = []
    for name in SETS:
        for figure in figures(name, arguments.rows, arguments.studies):
            told.append(figure)
            print(
                f"{figure.data:10} {figure.measure} {figure.score:5.1f} {figure.rows:4} rows: "
                f"coverage {figure.coverage:.1%}, false positives {figure.false_positives:.1%}"
            )
    if arguments.json:
        print(json.dumps([asdict(figure) for figure in told]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
