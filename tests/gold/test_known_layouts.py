"""The known data sets in the layouts of their files: a few rows of the same shape, and the real."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tutelage.gold.opening import Gold, load_gold
from tutelage.recipe import load_recipe
from tutelage.recipe.known_datasets import known_datasets

SHAPES: dict[str, Any] = {
    "sst2": lambda i: {"text": f"film {i} .", "label": ("positive", "negative")[i % 2]},
    "trec6": lambda i: {
        "text": f"What is {i} ?",
        "label": ("DESC", "ENTY", "ABBR", "HUM", "NUM", "LOC")[i % 6],
        "fine_label": "DESC:manner",
        "label_id": i % 6,
    },
    "rte": lambda i: {"text1": f"Text {i}.", "text2": f"Claim {i}.", "label": i % 2},
    "commongen": lambda i: {
        "concepts": ["dog", "run", f"thing {i}"],
        "references": [f"A dog runs to thing {i}.", f"Run, dog, to {i}!"],
    },
    "webnlg": lambda i: {
        "category": "Airport",
        "size": 2,
        "triples": [["Aarhus_Airport", "cityServed", f'"City {i}"'], ["A_B", "size", str(i)]],
        "texts": [f"Aarhus Airport serves City {i}.", f"City {i} has an airport."],
        "text_comments": ["good", "good"],
    },
    "imdb": lambda i: {
        "id": f"{i}",
        "text": f"Review {i}<br />",
        "label": ("neg", "pos")[i % 2],
        "rating": 3,
    },
    "clinc150": lambda i: {"text": f"wake me at {i}", "label": ("alarm", "timer")[i % 2]},
}
LABELS = {
    "sst2": ("negative", "positive"),
    "trec6": ("abbreviation", "description", "entity", "person", "location", "number"),
    "rte": ("entailment", "not entailment"),
    "imdb": ("negative", "positive"),
    "clinc150": ("alarm", "timer"),
}


def opened(name: str, **gold: Any) -> Gold:
    kind = known_datasets()[name].task["kind"]
    student = {"kind": "generator" if kind == "generation" else "linear"}
    recipe = {"dataset": name, "gold": gold, "student": student, "arms": {"gold_only": {}}}
    loaded = load_recipe(recipe)
    (found,) = load_gold(loaded.recipe.gold, loaded.recipe.task, folder=loaded.folder)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty rows of every set, no text twice."""
    monkeypatch.setenv("TUTELAGE_REAL_DATA", str(tmp_path))
    for name, shape in SHAPES.items():
        start = 0
        for path in known_datasets()[name].files(tmp_path).values():
            path.parent.mkdir(parents=True, exist_ok=True)
            with gzip.open(path, "wt", encoding="utf-8") as out:
                out.writelines(json.dumps(shape(i)) + "\n" for i in range(start, start + 60))
            start += 60
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", sorted(SHAPES))
def test_files_of_the_same_shape_are_read(name: str) -> None:
    gold = opened(name)
    assert len(gold.test) == 60
    assert tuple(label.said for label in gold.task.labels) == LABELS.get(name, ())
    assert len(gold.train) + (0 if known_datasets()[name].here.get("dev") else len(gold.dev)) == 60
    share = opened(name, fraction=0.5, unlabelled="rest")
    assert len(share.train) + len(list(share.unlabelled())) == len(gold.train)


@pytest.mark.usefixtures("folder")
def test_inputs_of_generation_are_written_as_one_text() -> None:
    assert opened("commongen").train[3].fields == {"concepts": "dog, run, thing 3"}
    row = opened("webnlg").train[0]
    assert row.fields == {"triples": 'Aarhus_Airport | cityServed | "City 0" && A_B | size | 0'}
    assert row.references == ("Aarhus Airport serves City 0.", "City 0 has an airport.")
    assert row.tags == {"category": "Airport"}


@pytest.mark.usefixtures("folder")
def test_label_names_stand_for_numbers() -> None:
    assert {row.label for row in opened("rte").train} == {"entailment", "not_entailment"}


SIZES = {
    "sst2": (6_917, 872, 1_821, {"train": 3}),
    "trec6": (4_948, 493, 500, {"train": 10, "dev": 1}),
    "rte": (2_219, 271, 277, {}),
    "commongen": (20_000, 993, 1_497, {}),
    "webnlg": (12_838, 1_614, 1_600, {"train": 38, "dev": 5}),
    "clinc150": (14_995, 3_000, 4_500, {"train": 5}),
}


@pytest.mark.real
@pytest.mark.parametrize("name", sorted(SIZES))
def test_the_real_files_are_read(
    name: str, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTELAGE_REAL_DATA", str(real_data))
    gold = opened(name)
    sizes = gold.facts["rows"]
    found = (sizes["train"], sizes["dev"], sizes["test"], gold.facts["dropped"])
    assert found == SIZES[name]
    assert not any(gold.sealed.has_text(row) for row in gold.train)


@pytest.mark.real
def test_five_percent_of_trec_and_the_rest(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTELAGE_REAL_DATA", str(real_data))
    gold = opened("trec6", fraction=0.05, unlabelled="rest")
    # 247.4 of 4,948 rows.
    assert len(gold.train) == 247
    survey = gold.survey_unlabelled(10_000, seed=0)
    assert survey.facts["held_out"] == 0 and survey.facts["seen"] > 4_600
    whole = Counter(row.label for row in gold.whole)
    for label, count in gold.facts["labels"]["train"].items():
        assert abs(count - 0.05 * whole[label]) <= 1
