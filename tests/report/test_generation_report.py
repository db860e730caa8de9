"""A whole study of written texts, from gold rows to the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

pytest.importorskip("torch")

from tutelage.recipe import load_recipe
from tutelage.report.writing import write_report
from tutelage.study.running import Choices, run_study

pytestmark = pytest.mark.train

RECIPE = """
name: written
task: {kind: generation, fields: [animal, place]}
gold:
  train: train.jsonl
  few: 12
  dev: dev.jsonl
  test: test.jsonl
  tags: [animal_kind]
student:
  kind: generator
  config: {d_model: 16, layers: 1, decoder_layers: 1, heads: 2, d_ff: 32, vocab_size: 300}
  steps: 2
  max_target: 16
  max_source: 32
  beams: 1
  dev_written: 4
arms: {gold_only: {}, full_gold: {gold: whole}}
primary: full_gold > gold_only
seeds: {student: 2}
"""
ANIMALS = {"dog": "tame", "cat": "tame", "fox": "wild", "owl": "wild"}
PLACES = ("park", "house", "forest", "garden", "street", "barn", "field", "yard")


def rows(places: tuple[str, ...], *, references: int) -> bytes:
    return b"\n".join(
        orjson.dumps(
            {
                "animal": animal,
                "place": place,
                "animal_kind": kind,
                "references": [
                    f"The {animal} is in the {place}.",
                    f"In the {place} there is a {animal}.",
                ][: references if kind == "tame" else 1],
            }
        )
        for place in places
        for animal, kind in ANIMALS.items()
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    folder = tmp_path_factory.mktemp("written")
    for name, places in (("train", PLACES[:4]), ("dev", PLACES[4:6]), ("test", PLACES[6:])):
        (folder / f"{name}.jsonl").write_bytes(rows(places, references=2))
    (folder / "written.yaml").write_text(RECIPE)
    loaded = load_recipe(folder / "written.yaml")
    run = run_study(loaded, folder / "run", choices=Choices(final=True)).folder
    facts, page = write_report(run)
    return orjson.loads(facts.read_bytes()), Path(page).read_text("utf-8")


def line(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in report["lines"] if found["name"] == name)


def test_arms_and_rivals_have_scores_of_a_hundred_with_intervals(
    told: tuple[dict[str, Any], str],
) -> None:
    report, _ = told
    assert [found["name"] for found in report["lines"]] == [
        *("gold_only", "full_gold", "copy", "nearest")
    ]
    copy, nearest = (line(report, name)["main"] for name in ("copy", "nearest"))
    assert 0 < copy["score"] < 60 and 40 < nearest["score"] < 100
    for found in report["lines"]:
        assert found["main"]["low"] <= found["main"]["score"] <= found["main"]["high"] <= 100
    assert line(report, "full_gold")["upper_bound"]
    assert report["verdict"]["pair"]["margin"] == 2.0
    assert report["signatures"]["bleu"].startswith("nrefs:var")


def test_texts_slices_and_examples(told: tuple[dict[str, Any], str]) -> None:
    report, page = told
    written = {found["name"]: found for found in report["written"]}
    assert written["copy"]["copied"] == 1.0 and written["copy"]["recited"] is None
    assert written["nearest"]["empty"] == 0 and 0 <= written["gold_only"]["recited"] <= 1
    assert {(s["name"], s["value"]) for s in report["slices"]} == {
        *(("animal_kind", "tame"), ("animal_kind", "wild"))
    }
    assert report["sliced_by"] == "chrf"
    example = next(e for e in report["examples"] if len(e["references"]) == 2)
    assert {a["name"]: a["right"] for a in example["answers"]} == dict.fromkeys(written)
    for part in ("What was written", "upper bound: all gold rows", "<b>references</b>", "chrF on"):
        assert part in page


def test_sizes_stand_only_where_something_was_bought(told: tuple[dict[str, Any], str]) -> None:
    report, page = told
    assert report["teachers"] == [] and report["sizes"] == []
    assert "distillation" not in page.split("Findings")[0]
