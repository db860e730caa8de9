"""The shipped recipes of tuned teachers, each from its first lesson to its page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tutelage.recipe import load_recipe
from tutelage.report.writing import write_report
from tutelage.study.running import Choices, run_study

pytestmark = [pytest.mark.train, pytest.mark.slow]

REVIEWS = {
    "dataset": "",
    "task": {"kind": "classification", "labels": ["positive", "negative"]},
    "gold": {
        "train": {"world": "reviews", "rows": 60},
        "dev": {"world": "reviews", "rows": 20},
        "test": {"world": "reviews", "rows": 20},
        "fraction": 0.5,
        "unlabelled": "rest",
    },
    "seeds.student": [1],
}
ENCODER = {"d_model": 16, "layers": 1, "heads": 2, "d_ff": 32, "vocab_size": 300}
WRITER = {**ENCODER, "d_model": 32, "d_ff": 64}
CLASSIFIER = {"kind": "classifier", "config": ENCODER, "steps": 8, "max_source": 32}


def run(name: str, folder: Path, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Results of the shipped recipe with `changes`, on made-up gold."""
    assignments = [f"{at}={json.dumps(value)}" for at, value in changes.items()]
    loaded = load_recipe(name, assignments=assignments, folder=folder)
    results = run_study(loaded, folder / "run", choices=Choices(final=True)).results
    write_report(folder / "run")
    assert results["failed"] == []
    assert {unit["arm"] for unit in results["units"]} >= {*loaded.recipe.arms}
    return results


def test_an_encoder_annotates(tmp_path: Path) -> None:
    tuned = {"kind": "tuned", "family": "encoder", "config": ENCODER, "template": "fields.v1"}
    arms = load_recipe("tuned_teacher").recipe.arms
    changes = {
        **REVIEWS,
        "teachers.tuned": {**tuned, "steps": 8},
        "student": CLASSIFIER,
        "arms.annotate_sure.synthesis.annotate": {"template": "fields.v1", "keep_accuracy": 0.3},
    }
    results = run("tuned_teacher", tmp_path, changes)
    kept = {unit["arm"]: sum(t["added"] for t in unit["turns"]) for unit in results["units"]}
    assert {name: kept[name] for name in arms} == {
        **dict.fromkeys(("gold_only", "whole_gold"), 0),
        **dict.fromkeys(("annotate", "annotate_soft"), 30),
        "annotate_sure": kept["annotate_sure"],
    }
    assert 0 < kept["annotate_sure"] <= 30
    assert results["teachers"]["tuned"]["facts"]["parameters"] > 0
    assert {c["contender"] for c in results["standings"]} >= {"majority", "tuned"}


def test_a_language_model_annotates_and_writes(tmp_path: Path) -> None:
    (tmp_path / "untuned").mkdir()
    tuned = {
        "kind": "tuned",
        "family": "causal",
        "config": {**WRITER, "positions": 160},
        "teaches": "both",
        "forms": ["label", "texts"],
        "template": "fields.v1",
        "steps": 40,
        "learning_rate": 0.01,
    }
    few = {"rows": 4, "waves": 1, "max_tokens": 60}
    gal = {**few, "then": "annotate", "answer_template": "fields.v1"}
    both = [{"annotate": {"template": "fields.v1"}}, {"generate": few}]
    changes = {
        **REVIEWS,
        "teacher": {"kind": "scripted", "world": "reviews"},
        "teachers.tuned": tuned,
        "student": CLASSIFIER,
        "checks": ["format", "refusal", "duplicate", {"copies": {"similarity": 0}}],
        "arms.generate.synthesis.generate": few,
        "arms.both.synthesis.in_turns.parts": both,
        "arms.gal.synthesis.generate": gal,
    }
    results = run("tuned_teacher_llm", tmp_path, changes)
    turns = {unit["arm"]: unit["turns"] for unit in results["units"]}
    assert turns["both"][0]["added"] == 30
    assert [turn["drafts"] for turn in turns["both"]] == [30, 4]
    assert {c["contender"] for c in results["standings"]} >= {"tuned", "untuned"}


def test_two_teachers_of_a_task_that_is_written(tmp_path: Path) -> None:
    names = ["red", "blue", "green", "grey", "pink", "gold", "cyan", "lime", "rose", "teal"]
    lines = [
        json.dumps({"concepts": [a, b], "references": [f"A {a} and a {b}.", f"{b}, then {a}."]})
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]
    for role, part in {"train": lines[:30], "dev": lines[30:38], "test": lines[38:]}.items():
        (tmp_path / f"{role}.jsonl").write_text("\n".join(part), encoding="utf-8")
    generator = {
        "kind": "generator",
        "config": {**WRITER, "decoder_layers": 1},
        "steps": 8,
        "max_target": 24,
        "beams": 2,
    }
    answerer = {
        "kind": "tuned",
        "family": "seq2seq",
        "config": {**WRITER, "decoder_layers": 1},
        "template": "fields.v1",
        "steps": 8,
        "max_target": 24,
    }
    writer = {
        "kind": "tuned",
        "family": "causal",
        "config": {**WRITER, "positions": 128},
        "teaches": "both",
        "forms": ["answer", "texts"],
        "template": "fields.v1",
        "pretrain": {"steps": 4},
        "max_target": 64,
        "steps": 8,
    }
    few = {"rows": 4, "waves": 1, "max_tokens": 40}
    gal = {**few, "then": "annotate", "answer_template": "fields.v1"}
    labelled = {"rows": 6, "template": "fields.v1", "max_tokens": 24}
    changes = {
        "dataset": "",
        "task": {"kind": "generation", "fields": ["concepts"]},
        "gold": {
            **{role: f"{role}.jsonl" for role in ("train", "dev", "test")},
            "fraction": 0.5,
            "unlabelled": "rest",
        },
        "seeds.student": [1],
        "student": generator,
        "teachers.answerer": answerer,
        "teachers.writer": writer,
        "checks": ["format", {"copies": {"similarity": 0}}],
        "arms.annotate.synthesis.annotate": {"template": "fields.v1", "max_tokens": 24},
        "arms.generate.synthesis.generate": few,
        "arms.gal.synthesis.generate": gal,
        "arms.both.synthesis.in_turns.parts": [{"annotate": labelled}, {"generate": few}],
    }
    results = run("tuned_teacher_writing", tmp_path, changes)
    assert {t: told["arms"] for t, told in results["teachers"].items()} == {
        "answerer": ["annotate"],
        "writer": ["generate", "both", "gal"],
    }
    assert {c["contender"] for c in results["standings"]} >= {"copy", "nearest", "answerer"}
    assert results["clock"]["teacher_seconds"]["writer"]["purchases.1.pretraining_seconds"] > 0
