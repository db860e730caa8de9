"""Does a teacher that was tuned too long write its gold rows again, and is that seen?

    python benchmarks/memorisation.py --json

Two teachers from nothing learn to write the same few gold rows of the review world: one stops at
its best dev loss, one is tuned on until it knows the rows by heart. Each writes new rows for a
student; the check `copies` counts those that recite gold, and drops them. Prints for each teacher
how many drafts could be read, recited gold, repeated others, and were kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

import tutelage

TEACHER: Mapping[str, Any] = {
    "kind": "tuned",
    "family": "causal",
    "config": {"d_model": 96, "layers": 3, "heads": 4, "d_ff": 256, "vocab_size": 800},
    "teaches": "generate",
    "batch_size": 8,
    "max_source": 64,
    "max_target": 96,
}
LENGTHS: Mapping[str, Mapping[str, Any]] = {
    "stopped_early": {"epochs": 40, "patience": 2},
    "by_heart": {"epochs": 120, "evaluations_per_epoch": 0.01, "patience": None},
}
"""How long each teacher is tuned; the second one is looked at when it is over."""


def recipe(gold_rows: int, rows: int, seeds: int) -> dict[str, Any]:
    """One arm for each teacher, none of which is told what it copies until a check sees it."""
    return {
        "name": "memorisation",
        "task": {"kind": "classification", "labels": ["positive", "negative"]},
        "gold": {
            "train": {"world": "reviews", "rows": gold_rows},
            "dev": {"world": "reviews", "rows": 100},
            "test": {"world": "reviews", "rows": 200},
        },
        "teachers": {name: {**TEACHER, **length} for name, length in LENGTHS.items()},
        "student": {"kind": "linear", "bootstrap": True},
        "checks": ["format", {"copies": {"similarity": 0}}, "duplicate"],
        "arms": {
            "gold_only": {},
            **{
                name: {
                    "teacher": name,
                    "synthesis": {"generate": {"rows": rows, "waves": 1, "max_tokens": 96}},
                }
                for name in LENGTHS
            },
        },
        "primary": "stopped_early > gold_only",
        "seeds": {"student": seeds, "purchase": seeds},
    }


def rates(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each teacher and purchase: drafts, how many could be read, copied gold, were kept."""
    found = {}
    for unit in results["units"]:
        if unit["arm"] not in LENGTHS:
            continue
        turn = unit["turns"][0]
        lost: dict[str, int] = {}
        for reason in turn["reasons"]:
            if reason["decision"] == "dropped":
                lost[reason["check"]] = lost.get(reason["check"], 0) + reason["count"]
        read = turn["drafts"] - lost.get("synthesis", 0)
        found[unit["arm"], unit["purchase_seed"]] = {
            "teacher": unit["arm"],
            "purchase": unit["purchase_seed"],
            "drafts": turn["drafts"],
            "read": read,
            "repeated": lost.get("duplicate", 0),
            "copied": lost.get("copies", 0),
            "kept": turn["added"],
        }
    return list(found.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gold", type=int, default=40, help="gold rows to tune on")
    parser.add_argument("--rows", type=int, default=200, help="rows that each teacher writes")
    parser.add_argument("--seeds", type=int, default=3, help="purchases, each with teachers anew")
    parser.add_argument("--json", action="store_true", help="one JSON line last")
    given = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = tutelage.run(
            recipe(given.gold, given.rows, given.seeds),
            Path(folder) / "run",
            final=True,
            ledger=Path(folder) / "ledger.sqlite",
            yes=True,
        )
        found = rates(outcome.results)
    for one in found:
        print(", ".join(f"{key} {value}" for key, value in one.items()))
    if given.json:
        facts = {"benchmark": "memorisation", "seconds": time.perf_counter() - started}
        print(orjson.dumps({**facts, "teachers": found}).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
