"""A study whose teacher learns the task first: tuned once, then asked like any other."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.recipe import LoadedRecipe, load_recipe
from tutelage.report.facts import report_of
from tutelage.report.page import page
from tutelage.store.ledger import Ledger
from tutelage.study.checking import check_study
from tutelage.study.planning import plan_study
from tutelage.study.running import Choices, run_study

pytest.importorskip("torch")
pytestmark = [pytest.mark.train, pytest.mark.slow]

SHAPE = {"d_model": 32, "layers": 1, "heads": 2, "d_ff": 64, "vocab_size": 600, "positions": 128}
RECIPE: dict[str, Any] = {
    "name": "tuned",
    "task": {"kind": "classification", "labels": ["routine", "watch", "urgent"]},
    "gold": {
        "train": {"world": "composition", "rows": 120},
        "dev": {"world": "composition", "rows": 30},
        "test": {"world": "composition", "rows": 40},
        "fraction": 0.5,
        "unlabelled": "rest",
    },
    "teachers": {
        "annotator": {"kind": "tuned", "family": "encoder", "config": SHAPE, "epochs": 4},
        "untuned": {"kind": "scripted"},
    },
    "student": {"kind": "linear"},
    "arms": {
        "gold_only": {},
        "annotate": {
            "synthesis": {"annotate": {"rows": 40, "shots": 0}},
            "teacher": "annotator",
        },
        "whole": {"gold": "whole"},
    },
    "rivals": {
        "tuned": {"kind": "teacher", "teacher": "annotator"},
        "untuned_few_shot": {"kind": "teacher", "teacher": "untuned", "shots": 4},
    },
    "primary": "annotate > gold_only",
    "seeds": {"student": 2},
}


def recipe(**changes: Any) -> LoadedRecipe:
    return load_recipe({**RECIPE, **changes})


def files_of(folder: Path) -> dict[str, int]:
    """When each file below `folder` was written."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path): path.stat().st_mtime_ns for path in found}


def test_a_tuned_teacher_labels_stands_as_a_rival_and_is_found_again(tmp_path: Path) -> None:
    loaded, ledger = recipe(), tmp_path / "ledger.sqlite"
    found = asyncio.run(check_study(loaded))
    assert found.ok, [str(fault) for fault in found.faults]
    plan = asyncio.run(plan_study(loaded, ledger=ledger))
    assert {arm.arm: arm.to_buy for arm in plan.arms} == {
        "gold_only": 0, "annotate": 40, "whole": 0,
    }  # fmt: skip
    assert not (tmp_path / "teachers").exists(), "neither of them tunes"

    first = run_study(loaded, tmp_path / "run", choices=Choices(final=True)).results
    assert {s["arm"] for s in first["standings"]} == {*RECIPE["arms"], *RECIPE["rivals"]}
    told = first["teachers"]["annotator"]
    assert (told["tuned"], told["arms"], told["rivals"]) == (True, ["annotate"], ["tuned"])
    assert told["facts"]["parameters"] > 600 * 32
    ratio = first["sizes"]["annotate"]["size_ratio"]
    student = first["sizes"]["annotate"]["student_parameters"]
    assert ratio == student / told["facts"]["parameters"]
    assert any("seconds" in place for place in first["clock"]["teacher_seconds"]["annotator"])
    uses = {use["name"]: use for use in first["gold_use"]}
    assert (uses["annotate"]["tuned"], uses["annotate"]["trained"]) == (60, 60)
    assert (uses["tuned"]["tuned"], uses["tuned"]["chosen_on"]) == (60, 30)
    assert (uses["whole"]["trained"], uses["whole"]["upper_bound"]) == (120, True)
    html = page(report_of(first))
    assert "Learned by its teacher" in html

    tuned = files_of(tmp_path / "teachers")
    with Ledger.open(ledger, read_only=True) as book:
        bought = book.totals()
    second = run_study(loaded, tmp_path / "run", choices=Choices(final=True)).results
    with Ledger.open(ledger, read_only=True) as book:
        assert book.totals() == bought, "the second run bought something"
    assert files_of(tmp_path / "teachers") == tuned, "the second run tuned something"
    first.pop("clock"), second.pop("clock")
    assert first == second

    beside = run_study(loaded, tmp_path / "beside", choices=Choices(final=True)).results
    assert files_of(tmp_path / "teachers") == tuned, "runs that share a ledger share teachers"
    assert beside["standings"] == first["standings"]


def test_prompts_that_it_was_not_tuned_on_are_told_before_anything_is_trained(
    tmp_path: Path,
) -> None:
    arms = {**RECIPE["arms"]}
    arms["annotate"] = {
        "synthesis": {"annotate": {"rows": 5, "template": "fields.v1", "shots": 0}},
        "teacher": "annotator",
    }
    rivals = {"tuned": {"kind": "teacher", "teacher": "annotator", "shots": 2}}
    wrong = recipe(arms=arms, rivals=rivals)
    faults = [fault.what for fault in asyncio.run(check_study(wrong)).faults]
    assert [fault.partition(":")[0] for fault in faults] == ["arms.annotate", "rivals.tuned"]
    with pytest.raises(UserError, match="tuned on the template"):
        run_study(wrong, tmp_path / "run")
    assert not list((tmp_path / "run" / "steps").glob("fit-*"))


def test_a_later_turn_of_which_the_teacher_is_not_capable_is_told_before_too(
    tmp_path: Path,
) -> None:
    parts = [{"annotate": {"rows": 5, "shots": 0}}, {"generate": {"rows": 5}}]
    both = {"synthesis": {"in_turns": {"parts": parts}}, "turns": 2, "teacher": "annotator"}
    gal = {"generate": {"rows": 5, "then": "annotate"}}
    loaded = recipe(arms={"both": both, "gal": {"synthesis": gal, "teacher": "annotator"}},
                    rivals={}, primary="")  # fmt: skip
    faults = [fault.what for fault in asyncio.run(check_study(loaded)).faults]
    assert {fault.partition(":")[0] for fault in faults} == {"arms.both", "arms.gal"}


def test_a_rival_asks_by_the_template_that_its_teacher_was_tuned_on(tmp_path: Path) -> None:
    short = {**RECIPE["teachers"]["annotator"], "template": "fields.v1"}
    rivals = {"tuned": {"kind": "teacher", "teacher": "annotator"}}
    arms = {"gold_only": {}}
    loaded = recipe(teachers={"annotator": short}, rivals=rivals, arms=arms, primary="")
    assert asyncio.run(check_study(loaded)).ok
