"""The published settings of ProGen and SuperGen, as statements about their recipes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tutelage.plugins import find
from tutelage.recipe import load_recipe
from tutelage.records import Brief, Label, Task

REVIEWS = Task(
    "reviews",
    "classification",
    ("text",),
    (Label("negative", "negative"), Label("positive", "positive")),
)


def synthesizer(recipe: dict[str, Any], arm: str) -> Any:
    part = recipe["arms"][arm]["synthesis"]
    plugin = find("synthesizer", part["name"])
    return plugin.make(plugin.options(**part["options"]), task=REVIEWS)


def test_progen_trains_at_a_count_times_a_step_that_doubles() -> None:
    recipe = load_recipe("progen_as_published").resolved()
    arm = recipe["arms"]["progen"]
    schedule = arm["synthesis"]["options"]["schedule"]
    assert schedule == [*(k * 100 * 2 ** (k - 1) for k in range(1, 8)), 100_000]
    assert arm["turns"] == len(schedule)
    critic = arm["critic"]
    assert critic["name"] == "influence"
    given = critic["options"]
    assert (given["rows"], given["loss"], given["most"]) == (50, "rce", 10_000)
    assert given["validation"] * schedule[-1] == 1000 and given["least"] == 10_000
    student = recipe["student"]["options"]
    assert (student["epochs"], student["batch_size"], student["learning_rate"]) == (3, 32, 2e-5)
    made = synthesizer({"arms": {"progen": arm}}, "progen")
    assert (made.options.shots, made.options.feedback_share) == (8, 0.5)
    sampling = made.writing.sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (1.0, 0.9, 100)


def test_supergen_chooses_6000_of_25000_for_each_label() -> None:
    recipe = load_recipe("supergen_as_published").resolved()
    made = synthesizer(recipe, "supergen")
    brief = Brief(REVIEWS, "supergen", seed=1)
    assert made.quota(brief) == {"negative": 3000, "positive": 3000}
    orders = made.orders("texts", brief)
    assert Counter(order.label for order in orders) == {"negative": 25_000, "positive": 25_000}
    checks = {check["name"]: check["options"] for check in recipe["checks"]}
    assert list(checks) == ["duplicate", "selection"]
    assert checks["selection"]["unscored"] == "refuse"
    assert made.waves == 1


def test_supergen_doubts_its_labels_as_published() -> None:
    recipe = load_recipe("supergen_as_published").resolved()
    student = recipe["student"]["options"]
    assert (student["learning_rate"], student["batch_size"], student["epochs"]) == (1e-5, 16, 3)
    assert student["label_smoothing"] == 0.15
    assert student["ensembling"] == {
        "momentum": 0.8,
        "every": 100,
        "threshold": 0.8,
        "weight": 10,
        "ramp": 10,
    }
    assert recipe["seeds"]["student"] == [13, 21, 42, 87, 100]


@pytest.mark.parametrize(("recipe", "arm"), [("zerogen", "zerogen"), ("progen", "progen")])
def test_reviews_are_ordered_where_no_title_could_be_read(recipe: str, arm: str) -> None:
    arms = load_recipe(f"{recipe}_as_published").resolved()["arms"]
    arms[arm]["synthesis"]["options"] |= (
        {"rows": 2, "schedule": [2]} if arm == "progen" else {"rows": 2}
    )
    made = synthesizer({"arms": arms}, arm)
    orders = made.orders("texts", Brief(REVIEWS, arm, seed=1))
    said = [made.step(order, ())[0].messages[0].content for order in orders]
    assert 'The movie review in negative sentiment for movie "" is: "' in said


def test_the_sound_recipes_put_the_choice_last() -> None:
    arms = load_recipe("supergen").recipe.arms
    assert arms["supergen"].checks is not None
    assert arms["supergen"].checks[-1].name == "selection"
    progen = load_recipe("progen").recipe.arms
    assert progen["progen"].turns * 500 == 1500  # as many rows as zerogen's
