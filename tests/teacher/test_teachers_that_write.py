"""Whole small studies without a key: writers against the scripted and the corpus teacher."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import tutelage
from tutelage.teacher.worlds import WORLDS, write_gold


@pytest.fixture
def own_texts(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ("text", "label", "phenomenon"))
        table.writeheader()
        table.writerows(write_gold("reviews", "unlabelled", 200, 0))
    return path


def recipe(teacher: dict[str, Any], **arms: Any) -> dict[str, Any]:
    task = WORLDS["reviews"].task
    return {
        "name": "writing",
        "task": {"kind": "classification", "fields": ["text"], "labels": [*task.label_names]},
        "gold": {
            "train": {"world": "reviews", "rows": 48},
            "pool": "train",
            "dev": {"world": "reviews", "rows": 16},
            "test": {"world": "reviews", "rows": 32},
            "tags": ["phenomenon"],
        },
        "teacher": {**teacher, "budget": {"requests": 500}},
        "student": {"kind": "linear"},
        "arms": {name: {"synthesis": how, "gold": False} for name, how in arms.items()},
        "seeds": {"student": 1},
    }


def units_of(folder: Path) -> list[dict[str, Any]]:
    units: list[dict[str, Any]] = json.loads((folder / "results.json").read_text("utf-8"))["units"]
    return units


@pytest.mark.parametrize("kind", ["scripted", "corpus", "corpus without labels"])
def test_every_writer_is_answered(kind: str, own_texts: Path, tmp_path: Path) -> None:
    teacher: dict[str, Any] = {"kind": "scripted", "world": "reviews"}
    if kind != "scripted":
        label = "" if kind.endswith("labels") else "label"
        teacher = {"kind": "corpus", "path": str(own_texts), "label": label}
    given = recipe(
        teacher,
        zerogen={"zerogen": {"rows": 12}},
        goldgen={"goldgen": {"rows": 12, "shots": 2}},
        extrapolate={"extrapolate": {"seed_rows": 12, "rows": 6}},
    )
    given["arms"]["extrapolate"] |= {"critic": "errors", "turns": 2}
    tutelage.run(given, tmp_path / "run")
    for unit in units_of(tmp_path / "run"):
        for turn, wanted in zip(unit["turns"], (12, 6), strict=False):
            assert turn["failed"] == 0
            assert turn["added"] == sum(turn["wanted"].values()) <= wanted
            assert turn["usage"]["requests"] == turn["requests"]


def test_a_teacher_that_repeats_itself_half_of_the_time_costs_more_and_is_told(
    tmp_path: Path,
) -> None:
    teacher = {"kind": "scripted", "world": "reviews", "repeat": 0.5}
    tutelage.run(recipe(teacher, zerogen={"zerogen": {"rows": 24}}), tmp_path / "run")
    (unit,) = units_of(tmp_path / "run")
    (turn,) = unit["turns"]
    repeats = sum(each["count"] for each in turn["reasons"] if each["check"] == "duplicate")
    assert turn["waves"] > 1 and repeats > 6
    assert turn["drafts"] == turn["added"] + sum(each["count"] for each in turn["reasons"])
    assert turn["added"] + sum(turn["lacking"].values()) == 24


@pytest.mark.parametrize("kind", ["scripted", "corpus", "corpus without labels"])
def test_whole_rows_are_written_as_lines(kind: str, own_texts: Path, tmp_path: Path) -> None:
    teacher: dict[str, Any] = {"kind": "scripted", "world": "reviews"}
    if kind != "scripted":
        label = "" if kind.endswith("labels") else "label"
        teacher = {"kind": "corpus", "path": str(own_texts), "label": label}
    given = recipe(
        teacher,
        named={"generate": {"rows": 12}},
        shown={"generate": {"rows": 12, "shots": 2, "template": "compose_told.v1"}},
        own={"generate": {"rows": 12, "balance": "free"}},
        after={"generate": {"rows": 12, "then": "annotate"}},
    )
    if kind == "corpus without labels":  # it knows no label to write or to answer
        del given["arms"]["own"], given["arms"]["after"]
    tutelage.run(given, tmp_path / "run")
    units = {unit["arm"]: unit["turns"][0] for unit in units_of(tmp_path / "run")}
    for name in given["arms"]:
        turn = units[name]
        assert turn["failed"] == 0
        assert turn["added"] == sum(turn["wanted"].values()) == 12
        assert set(turn["wanted"]) == (
            {""} if name in ("own", "after") else {"negative", "positive"}
        )
