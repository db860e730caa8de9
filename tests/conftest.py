"""For all tests: one thread for each process, so that tests run side by side without a struggle;
and a small study that takes a second, run once and looked at by many tests."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

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


@pytest.fixture
def minilm() -> None:
    """For tests that need MiniLM's weights: skipped where its package is not installed."""
    from tutelage.neural.minilm import MINILM_PACKAGE

    try:
        distribution(MINILM_PACKAGE)
    except PackageNotFoundError:
        pytest.skip(f"{MINILM_PACKAGE} is not installed")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run whose test was opened. Look only."""
    from tutelage.recipe import load_recipe
    from tutelage.study.running import Choices, run_study

    folder = tmp_path_factory.mktemp("finished") / "runs" / "small"
    run_study(load_recipe(SMALL), folder, choices=Choices(final=True))
    return folder


@pytest.fixture
def shrunk(tmp_path: Path) -> Callable[..., list[str]]:
    """`--set` assignments that let a shipped recipe run in seconds: `shrunk("s3", url, "model")`.

    Files of gold and of unlabelled texts are written to the test's folder.
    """
    known = YAML(typ="safe").load(Path(__file__).with_name("recipes") / "small.yaml")

    def assign(name: str, url: str, model: str) -> list[str]:
        own = {"student": {"kind": "linear", "bootstrap": True}, **known[name]}
        labels = ("negative", "positive") if name.startswith("supergen_as") else ("neg", "pos")
        rows = [f"{_opinion(i)},{labels[i % 2]}" for i in range(80)]
        (tmp_path / "gold.csv").write_text("\n".join(["text,label", *rows]), "utf-8")
        texts = [f"{_opinion(i)} Again." for i in range(80, 140)]
        (tmp_path / "texts.csv").write_text("\n".join(["text", *texts]), "utf-8")
        gold = {"train": "gold.csv", "cross_fit": "off", "carve": {"test": 0.3, "dev": 0.2}}
        gold |= {"pool": "train"} if name in ("s3", "s3_as_published", "methods") else {}
        gold |= {"unlabelled": "texts.csv"} if name in ("annotate", "methods") else {}
        teacher = {
            "endpoint": url,
            "model": model,
            "concurrency": 4,
            "prices": {"input": 1, "output": 1},
            "budget": {"requests": 2000, "usd": 1},
        }
        everywhere = {
            "gold": gold,
            "teacher": teacher,
            "rivals": ["majority"],
            "seeds.student": [1],
        }
        return [f"{at}={json.dumps(value)}" for at, value in (everywhere | own).items()]

    return assign


def _opinion(number: int) -> str:
    """A text on what is `negative` (even numbers) or `positive`; every fifth says the opposite of
    what it means, so that students make errors."""
    thing = ("bolt", "gear", "rope", "lamp", "tent", "boot", "mast", "keel", "sail")[number % 9]
    sincere = number % 5 != 0
    word = "good" if (number % 2 == 1) == sincere else "bad"
    return f"The {thing} of order {number} was {word} to have."
