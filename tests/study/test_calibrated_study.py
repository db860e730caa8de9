"""A method that chooses how sure the teacher must be on dev rows, through a whole study."""

import asyncio

from tutelage.recipe import load_recipe
from tutelage.store.ledger import Ledger
from tutelage.study.planning import plan_study
from tutelage.study.running import run_study


def test_dev_rows_are_asked_about_counted_and_told_once(small_recipe, tmp_path):
    asking = {"rows": 30, "keep_accuracy": 0.5, "calibration_rows": 12}
    loaded = load_recipe(
        small_recipe(
            arms={"gold_only": {}, "sure": {"synthesis": {"annotate": asking}}},
            rivals=["majority"],
            primary="",
            seeds={"student": 1},
        )
    )
    plan = asyncio.run(plan_study(loaded, ledger=tmp_path / "ledger.sqlite"))
    assert next(arm.to_buy for arm in plan.arms if arm.arm == "sure") == 12 + 30
    first = run_study(loaded, tmp_path / "run").results
    uses = {use["name"]: use for use in first["gold_use"]}
    assert (uses["sure"]["calibrated"], uses["gold_only"]["calibrated"]) == (12, 0)
    assert uses["sure"]["shown"] == 0, "their labels are hidden from the teacher"
    assert uses["sure"]["total"] == uses["gold_only"]["total"], "dev was counted already"
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as book:
        bought = sum(total.replies for total in book.totals() if total.account.arm == "sure")
    assert bought == 42
    second = run_study(loaded, tmp_path / "run").results
    first.pop("clock"), second.pop("clock")
    assert first == second
