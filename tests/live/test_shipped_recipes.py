"""The shipped recipes that write or label rows, made small, against `transformers serve`.

Its replies are noise. A run must end with students all the same wherever an arm has rows to learn
from, say what became of every draft, and tell of an arm without any on one screen.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tutelage.recipe import load_recipe

pytest.importorskip("torch", reason="the server needs the extra train")
pytest.importorskip("fastapi", reason="the server needs fastapi, of the extra dev")
pytestmark = [pytest.mark.live, pytest.mark.train]

NAMES = [*YAML(typ="safe").load(Path(__file__).parents[1] / "recipes" / "small.yaml")]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_ends_with_students_or_says_why_not(
    name: str,
    endpoint: str,
    tiny_model: Path,
    tutelage: Any,
    shrunk: Callable[..., list[str]],
    tmp_path: Path,
) -> None:
    chosen = [part for at in shrunk(name, endpoint, str(tiny_model)) for part in ("--set", at)]
    done = tutelage("run", name, "--yes", "--json", *chosen, folder=tmp_path)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    results_file = tmp_path / "runs" / name / "results.json"
    if "error" in said:  # no arm has anything to learn from, and none has gold
        assert done.returncode == 1, done.stderr[-3000:]
        assert not any(arm.gold is True for arm in load_recipe(name).recipe.arms.values())
        assert "There is no row to train on. Of 16 drafts 0 passed the checks." in said["why"], said
        assert "Dropped: " in said["why"], said
        assert len(done.stderr.splitlines()) < 24
        return
    results = json.loads(results_file.read_text())
    failed = {told["arm"]: told for told in said["failed"]}
    assert done.returncode == (1 if failed else 0), done.stderr[-3000:]
    arms = results["recipe"]["arms"]
    for arm, told in failed.items():
        assert arms[arm]["gold"] is not True, "gold rows are always enough to learn from"
        assert "passed the checks" in told["why"]
        assert f"{arm}, seed 1: no student could be trained" in done.stderr
    assert {unit["arm"] for unit in results["units"]} == {*arms} - {*failed}
    for unit in results["units"]:
        for turn in unit["turns"]:
            assert sum(turn["decisions"].values()) + turn["materials"] == turn["drafts"]
            kept = sum(turn["added_by_label"].values())
            assert not turn["wanted"] or kept + sum(turn["lacking"].values()) == sum(
                turn["wanted"].values()
            )
    assert (tmp_path / "runs" / name / "report.html").exists()
