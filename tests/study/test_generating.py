"""Studies that generate their rows, offline in the review world: what each method's turns show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tutelage.curation.verdicts import row_of
from tutelage.recipe import load_recipe
from tutelage.records import Draft, Example
from tutelage.store.encoding import read_records
from tutelage.study.running import Choices, run_study

RECIPE = {
    "name": "generating",
    "task": {"kind": "classification", "labels": ["positive", "negative"]},
    "gold": {
        "train": {"world": "reviews", "rows": 40},
        "pool": {"world": "reviews", "rows": 100},
        "dev": {"world": "reviews", "rows": 30},
        "test": {"world": "reviews", "rows": 60},
    },
    "teacher": {"kind": "scripted", "world": "reviews", "budget": {"usd": 5}},
    "student": {"kind": "linear", "c": 10.0},
    "arms": {
        "zerogen": {"synthesis": {"zerogen": {"rows": 80}}, "gold": "last"},
        "progen": {
            "synthesis": {"progen": {"schedule": [40, 80], "feedback_share": 1.0}},
            "critic": {"influence": {"rows": 5}},
            "turns": 2,
            "gold": "last",
        },
        "supergen": {
            "synthesis": {"supergen": {"rows": 40, "oversample": 2}},
            "checks": ["format", "refusal", "duplicate", "contamination", "selection"],
            "gold": False,
        },
        "errors": {
            "synthesis": {"extrapolate": {"seed": "plain", "seed_rows": 40}},
            "critic": "errors",
            "turns": 2,
            "gold": False,
        },
        "random": {
            "synthesis": {"extrapolate": {"seed": "plain", "seed_rows": 40}},
            "critic": {"random_rows": {"rows": "errors"}},
            "turns": 2,
            "gold": False,
        },
    },
    "rivals": ["majority"],
    "primary": "progen > zerogen",
    "seeds": {"student": 1},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, Any]]:
    """The run's folder, and its turns by arm."""
    folder = tmp_path_factory.mktemp("generating") / "run"
    results = run_study(load_recipe(RECIPE), folder, choices=Choices()).results
    return folder, {unit["arm"]: unit["turns"] for unit in results["units"]}


def test_every_turn_meets_its_quota(run: tuple[Path, Mapping[str, Any]]) -> None:
    _, turns = run
    added = {arm: [turn["added"] for turn in some] for arm, some in turns.items()}
    assert added["zerogen"] == [80] and added["progen"] == [40, 40] and added["supergen"] == [40]
    assert not any(turn["lacking"] for some in turns.values() for turn in some)


def test_progen_shows_kept_rows_that_helped(run: tuple[Path, Mapping[str, Any]]) -> None:
    _, turns = run
    first, second = turns["progen"]
    measured = first["feedback"]
    assert measured["scored"] + measured["validation"] == 40
    assert 0 < first["feedback_rows"] <= 10 and 0 < measured["helpful"] <= 1
    assert second["feedback"] == {}
    assert first["gold_shown"] == second["gold_shown"] == 0


def test_supergen_keeps_the_likeliest(run: tuple[Path, Mapping[str, Any]]) -> None:
    folder, turns = run
    (turn,) = turns["supergen"]
    assert turn["drafts"] == 80 and turn["decisions"]["kept"] == 40
    drafts = read_records(folder / turn["steps"]["buy"] / "drafts.jsonl", Draft)
    kept = {r.id for r in read_records(folder / turn["steps"]["curate"] / "kept.jsonl", Example)}
    for label in ("positive", "negative"):
        own = [d for d in drafts if row_of(d).label == label]
        scores = [(d.score or 0.0, row_of(d).id in kept) for d in own]
        assert min(s for s, stays in scores if stays) >= max(s for s, stays in scores if not stays)


def test_random_rows_are_as_many_as_the_errors(run: tuple[Path, Mapping[str, Any]]) -> None:
    _, turns = run
    errors, random = turns["errors"][0], turns["random"][0]
    assert errors["feedback"] == random["feedback"]  # the same seed rows, so the same student
    assert errors["feedback_rows"] == random["feedback_rows"] == errors["feedback"]["errors"]
    assert errors["feedback"]["held_back"] == 30
    assert turns["errors"][1]["added"] == turns["random"][1]["added"] == errors["feedback_rows"]


def test_students_that_buy_for_themselves_are_charged_for_all_they_used(tmp_path: Path) -> None:
    """Random rows do not depend on the student: both students use the same replies, each is charged
    for all of them, and they are paid once."""
    arms = {"zerogen": RECIPE["arms"]["zerogen"], "random": RECIPE["arms"]["random"]}
    arms["random"] = {**arms["random"], "critic": {"random_rows": {"rows": 10}}}
    raw = {**RECIPE, "arms": arms, "primary": "", "seeds": {"student": 2}}
    run = run_study(load_recipe(raw, folder=tmp_path), tmp_path / "run", choices=Choices())
    first, second = (unit for unit in run.results["units"] if unit["arm"] == "random")
    used = sum(turn["usage"]["requests"] for turn in first["turns"])
    assert first["charged"]["requests"] == second["charged"]["requests"] == used == 50
    assert run.results["clock"]["paid"]["requests"] == 80 + 10  # the seeds are zerogen's first 40
