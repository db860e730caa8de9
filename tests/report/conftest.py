"""Results as the study writes them, small enough to check every figure by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tutelage.recipe import load_recipe
from tutelage.study.running import Choices, run_study

RECIPE = """
name: tiny
task: {kind: classification, labels: [routine, watch, urgent]}
gold:
  train: {world: composition, rows: 60}
  dev: {world: composition, rows: 30}
  test: {world: composition, rows: 60}
  unlabelled: {world: composition, rows: 40}
teacher: {kind: scripted, world: composition, budget: {usd: 1}, prices: {input: 0.15, output: 0.6}}
student: {kind: linear, c: 1.0, bootstrap: true}
arms:
  gold_only: {}
  annotate: {synthesis: {annotate: {rows: 20}}}
rivals: {majority: {}, teacher_zero_shot: {rows: 20}}
primary: annotate > gold_only
seeds: {student: 2}
"""


def usage(requests: int = 0, nanousd: int = 0) -> dict[str, int]:
    return {
        "requests": requests,
        "prompt_tokens": 10 * requests,
        "completion_tokens": requests,
        "nanousd": nanousd,
    }


def standing(arm: str, grid: str, rule: str, mean: float, **more: Any) -> dict[str, Any]:
    return {
        "contender": " ".join(part for part in (arm, grid, rule) if part),
        "arm": arm,
        "grid": grid,
        "rule": rule,
        "metric": "accuracy",
        "interval": {
            "low": mean - 0.05,
            "point": mean,
            "high": mean + 0.05,
            "covers": "test rows and student seeds",
            "level": 0.95,
        },
        "mean": mean,
        "spread": 0.01,
        "student_seeds": [1, 2, 3],
        "purchase_seeds": [1],
        "rows": 400,
        "scores": {"accuracy": mean, "unparseable": 0.0},
        "charged": usage(),
        **more,
    }


def turn(**more: Any) -> dict[str, Any]:
    return {
        "drafts": 0,
        "decisions": {},
        "reasons": [],
        "added": 0,
        "materials": 0,
        "with_rationale": 0,
        "rows": 100,
        "requests": 0,
        "failed": 0,
        "unbought": 0,
        "stopped": "",
        "feedback": {},
        "feedback_rows": 0,
        "steps": {"curate": "steps/curate-0", "fit": "steps/fit-0"},
        **more,
    }


def unit(arm: str, grid: str, seed: int, course: list[float], **more: Any) -> dict[str, Any]:
    return {
        "arm": arm,
        "grid": grid,
        "purchase_seed": 1,
        "student_seed": seed,
        "fold": 0,
        "turns": [turn()],
        "primary": "dev_accuracy",
        "folders": {},
        "history": [
            {
                "step": 10 * (i + 1),
                "epoch": 0.5 * (i + 1),
                "train_loss": None,
                "dev": {"accuracy": value, "loss": 1 - value},
            }
            for i, value in enumerate(course)
        ],
        "training": {"rows": 100, "share_source_cut": 0.0, "share_target_cut": 0.0},
        "charged": usage(),
        **more,
    }


BOUGHT = turn(
    drafts=10,
    decisions={"kept": 6, "mended": 1, "dropped": 3},
    reasons=[
        {"check": "duplicate", "decision": "dropped", "reason": "as row 4", "count": 2},
        {"check": "refusal", "decision": "dropped", "reason": "the rationale refuses", "count": 1},
        {"check": "refusal", "decision": "mended", "reason": "took off quotes", "count": 1},
    ],
    added=7,
    with_rationale=7,
    requests=10,
    steps={"buy": "steps/buy-1", "curate": "steps/curate-1", "fit": "steps/fit-1"},
)

COMPARISON = {
    "difference": 0.05,
    "low": 0.01,
    "high": 0.09,
    "p": 0.012,
    "smallest_detectable": 0.057,
    "equivalence_bound": 0.09,
    "verdict": "gain",
    "error": 0.02,
    "freedom": 40.0,
    "rows": 400,
    "groups": 400,
    "seeds": [3, 3],
    "covers": "test rows and student seeds",
    "level": 0.95,
    "margin": 0.02,
    "p_adjusted": None,
    "a": "explain lr=2 dev_accuracy",
    "b": "label_only lr=1 dev_accuracy",
    "sentence": "gain",
    "within_seeds": [
        {"student_seed": 1, "purchase_seed": 1, "won": 31, "lost": 11, "p": 0.003},
    ],
}


def _interval(point: float) -> dict[str, Any]:
    return {"low": point - 0.1, "point": point, "high": point + 0.1, "covers": "", "level": 0.95}


def _results() -> dict[str, Any]:
    arms = {"label_only": (0.40, 0.38), "explain": (0.44, 0.45)}
    grids = {"label_only": ("lr=1", "lr=2"), "explain": ("lr=1", "lr=2")}
    cost = usage(10, 12_345_678)
    charged = {"label_only": usage(), "explain": cost}
    standings = [
        standing(arm, grid, rule, score - (0.1 if rule == "dev_loss" else 0), charged=charged[arm])
        for arm, scores in arms.items()
        for grid, score in zip(grids[arm], scores, strict=True)
        for rule in ("dev_accuracy", "dev_loss")
    ]
    majority = standing("majority", "", "", 1 / 3, student_seeds=[0], spread=None)
    return {
        "format": 1,
        "name": "by hand",
        "about": "",
        "paper": "",
        "mode": "sound",
        "split": "test",
        "task": {
            "name": "mood",
            "kind": "classification",
            "fields": ["text"],
            "labels": [{"name": n, "words": "", "guideline": ""} for n in ("up", "down")],
            "instruction": "",
            "metric": "accuracy",
        },
        "recipe": {
            "name": "by hand",
            "teacher": {"kind": "endpoint"},
            "seeds": {"student": [1, 2, 3], "purchase": [1], "gold": 0},
        },
        "gold": [
            {
                "fold": 0,
                "folds": 1,
                "rows": {"train": 100, "pool": 0, "dev": 50, "test": 400},
                "labels": {"test": {"up": 200, "down": 200}},
                "made": {"test": "given"},
                "fingerprints": {"test": "split1-aa"},
                "used": {"test": "split1-aa"},
                "overlaps": [],
                "repeats": {},
                "warnings": [],
            }
        ],
        "units": [
            unit("label_only", grid, seed, [0.3, 0.4, 0.35])
            for grid in grids["label_only"]
            for seed in (1, 2, 3)
        ]
        + [
            unit("explain", grid, seed, [0.3, 0.3 + seed / 10], turns=[BOUGHT], charged=cost)
            for grid in grids["explain"]
            for seed in (1, 2, 3)
        ],
        "chosen": {
            "label_only": {"arm": "label_only", "grid": "lr=1", "rule": "dev_accuracy"},
            "explain": {"arm": "explain", "grid": "lr=2", "rule": "dev_accuracy"},
            "majority": {"arm": "majority", "grid": "", "rule": ""},
        },
        "rules": {"label_only": "dev_accuracy", "explain": "dev_accuracy"},
        "rivals": ["majority"],
        "cluster": "",
        "standings": [*standings, majority],
        "dev_standings": [{**s, "mean": s["mean"] + 0.02} for s in standings],
        "comparisons": [COMPARISON],
        "primary": "explain > label_only",
        "slices": {
            arm: [
                {"name": "label", "value": "up", "rows": 200, "interval": _interval(0.5)},
                {"name": "length", "value": "long", "rows": 90, "interval": _interval(0.3)},
            ]
            for arm in arms
        },
        "confusion": {
            "label_only": {
                "rows": ["up", "down"],
                "columns": ["up", "down", "unparseable"],
                "counts": [[300, 290, 10], [300, 300, 0]],
                "students": 3,
            },
            "explain": None,
            "majority": None,
        },
        "examples": [
            {
                "id": "t1",
                "fields": {"text": "a fine day"},
                "answer": "up",
                "answers": {
                    "label_only": {"said": "down", "rationale": None},
                    "explain": {"said": "up", "rationale": "fine is good"},
                    "majority": {"said": None, "rationale": None},
                },
            }
        ],
        "costs": {
            "charged": [
                {"arm": "explain", "purchase_seed": 1, **cost, "usd": 0.0123},
                {"arm": "rival:teacher", "purchase_seed": 0, **usage(4, 5_000), "usd": 0.0},
            ],
            "unpriced": 0,
        },
        "openings": 1,
        "clock": {
            "study": "by hand-1",
            "started": 100.0,
            "finished": 160.0,
            "training_seconds": {"explain lr=1, seed 1": 2.5},
            "paid": {**usage(9, 11_000_000), "usd": 0.011},
            "presumed": {**usage(), "usd": 0.0},
            "openings": [
                {"run": "by hand-1", "recipe": "by hand", "at": 150.0, "fingerprint": "split1-aa"}
            ],
            "environment": {
                "python": "3.11",
                "platform": "any",
                "machine": "any",
                "packages": {"tutelage": "0"},
            },
        },
    }


@pytest.fixture
def results() -> dict[str, Any]:
    """A study of two arms with a grid, three seeds, two checkpoint rules and one rival."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(_results()))
    return found


