"""For all tests: one thread for each process, so that tests run side by side without a struggle;
and a small study that takes a second, run once and looked at by many tests."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

SMALL = {
    "name": "small",
    "task": {"kind": "classification", "labels": ["routine", "watch", "urgent"]},
    "gold": {
        "train": {"world": "composition", "rows": 80},
        "dev": {"world": "composition", "rows": 30},
        "test": {"world": "composition", "rows": 60},
        "unlabelled": {"world": "composition", "rows": 100},
    },
    "teacher": {"kind": "scripted", "world": "composition", "budget": {"usd": 1}},
    "student": {"kind": "linear"},
    "arms": {
        "gold_only": {},
        "annotate": {"synthesis": {"annotate": {"rows": 40, "shots": 3}}},
        "explain": {"synthesis": {"explain": {"rows": 20}}},
    },
    "rivals": ["majority", "teacher_zero_shot"],
    "primary": "annotate > gold_only",
    "seeds": {"student": 2},
}


@pytest.fixture
def small_recipe() -> Callable[..., dict[str, Any]]:
    """A recipe that runs offline in a second: `small_recipe(seeds={"student": 1})`."""

    def make(**changes: Any) -> dict[str, Any]:
        return {**copy.deepcopy(SMALL), **changes}

    return make


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run whose test was opened. Look only."""
    from tutelage.recipe import load_recipe
    from tutelage.study.running import Choices, run_study

    folder = tmp_path_factory.mktemp("finished") / "runs" / "small"
    run_study(load_recipe(SMALL), folder, choices=Choices(final=True))
    return folder
