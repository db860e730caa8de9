"""Files to read, written where a test runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutelage.gold.opening import ROLES, Gold, load_gold
from tutelage.recipe import GoldSpec, TaskSpec
from tutelage.records import Example

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file into the test's folder."""

    def put(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


Opened = Callable[..., tuple[Gold, ...]]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Load gold from the test's folder: `opened(task={...}, train=..., test=...)`."""

    def load(
        task: dict[str, Any] | None = None, *, seed: int = 0, limit: int | None = None, **gold: Any
    ) -> tuple[Gold, ...]:
        sources = {
            k: {"path": v}
            if k in (*ROLES, "unlabelled") and isinstance(v, str) and v not in ("rest", "train")
            else v
            for k, v in gold.items()
        }
        return load_gold(
            GoldSpec(**sources), TaskSpec(**(task or {})), folder=tmp_path, seed=seed, limit=limit
        )

    return load


@pytest.fixture
def rows() -> Callable[..., list[Example]]:
    """Made-up rows: `rows(30)` has ten of each of three labels."""

    def make(count: int, labels: str = "abc", start: int = 0) -> list[Example]:
        return [
            Example(f"r{i}", {"text": f"text number {i}"}, label=labels[i % len(labels)])
            for i in range(start, start + count)
        ]

    return make


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; skips where there is none."""
    default = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("TUTELAGE_REAL_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set TUTELAGE_REAL_DATA")
    return folder
