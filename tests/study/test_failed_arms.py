"""Arms whose rows teach nothing: told of clearly, and the other arms' results stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import TrainingError
from tutelage.recipe import load_recipe
from tutelage.study.archive import PastRun
from tutelage.study.graduates import load_student
from tutelage.study.running import Choices, run_study

ZEROGEN = {"synthesis": {"zerogen": {"rows": 12}}, "gold": False}
NONE_KEPT = {**ZEROGEN, "checks": ["refusal", {"format": {"min_words": 500}}]}
ONE_LABEL = {"synthesis": {"zerogen": {"rows": 1}}, "gold": False}


@pytest.fixture
def recipe(small_recipe: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    def make(arms: dict[str, Any], **changes: Any) -> Any:
        return load_recipe(
            small_recipe(
                task={"kind": "classification", "labels": ["positive", "negative"]},
                gold={
                    "train": {"world": "reviews", "rows": 60},
                    "dev": {"world": "reviews", "rows": 30},
                    "test": {"world": "reviews", "rows": 30},
                },
                teacher={"kind": "scripted", "world": "reviews", "budget": {"usd": 1}},
                arms=arms,
                rivals=["majority"],
                **{"primary": "", **changes},
            )
        )

    return make


def test_an_arm_of_which_no_row_is_kept_fails_alone(recipe: Any, tmp_path: Path) -> None:
    arms = {"gold_only": {}, "nothing": NONE_KEPT, "some": ZEROGEN}
    loaded = recipe(arms, primary="nothing > gold_only")
    outcome = run_study(loaded, tmp_path / "run", choices=Choices(final=True))
    (failed,) = outcome.results["failed"]
    assert failed["arm"] == "nothing"
    assert failed["what"] == "nothing, seed 1: no student could be trained."
    assert failed["why"].startswith(
        "There is no row to train on. Of 12 drafts 0 passed the checks. "
        "Dropped: 12 by format (such as the field text has "
    )
    assert "tutelage preview" in failed["do"]
    assert {s["arm"] for s in outcome.results["standings"]} == {"gold_only", "some", "majority"}
    assert {unit["arm"] for unit in outcome.results["units"]} == {"gold_only", "some"}
    charged = {entry["arm"] for entry in outcome.results["costs"]["charged"]}
    assert {"nothing", "some"} <= charged, "what failed was paid all the same"
    assert load_student(tmp_path / "run", "some").arm == "some"
    assert PastRun(tmp_path / "run").results["split"] == "test"


def test_a_second_start_fails_in_the_same_way(recipe: Any, tmp_path: Path) -> None:
    loaded = recipe({"gold_only": {}, "nothing": NONE_KEPT})
    found = [run_study(loaded, tmp_path / "run").results for _ in range(2)]
    for results in found:
        assert results.pop("clock")
    assert json.dumps(found[0], default=str) == json.dumps(found[1], default=str)


def test_where_no_arm_has_a_student_the_run_fails(recipe: Any, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"12 by format") as caught:
        run_study(recipe({"nothing": NONE_KEPT}), tmp_path / "run")
    assert caught.value.exit_code == 1


def test_rows_of_a_single_label_are_told_of_with_their_account(recipe: Any, tmp_path: Path) -> None:
    results = run_study(recipe({"gold_only": {}, "one": ONE_LABEL}), tmp_path / "run").results
    (failed,) = results["failed"]
    assert (
        "Nothing can be learned from a single label. Of 1 drafts 1 passed the checks."
        in failed["why"]
    )


def test_a_reference_that_did_not_run_is_replaced(recipe: Any, tmp_path: Path) -> None:
    loaded = recipe({"gold_only": {}, "a": ZEROGEN, "b": {"synthesis": {"zerogen": {"rows": 20}}}})
    choices = Choices(arms=("a", "b"))
    results = run_study(loaded, tmp_path / "run", choices=choices).results
    assert [pair["b"].split()[0] for pair in results["comparisons"]] == ["a"]
