"""How long the checks take over many drafts, how much memory they need, and what they find.

Drafts are made, so that every duplicate is known: each text takes most of its words from one of 500
topics, the others by Zipf's law. Among 100 drafts there are

    5 exact copies (another case), which `duplicate` is to find
    10 copies with their last word changed, which `near_duplicate` is to find
    10 copies with their halves exchanged, which `semantic_duplicate` is to find

Each check runs in a process of its own over all drafts, with 1,000 gold and 1,000 held-out rows on
the bench; one thread computes. `found` is the share of its kind that a check drops, `others` the
share of original texts that it drops, `memory` the peak of the process in MiB, of which
`memory_before` stood before the check looked.

    python benchmarks/dedup.py --json                              # 10k, 30k and 100k drafts
    python benchmarks/dedup.py --sizes 10000 --checks near_duplicate --json

The last line is one JSON object. `growth` is the exponent by which the time grows between the
smallest and the largest size: 1 is linear, 2 quadratic.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tutelage.curation.bench import DraftBench
from tutelage.gold.sealed import SealedIndex
from tutelage.neural.static_embedding import load_static
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Task

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
SIZES = (10_000, 30_000, 100_000)
CHECKS = {
    "duplicate": "copy",
    "near_duplicate": "near",
    "semantic_duplicate": "turned",
    "contamination": "",
    "language": "",
    "agreement": "",
    "noise": "",
}
"""Checks, and the kind of draft that each is to find."""
TASK = Task("made", "classification", ("text",), (Label("a"), Label("b")))
TOPICS, TOPIC_WORDS = 500, 80
LENGTH = (18, 36)
HELD_OUT = 1_000
MIB = 1_024


@dataclass(frozen=True)
class Made:
    """A text, and what it is a copy of."""

    text: str
    label: str
    kind: str
    """`new`, `copy`, `near` or `turned`."""


def make(count: int, seed: int = 7) -> list[Made]:
    """`count` texts; the first of them are the same whatever the count."""
    draw = np.random.default_rng(seed)
    words = vocabulary()
    common = 1 / np.arange(1, len(words) + 1)
    common /= common.sum()
    topics = draw.integers(0, len(words), (TOPICS, TOPIC_WORDS))
    pool = draw.choice(len(words), 1_000_000, p=common)
    made: list[Made] = []
    originals: list[list[str]] = []
    labels: list[str] = []
    for _ in range(count):
        kind = "new" if len(originals) < 100 else _kind(draw.random())
        if kind == "new":
            topic = int(draw.integers(0, TOPICS))
            size = int(draw.integers(*LENGTH))
            own = draw.choice(topics[topic], size)
            other = pool[draw.integers(0, len(pool), size)]
            mixed = np.where(draw.random(size) < 0.6, own, other)
            originals.append([words[i] for i in mixed])
            labels.append("ab"[topic % 2])
            made.append(Made(" ".join(originals[-1]) + ".", labels[-1], kind))
            continue
        at = int(draw.integers(0, len(originals)))
        made.append(Made(_varied(originals[at], kind, words, draw), labels[at], kind))
    return made


def _kind(share: float) -> str:
    if share < 0.05:
        return "copy"
    if share < 0.15:
        return "near"
    return "turned" if share < 0.25 else "new"


def _varied(text: Sequence[str], kind: str, words: Sequence[str], draw: Any) -> str:
    if kind == "copy":
        return " ".join(text).capitalize() + "."
    if kind == "near":
        return " ".join([*text[:-1], words[int(draw.integers(0, len(words)))]]) + "."
    half = len(text) // 2
    return " ".join([*text[half:], *text[:half]]) + "."


def vocabulary() -> list[str]:
    """English words that MiniLM's tokenizer knows whole, the most frequent first."""
    known = load_static("minilm").tokenizer.get_vocab()
    ranked = sorted(known, key=known.__getitem__)
    return [word for word in ranked if word.isascii() and word.isalpha() and len(word) > 2]


def measure(check: str, size: int) -> dict[str, Any]:
    """Run one check in this process."""
    made = make(size + 3 * HELD_OUT)
    rows = [Example(f"r{i}", {"text": one.text}, one.label) for i, one in enumerate(made)]
    drafts = [Draft(i, i, row) for i, row in enumerate(rows[:size])]
    fresh = [row for i, row in enumerate(rows[size:], start=size) if made[i].kind == "new"]
    gold, held = fresh[:HELD_OUT], fresh[HELD_OUT : 2 * HELD_OUT]
    bench = DraftBench(TASK, (), gold, SealedIndex(held))
    plugin = find("check", check)
    judge = plugin.make(plugin.options(), task=TASK)
    before = peak()
    started, cpu = time.perf_counter(), time.process_time()
    verdicts = judge.judge(drafts, bench)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    dropped = {verdict.draft for verdict in verdicts if verdict.decision == "dropped"}
    wanted = CHECKS[check]
    return {
        "check": check,
        "drafts": len(drafts),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "rows_per_second": round(len(drafts) / seconds),
        "memory": round(peak()),
        "memory_before": round(before),
        "dropped": len(dropped),
        "found": _share(drafts, made, dropped, wanted) if wanted else None,
        "others": _share(drafts, made, dropped, "new"),
    }


def _share(drafts: Sequence[Draft], made: Sequence[Made], dropped: set[int], kind: str) -> float:
    members = [draft.number for draft in drafts if made[draft.number].kind == kind]
    return round(sum(number in dropped for number in members) / max(len(members), 1), 4)


def peak() -> float:
    """Peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def in_a_process(check: str, size: int) -> dict[str, Any]:
    """Run `measure` in a fresh process, so that peaks do not add up."""
    command = [sys.executable, __file__, "--one", check, str(size)]
    alone = {**os.environ, **THREADS, "TOKENIZERS_PARALLELISM": "false"}
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=alone).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def growth(results: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Exponent of the time by check, from the CPU time of the smallest and the largest size."""
    found = {}
    for check in dict.fromkeys(one["check"] for one in results):
        runs = sorted((o for o in results if o["check"] == check), key=lambda one: one["drafts"])
        if len(runs) > 1 and runs[0]["cpu_seconds"] > 0:
            longer = runs[-1]["cpu_seconds"] / runs[0]["cpu_seconds"]
            larger = runs[-1]["drafts"] / runs[0]["drafts"]
            found[check] = round(math.log(longer) / math.log(larger), 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--checks", nargs="+", choices=CHECKS, default=[*CHECKS])
    parser.add_argument("--one", nargs=2, metavar=("CHECK", "SIZE"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]))))
        return
    results = []
    for check in options.checks:
        for size in options.sizes:
            results.append(in_a_process(check, size))
            one = results[-1]
            print(
                f"{check:20} {one['drafts']:>7,} drafts  {one['seconds']:>7} s"
                f"  {one['memory']:>6,} MiB  found {one['found']}  others {one['others']}",
                flush=True,
            )
    if options.json:
        print(json.dumps({"results": results, "growth": growth(results)}))


if __name__ == "__main__":
    main()
