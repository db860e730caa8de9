import asyncio

import pytest

from tutelage.recipe import load_recipe
from tutelage.study.checking import check_study

MINI = {"model": "gpt-4o-mini", "budget": {"usd": 1}}


def check(small_recipe, synthesis, **changes):
    arms = {"gold_only": {}, "bent": {"synthesis": synthesis}}
    recipe = small_recipe(arms=arms, primary="bent > gold_only", rivals=["majority"], **changes)
    return asyncio.run(check_study(load_recipe(recipe)))


@pytest.mark.parametrize(
    "synthesis",
    [
        {"zerogen": {"rows": 6, "self_debiasing": {}}},
        {"supergen": {"rows": 6, "repetition": {"urgent": {"penalty": 1.2}}}},
    ],
)
@pytest.mark.parametrize(
    "teacher", [MINI, {"kind": "scripted", "world": "composition"}], ids=["endpoint", "scripted"]
)
def test_bending_is_refused_before_a_run_where_no_model_is_here(small_recipe, synthesis, teacher):
    (fault,) = check(small_recipe, synthesis, teacher=teacher).faults
    assert fault.what.startswith("arms.bent: The teacher ")
    assert fault.what.endswith("cannot steer what it writes.")
    assert "kind local" in fault.do and "tuned" not in fault.do


def test_methods_that_bend_nothing_are_asked_of_anybody(small_recipe):
    assert check(small_recipe, {"zerogen": {"rows": 6}}, teacher=MINI).ok
    published = {"zerogen": {"rows": 6, "topics": 2, "as_published": True}}
    assert check(small_recipe, published, teacher=MINI).ok, "single texts are not contrasted"


def test_pairs_as_published_are_contrasted(small_recipe, tmp_path):
    labels = ["entailment", "not_entailment"]
    rows = [f"premise {i},hypothesis {i},{labels[i % 2]}" for i in range(20)]
    (tmp_path / "pairs.csv").write_text("\n".join(["premise,hypothesis,label", *rows]))
    found = check(
        small_recipe,
        {"zerogen": {"rows": 6, "as_published": True}},
        teacher=MINI,
        task={"kind": "nli", "labels": labels},
        gold={"train": {"path": str(tmp_path / "pairs.csv")}},
    )
    assert ["cannot steer" in fault.what for fault in found.faults] == [True]
