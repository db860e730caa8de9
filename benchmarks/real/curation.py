"""What each check does to the student: real synthetic rows, with and without it.

Drafts are drawn from rows that a language model wrote: SuperGen's SST-2 rows (CTRL) and the two
rounds of S3 for IMDb (GPT-3.5). A draw passes the checks, what is left trains a student, and real
test rows score it. Beside every check stand as many rows of the same draw that passed no check, so
that what the check chose and how many it left can be told apart. Gold rows: 100 on the bench and as
the dev set that chooses the penalty; none is trained on.

    python benchmarks/real/curation.py --json               # TF-IDF student, 2 to 3 minutes
    python benchmarks/real/curation.py --student embedding_head --sets sst2

With `--flip 0.1` so many labels are exchanged first. Reads TUTELAGE_REAL_DATA (default
`../shared/data` from the repository). The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.contracts import Check
from tutelage.curation import DEFAULT_CHECKS
from tutelage.curation.bench import DraftBench
from tutelage.curation.judging import NamedCheck, judge
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.recipe.fault_finding import build_options
from tutelage.records import Draft, Example, Label, Origin, Task

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TUTELAGE_REAL_DATA", ROOT.parent / "shared" / "data"))
TASK = Task("sentiment", "classification", ("text",), (Label("negative"), Label("positive")))
SIGNS = {"0": "negative", "1": "positive", "neg": "negative", "pos": "positive"}
GOLD, SEEDS = 100, 5
Options = dict[str, Any]
LOOSE: Options = {"filter_by": "prune_by_noise_rate", "most": 0.5}
WAYS: dict[str, tuple[tuple[str, Options], ...]] = {
    "near_duplicate .7": (("near_duplicate", {}),),
    "near_duplicate .5": (("near_duplicate", {"threshold": 0.5}),),
    "semantic_duplicate .98": (("semantic_duplicate", {}),),
    "semantic_duplicate .95": (("semantic_duplicate", {"threshold": 0.95}),),
    "semantic_duplicate .9": (("semantic_duplicate", {"threshold": 0.9}),),
    "language": (("language", {}),),
    "agreement, drop": (("agreement", {}),),
    "agreement, relabel": (("agreement", {"on_disagreement": "relabel"}),),
    "noise": (("noise", {}),),
    "noise, up to half": (("noise", LOOSE),),
    "balance": (("balance", {"ratio": 1.0}),),
    "near_duplicate, noise": (("near_duplicate", {}), ("noise", LOOSE)),
}
"""Checks that come after the default ones, by name in the table."""


@dataclass(frozen=True)
class Source:
    """Written rows, and the real rows that judge them."""

    written: tuple[str, ...]
    gold: str
    test: str
    drafts: int
    """Rows of one draw."""
    tested: int


SETS = {
    "sst2": Source(("supergen/SST-2__synthetic_train",), "sst2/dev", "sst2/test", 3_000, 1_821),
    "imdb": Source(
        ("s3_synthesis/IMDb__synthetic_additional_1", "s3_synthesis/IMDb__synthetic_additional_2"),
        "imdb/train_6000",
        "imdb/test_5000",
        2_000,
        1_000,
    ),
}


def read(table: str, prefix: str, origin: Origin = Origin()) -> list[Example]:  # noqa: B008 - frozen
    with gzip.open(DATA / f"{table}.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [
        Example(
            f"{prefix}{i}",
            {"text": record["text"]},
            SIGNS.get(str(record["label"]), str(record["label"])),
            origin=origin,
        )
        for i, record in enumerate(records)
    ]


@dataclass(frozen=True)
class Trial:
    """One draw of drafts with its bench and student."""

    drafts: Sequence[Draft]
    bench: DraftBench
    learner: Any
    dev: Sequence[Example]
    test: Sequence[Example]

    def kept(self, checks: Sequence[tuple[str, Options]]) -> list[Example]:
        return judge([_check(name, options) for name, options in checks], self.drafts, self.bench)[
            0
        ]

    def score(self, rows: Sequence[Example]) -> float:
        """Accuracy on the test of a student of `rows`."""
        with tempfile.TemporaryDirectory() as folder:
            fitted = self.learner.fit(rows, self.dev, seed=1, folder=Path(folder))
            student = self.learner.load(Path(fitted.folders[fitted.primary]))
            answers = student.predict(self.test)
        return float(
            np.mean([a.label == row.label for a, row in zip(answers, self.test, strict=True)])
        )


def _check(name: str, options: Options) -> NamedCheck:
    plugin = find("check", name)
    made: Check = plugin.make(build_options(plugin, options), task=TASK)
    return NamedCheck(name, made)


def trial(source: Source, student: str, seed: int, flip: float) -> Trial:
    """Draw drafts and gold rows by the seed."""
    draw = np.random.default_rng(seed)
    written = [row for i, table in enumerate(source.written) for row in read(table, f"w{i}-")]
    chosen = [written[i] for i in draw.choice(len(written), source.drafts, replace=False)]
    wrong = draw.random(len(chosen)) < flip
    names = TASK.label_names
    rows = [
        replace(row, label=names[1 - names.index(str(row.label))]) if bad else row
        for row, bad in zip(chosen, wrong, strict=True)
    ]
    real, test = read(source.gold, "g", Origin("train")), read(source.test, "t")
    gold = [real[i] for i in draw.choice(len(real), GOLD, replace=False)]
    held = [test[i] for i in draw.choice(len(test), source.tested, replace=False)]
    plugin = find("learner", student)
    learner = plugin.make(build_options(plugin, {"bootstrap": False}), task=TASK)
    drafts = [Draft(i, i, row) for i, row in enumerate(rows)]
    return Trial(drafts, DraftBench(TASK, (), gold, SealedIndex(held)), learner, gold, held)


def run_set(
    name: str, student: str, seeds: int, flip: float, chosen: Sequence[str]
) -> list[dict[str, Any]]:
    """One line for each way of curating."""
    default = tuple((check, Options()) for check in DEFAULT_CHECKS)
    ways = {"no check": (), "the default checks": default}
    ways |= {way: (*default, *more) for way, more in WAYS.items() if way in chosen}
    lines: dict[str, list[tuple[int, float, float]]] = {way: [] for way in ways}
    for seed in range(seeds):
        one = trial(SETS[name], student, seed, flip)
        base: dict[int, float] = {}
        for way, checks in ways.items():
            kept = one.kept(checks)
            if len(kept) not in base:
                like = np.random.default_rng(seed).permutation(len(one.drafts))[: len(kept)]
                raw = [one.drafts[i].content for i in sorted(like)]
                base[len(kept)] = one.score([row for row in raw if isinstance(row, Example)])
            lines[way].append((len(kept), one.score(kept), base[len(kept)]))
    return [_line(name, way, found) for way, found in lines.items()]


def _line(name: str, way: str, found: Sequence[tuple[int, float, float]]) -> dict[str, Any]:
    rows, scores, equal = (np.array(column) for column in zip(*found, strict=True))
    gain = scores - equal
    return {
        "set": name,
        "checks": way,
        "rows": round(float(rows.mean())),
        "accuracy": round(float(scores.mean()), 4),
        "sd": round(float(scores.std(ddof=1)), 4) if len(found) > 1 else None,
        "equal_size": round(float(equal.mean()), 4),
        "gain_at_equal_size": round(float(gain.mean()), 4),
        "gain_sd": round(float(gain.std(ddof=1)), 4) if len(found) > 1 else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[*SETS])
    parser.add_argument("--student", default="linear", choices=["linear", "embedding_head"])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="draws of drafts")
    parser.add_argument("--flip", type=float, default=0.0, help="share of labels to exchange")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    started, results = time.perf_counter(), []
    for name in options.sets:
        lines = run_set(name, options.student, options.seeds, options.flip, options.ways)
        results += lines
        print(f"\n| {name}, {options.student} | rows | accuracy | as many unchecked | gain |")
        print("|---|---|---|---|---|")
        for one in lines:
            print(
                f"| {one['checks']} | {one['rows']:,} |"
                f" {one['accuracy']:.3f} ± {one['sd'] or 0:.3f} | {one['equal_size']:.3f} |"
                f" {one['gain_at_equal_size']:+.3f} ± {one['gain_sd'] or 0:.3f} |",
                flush=True,
            )
    if options.json:
        facts = {"student": options.student, "seeds": options.seeds, "flip": options.flip}
        seconds = round(time.perf_counter() - started)
        print(json.dumps({**facts, "seconds": seconds, "results": results}))


if __name__ == "__main__":
    main()
