"""The shipped comparison of all methods, with the review world in place of the user's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tutelage.recipe import load_recipe
from tutelage.recipe.validation import shipped
from tutelage.study.running import run_study

CAP = 0.004
RATIONALES = ("t5_explain", "t5_five_w")
TINY = {"d_model": 16, "layers": 1, "decoder_layers": 1, "heads": 2, "d_ff": 32, "vocab_size": 300}
WRITERS = ("zerogen", "goldgen", "progen", "supergen", "s3", "no_errors", "s3_random")


def methods() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(shipped()["methods"].read_text(encoding="utf-8"))
    return found


def on_reviews() -> dict[str, Any]:
    recipe = methods()
    for name in ("t5_label_only", *RATIONALES):
        recipe["arms"][name]["student"] = {"kind": "seq2seq", "config": TINY, "steps": 4}
    del recipe["teachers"]["tuned"]["model"]
    recipe["teachers"]["tuned"] |= {"config": TINY, "steps": 4}
    return {
        **recipe,
        "task": {"kind": "classification", "labels": ["positive", "negative"]},
        "gold": {
            "train": {"world": "reviews", "rows": 80},
            "pool": "train",
            "dev": {"world": "reviews", "rows": 60},
            "test": {"world": "reviews", "rows": 60},
            "unlabelled": {"world": "reviews", "rows": 400},
        },
        "teacher": {
            "kind": "scripted",
            "world": "reviews",
            "budget": {"usd": 1},
            "prices": {"input": 0.15, "output": 0.6},
        },
        "student": {"kind": "linear", "c": 10.0, "bootstrap": True},
        "match": {"usd": CAP},
        "seeds": {"student": 1},
    }


def test_every_method_and_its_rivals_are_there() -> None:
    recipe = load_recipe("methods").recipe
    plain = {"gold_only", "t5_label_only", "annotate", "annotate_tuned"}
    beside_gold = {"zerogen_and_gold", "s3_and_gold"}
    assert {*plain, *beside_gold, *WRITERS, *RATIONALES} == {*recipe.arms}
    assert recipe.match is not None and recipe.match.by == "usd"
    sizes = [recipe.arms[name].synthesis.options.get("rows") for name in ("zerogen", "goldgen")]
    assert sizes == [1000, 1000]


@pytest.mark.slow
def test_all_of_them_run_for_the_same_money(tmp_path: Path) -> None:
    results = run_study(load_recipe(on_reviews()), tmp_path / "run").results
    charged = {c["arm"]: c["usd"] for c in results["costs"]["charged"]}
    assert {*charged} == {*methods()["arms"]} - {"gold_only", "t5_label_only"}
    assert all(usd <= CAP for usd in charged.values()), charged
    assert charged.pop("annotate_tuned") == 0  # by a model of one's own
    assert all(charged.pop(name) > 0 for name in RATIONALES)  # no more rows than gold has
    assert all(usd > CAP / 2 for usd in charged.values()), charged
    curves = {told["arm"]: told for told in results["returns"]}
    assert all(len(curves[name]["points"]) >= 1 for name in methods()["arms"])
    for unit in results["units"]:
        for turn in unit["turns"]:
            kept = sum(turn["added_by_label"].values())
            lacking = sum(turn["lacking"].values())
            assert kept + lacking == sum(turn["wanted"].values()) or not turn["wanted"]
