"""Every shipped recipe that writes or labels rows, made small, against a server on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tutelage.api import plan
from tutelage.recipe import load_recipe
from tutelage.recipe.validation import shipped
from tutelage.report.writing import write_report
from tutelage.study.running import run_study

WRITERS = ("zerogen", "goldgen", "progen", "supergen", "extrapolate", "annotate")
SMALL = YAML(typ="safe").load(Path(__file__).with_name("small.yaml"))
TINY_TORCH = {name for name, own in SMALL.items() if any("student" in at for at in own)}
NAMES = [
    pytest.param(name, marks=[pytest.mark.train] if name in TINY_TORCH else []) for name in SMALL
]


def test_no_shipped_recipe_of_writers_is_missing_here() -> None:
    writing = set()
    for name, path in shipped().items():
        arms = YAML(typ="safe").load(path)["arms"].values()
        methods = {method for arm in arms for method in arm.get("synthesis") or ()}
        if methods & {*WRITERS} and not name.startswith(("quickstart", "tuned_teacher")):
            writing.add(name)
    assert writing == {*SMALL}


@pytest.mark.parametrize("name", NAMES)
def test_every_arm_ends_with_a_student(
    name: str, writing_server: str, shrunk: Callable[..., list[str]], tmp_path: Path
) -> None:
    if name in TINY_TORCH:
        pytest.importorskip("torch", reason="the students of this recipe need the extra train")
    assignments = shrunk(name, writing_server, "m")
    loaded = load_recipe(name, assignments=assignments, folder=tmp_path)
    planned = {arm.arm: arm.requests for arm in plan(loaded, ledger=tmp_path / "none").arms}
    results = run_study(loaded, tmp_path / "run").results
    write_report(tmp_path / "run")
    assert results["failed"] == []
    assert {unit["arm"] for unit in results["units"]} == {*loaded.recipe.arms}
    for unit in results["units"]:
        for turn in unit["turns"]:
            adds_up(unit["arm"], turn)
        if loaded.recipe.arms[unit["arm"]].synthesis:
            assert unit["turns"][0]["added"] >= 4
            assert planned[unit["arm"]] >= 4
            assert not any(turn["failed"] for turn in unit["turns"])


def adds_up(arm: str, turn: dict[str, Any]) -> None:
    decided = sum(turn["decisions"].values())
    assert decided + turn["materials"] == turn["drafts"], arm
    for label, wanted in turn["wanted"].items():
        assert turn["added_by_label"].get(label, 0) + turn["lacking"].get(label, 0) == wanted, arm