@pytest.fixture(scope="module")
def untouched() -> dict[str, Any]:
    """The same for a whole module, which may not change it."""
    return _results()


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real run: linear students, a scripted teacher, the test opened."""
    return make_run(tmp_path_factory.mktemp("runs"))


def make_run(folder: Path) -> Path:
    recipe = folder / "tiny.yaml"
    recipe.write_text(RECIPE)
    return run_study(load_recipe(recipe), folder / "run", choices=Choices(final=True)).folder


TEXT_SCORES = {
    "bleu": 21.5,
    "rouge_1": 0.51,
    "rouge_2": 0.24,
    "rouge_l": 0.47,
    "words": 11.5,
    "words_ratio": 0.92,
    "empty": 0.0,
    "copied": 0.0,
    "distinct": 0.98,
    "loops": 0.0,
    "unparseable": 0.0,
}
SIGNATURES = {"bleu": "nrefs:var|tok:13a", "chrf": "nrefs:var|nc:6"}


def _points(interval: dict[str, Any]) -> dict[str, Any]:
    return {**interval, **{end: 100 * interval[end] for end in ("low", "point", "high")}}


def _as_texts(found: dict[str, Any]) -> dict[str, Any]:
    found["task"].update(kind="generation", labels=[], metric="chrf")
    for standing_ in (*found["standings"], *found["dev_standings"]):
        standing_["metric"], standing_["mean"] = "chrf", 100 * standing_["mean"]
        standing_["interval"] = _points(standing_["interval"])
        standing_["scores"] = {**TEXT_SCORES, "chrf": standing_["mean"]}
    for name in ("difference", "low", "high", "smallest_detectable", "equivalence_bound", "margin"):
        found["comparisons"][0][name] *= 100
    for parts in found["slices"].values():
        parts[:] = [
            {**p, "interval": _points(p["interval"])} for p in parts if p["name"] != "label"
        ]
    for unit_ in found["units"]:
        for moment in unit_["history"]:
            moment["dev"] = {"chrf": 100 * moment["dev"]["accuracy"]}
    found["confusion"] = dict.fromkeys(found["confusion"])
    found["examples"][0].update(answer="a fine day", references=["a fine day", "what a day"])
    for name, said in (("label_only", "a day"), ("explain", "what a day"), ("majority", None)):
        found["examples"][0]["answers"][name]["said"] = said
    found.update(sliced_by="chrf", signatures=SIGNATURES, recited={"explain": 0.05})
    return found


@pytest.fixture
def texts(results: dict[str, Any]) -> dict[str, Any]:
    """The same study, had its students written texts."""
    return _as_texts(results)


def _taught(found: dict[str, Any], *, student: int, teacher: int) -> dict[str, Any]:
    found["teachers"] = {
        "teacher": {
            "kind": "tuned",
            "session": "tuned/small-1",
            "tuned": True,
            "arms": ["explain"],
            "rivals": [],
            "facts": {"parameters": teacher, "trained_parameters": teacher // 10},
        }
    }
    found["sizes"] = {
        "label_only": {"student_parameters": student},
        "explain": {
            "student_parameters": student,
            "teacher": "teacher",
            "teacher_parameters": teacher,
            "size_ratio": student / teacher,
        },
    }
    found["clock"]["teacher_seconds"] = {"teacher": {"seconds.tuning": 75.0}}
    found["recipe"]["arms"] = {"explain": {"checks": None}, "label_only": {"gold": "whole"}}
    return found


@pytest.fixture
def taught() -> Callable[..., dict[str, Any]]:
    """Adds a tuned teacher to results, with the sizes of both sides; `label_only` becomes an upper
    bound."""
    return _taught
