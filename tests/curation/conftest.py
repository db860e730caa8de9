from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tutelage.curation.bench import DraftBench
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Origin, Task, Verdict

LONG = "The quick brown fox jumps over the lazy dog near the old stone bridge."


@pytest.fixture
def task() -> Task:
    labels = (Label("entailment"), Label("neutral"), Label("contradiction"))
    return Task("nli", "nli", ("premise", "hypothesis"), labels)


@pytest.fixture
def bench(task: Task) -> DraftBench:
    """One gold train row, one held-out row, nothing kept yet."""
    gold = Example("g1", {"premise": "A man sleeps.", "hypothesis": "He rests."}, "entailment")
    held_out = Example("s1", {"premise": LONG, "hypothesis": "A fox moves."}, "entailment")
    return DraftBench(task, (), (gold,), SealedIndex([held_out]))


Write = Callable[..., Draft]


@pytest.fixture
def write() -> Write:
    """Writes a draft: a teacher's own row, or with `role` a row with given texts."""

    def draft(
        number: int,
        premise: str = "A dog runs.",
        hypothesis: str = "It moves.",
        label: str | None = "entailment",
        *,
        rationale: str | None = None,
        role: str = "",
        source: str = "",
        id: str = "",
    ) -> Draft:
        fields = {"premise": premise, "hypothesis": hypothesis}
        origin = Origin(role, "arm", 0, number, ("request1-x",), source)
        row = Example(id or f"d{number}", fields, label, rationale=rationale, origin=origin)
        return Draft(number, number, row, raw="raw")

    return draft


@pytest.fixture
def one() -> Callable[..., Verdict]:
    """The verdict of one check, by name, on one draft."""

    def judge(name: str, draft: Draft, bench: DraftBench, options: Any = None) -> Verdict:
        plugin = find("check", name)
        check = plugin.make(options or plugin.options(), task=bench.task)
        (verdict,) = check.judge([draft], bench)
        assert isinstance(verdict, Verdict)
        return verdict

    return judge


@pytest.fixture
def judged() -> Callable[..., list[Verdict]]:
    """The verdicts of one check, by name, on many rows."""

    def judge(
        name: str,
        task: Task,
        rows: Sequence[Example],
        *,
        gold: Sequence[Example] = (),
        sealed: SealedIndex | None = None,
        options: Any = None,
    ) -> list[Verdict]:
        plugin = find("check", name)
        drafts = [Draft(i, i, row) for i, row in enumerate(rows)]
        bench = DraftBench(task, (), gold, sealed or SealedIndex([]))
        check = plugin.make(options or plugin.options(), task=task)
        verdicts: list[Verdict] = check.judge(drafts, bench)
        return verdicts

    return judge


@pytest.fixture
def real() -> Callable[[str], list[dict[str, Any]]]:
    """Reads a table of real data, or skips where it is absent."""

    def read(table: str) -> list[dict[str, Any]]:
        root = Path(os.environ.get("TUTELAGE_REAL_DATA", "../shared/data"))
        path = root / f"{table}.jsonl.gz"
        if not path.is_file():
            pytest.skip(f"no real data at {path}")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    return read
