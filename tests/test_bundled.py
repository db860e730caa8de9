import hashlib
import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from tutelage.bundled import bundled, resolved
from tutelage.exceptions import DataError


def test_other_paths_start_at_the_folder(tmp_path: Path) -> None:
    assert resolved("rows.csv", tmp_path) == tmp_path / "rows.csv"


def test_what_is_bundled_is_found_from_any_folder(tmp_path: Path) -> None:
    for name in bundled():
        assert resolved(name, tmp_path).is_file()


def test_an_unknown_name_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="comes with no file"):
        resolved("tutelage:nope.jsonl", tmp_path)


TICKETS = files("tutelage") / "data" / "tickets"
FROZEN = {
    "dev.jsonl": "22d935ba26e2dd16fa7a01f302d4b4974d5bd1bec3fffa06768d9968a252268b",
    "pool.jsonl": "bc1d79d3e0af082ab610110f7e2d657cea83363fe4ed40ded052826569b1885a",
    "replies.jsonl.gz": "c4280781e7d4835d63b46d97fce714d5b34ed8a0fb52df9f478cac55d04567a5",
    "test.jsonl": "a09289b3f1079c6b5715a825321f4ae391462d527b12ed2519feed77866c2d36",
    "unlabelled.jsonl": "ba32ada79110314c7bebf98d0719c52aca9b9729b787a1daa2023508d9d0990d",
}
"""Written before any method ran on them. A change makes every figure on them another one: write a
new set beside this one instead."""


@pytest.mark.parametrize("name", FROZEN)
def test_the_tickets_are_frozen(name: str) -> None:
    assert hashlib.sha256((TICKETS / name).read_bytes()).hexdigest() == FROZEN[name]


def test_the_tickets_are_small_and_disjoint() -> None:
    assert sum(len((TICKETS / name).read_bytes()) for name in FROZEN) < 1_000_000
    rows = {
        role: [json.loads(line) for line in (TICKETS / f"{role}.jsonl").read_bytes().splitlines()]
        for role in ("pool", "dev", "test", "unlabelled")
    }
    assert {role: len(found) for role, found in rows.items()} == {
        "pool": 100, "dev": 100, "test": 400, "unlabelled": 300,
    }  # fmt: skip
    texts = Counter(" ".join(row["text"].casefold().split()) for f in rows.values() for row in f)
    assert max(texts.values()) == 1
    for role in ("pool", "dev", "test"):
        counts = Counter(row["label"] for row in rows[role])
        assert max(counts.values()) - min(counts.values()) <= 1
        assert len(Counter(row["phenomenon"] for row in rows[role])) == 10
