"""Every shipped recipe that writes or labels rows, made small, with teachers that need no key: the
scripted one of the review world, and real texts that one owns (here of that world too)."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tutelage.recipe import load_recipe
from tutelage.study.running import run_study
from tutelage.teacher.worlds import write_gold

SMALL = YAML(typ="safe").load(Path(__file__).with_name("small.yaml"))
TORCH_FREE = [name for name, own in SMALL.items() if not any("student" in at for at in own)]
TINY_TORCH = [name for name in SMALL if name not in TORCH_FREE]
UNTOLD = {"supergen", "supergen_as_published"}
"""They choose by log-probability, which the corpus teacher does not give."""


@pytest.fixture
def small(shrunk: Callable[..., list[str]], tmp_path: Path) -> Callable[..., Any]:
    """A shipped recipe, small, on the review world: `small("s3", "scripted")`."""
    own = tmp_path / "own.csv"
    with own.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ("text", "label", "phenomenon"))
        table.writeheader()
        table.writerows(write_gold("reviews", "unlabelled", 240, 0))
    teachers: dict[str, dict[str, Any]] = {
        "scripted": {"kind": "scripted", "world": "reviews"},
        "corpus": {"kind": "corpus", "path": str(own), "label": "label"},
    }

    def load(name: str, teacher: str) -> Any:
        gold: dict[str, Any] = {
            role: {"world": "reviews", "rows": rows}
            for role, rows in {"train": 48, "dev": 20, "test": 20, "unlabelled": 40}.items()
        }
        if name not in ("annotate", "methods"):
            del gold["unlabelled"]
        if name in ("s3", "s3_as_published", "methods"):
            gold["pool"] = "train"
        changed = {
            "task": {"kind": "classification", "labels": ["positive", "negative"]},
            "gold": gold,
            "teacher": {**teachers[teacher], "budget": {"usd": 1}},
        }
        if name == "methods":
            changed["match"] = "usd"
        assignments = [f"{at}={json.dumps(value)}" for at, value in changed.items()]
        made = shrunk(name, "http://127.0.0.1/v1", "none")
        whole = [at.replace('"max_tokens": 16', '"max_tokens": 100') for at in made]
        chosen = [*whole, *assignments]  # teachers here write to the end, which is not to be cut
        return load_recipe(name, assignments=chosen, folder=tmp_path)

    return load


def is_complete(loaded: Any, folder: Path) -> None:
    """Whether every arm has a student, and rows of the teacher's where it buys any."""
    results = run_study(loaded, folder).results
    assert results["failed"] == []
    assert {unit["arm"] for unit in results["units"]} == {*loaded.recipe.arms}
    for unit in results["units"]:
        turns = unit["turns"]
        assert not any(turn["failed"] for turn in turns)
        assert turns[0]["added"] or not loaded.recipe.arms[unit["arm"]].synthesis


@pytest.mark.parametrize("name", TORCH_FREE)
def test_on_the_scripted_review_world(name: str, small: Any, tmp_path: Path) -> None:
    is_complete(small(name, "scripted"), tmp_path / "run")


@pytest.mark.train
@pytest.mark.parametrize("name", TINY_TORCH)
def test_encoders_on_the_scripted_review_world(name: str, small: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the students of this recipe need the extra train")
    is_complete(small(name, "scripted"), tmp_path / "run")


@pytest.mark.parametrize("name", [name for name in TORCH_FREE if name not in UNTOLD])
def test_on_texts_that_one_owns(name: str, small: Any, tmp_path: Path) -> None:
    is_complete(small(name, "corpus"), tmp_path / "run")
