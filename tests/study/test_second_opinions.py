"""A study whose checks ask the teacher about drafts, offline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.recipe import load_recipe
from tutelage.store.ledger import Ledger
from tutelage.study.archive import PastRun
from tutelage.study.building import prepare
from tutelage.study.planning import plan_study
from tutelage.study.running import Choices, run_study
from tutelage.study.saved_rows import saved_rows

Small = Callable[..., dict[str, Any]]


def recipe(small: Small, **changes: Any) -> Any:
    arms = {
        "annotate": {
            "synthesis": {"annotate": {"rows": 30, "shots": 3}},
            "checks": ["format", {"agreement": {"by": "self_consistency", "votes": 3}}],
        }
    }
    return load_recipe(
        small(arms=arms, rivals=["majority"], primary="", seeds={"student": 1}) | changes
    )


def purchases(tmp_path: Path) -> int:
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        return len(list(ledger.purchases()))


def test_opinions_are_bought_on_the_arms_account_and_once(
    small_recipe: Small, tmp_path: Path
) -> None:
    loaded = recipe(small_recipe)
    first = run_study(loaded, tmp_path / "run").results
    turn = first["units"][0]["turns"][0]
    asked = 30 + 3 * 30
    assert turn["requests"] == turn["usage"]["requests"] == asked
    assert purchases(tmp_path) == asked
    assert "consult" in turn["steps"]
    rows = list(saved_rows(PastRun(tmp_path / "run")))
    dropped = [row for row in rows if row.verdict.check == "agreement"]
    assert all("most replies of the teacher say" in row.verdict.reason for row in dropped)
    run_study(loaded, tmp_path / "again")
    assert purchases(tmp_path) == asked
    assert list(saved_rows(PastRun(tmp_path / "again"))) == rows


def test_a_cap_leaves_drafts_without_an_opinion(small_recipe: Small, tmp_path: Path) -> None:
    teacher = {"kind": "scripted", "world": "composition",
               "budget": {"usd": 1, "arm": {"requests": 50}}}  # fmt: skip
    results = run_study(recipe(small_recipe, teacher=teacher), tmp_path / "run").results
    turn = results["units"][0]["turns"][0]
    assert turn["requests"] == 50
    assert turn["stopped"]
    verdicts = json.loads((tmp_path / "run" / "results.json").read_bytes())
    assert verdicts["units"][0]["turns"][0]["drafts"] == 30


def test_a_check_that_asks_needs_a_teacher(small_recipe: Small, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "x", "label": "watch"}\n')
    arms = {"given": {"rows": str(rows), "checks": [{"agreement": {"by": "teacher"}}]}}
    loaded = recipe(small_recipe, arms=arms, teacher=None)
    with pytest.raises(UserError, match="The check agreement of the arm given asks the teacher"):
        prepare(loaded)


def test_choices_do_not_change_what_is_asked(small_recipe: Small, tmp_path: Path) -> None:
    """A final run asks no more than one that ends on dev."""
    run_study(recipe(small_recipe), tmp_path / "run", choices=Choices(final=True))
    assert purchases(tmp_path) == 120


async def test_a_plan_says_that_opinions_are_not_counted(
    small_recipe: Small, tmp_path: Path
) -> None:
    plan = await plan_study(recipe(small_recipe), ledger=tmp_path / "ledger.sqlite")
    assert any("annotate: the check agreement also asks the teacher" in n for n in plan.notes)
