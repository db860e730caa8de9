from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tutelage.exceptions import UserError
from tutelage.recipe import load_recipe
from tutelage.report.facts import report_of
from tutelage.study.running import Choices, run_study

Results = dict[str, Any]


def test_report_holds_numbers_not_text(results: Results) -> None:
    told = report_of(results).to_json()
    assert told["lines"][1]["main"]["score"] == 0.45
    assert told["verdict"]["pair"]["p"] == 0.012
    assert told["charges"][0]["nanousd"] == 12_345_678
    assert told["chance"] == 0.5
    assert told["accounts"][1]["adds_up"] is True
    assert told["findings"][0]["anchor"] == "docs/report.md#t101"
    assert orjson.loads(orjson.dumps(told))["format"] == 1


def test_answers_are_right_or_wrong_and_several_labels_have_no_order(results: Results) -> None:
    (row,) = report_of(results).examples
    assert [(a.name, a.right) for a in row.answers] == [
        ("label_only", False),
        ("explain", True),
        ("majority", False),
    ]
    results["examples"][0].update(answer=["up", "calm"])
    results["examples"][0]["answers"]["explain"]["said"] = ["calm", "up"]
    (row,) = report_of(results).examples
    assert [a.right for a in row.answers] == [False, True, False]


def test_chance_is_unknown_where_no_label_is_guessed(results: Results) -> None:
    results["task"]["metric"] = "macro_f1"
    assert report_of(results).chance is None


def test_results_of_another_format_are_refused(results: Results) -> None:
    results["format"] = 7
    with pytest.raises(UserError, match="format 7"):
        report_of(results)


def test_a_real_run_adds_up(finished_run: Path) -> None:
    results = orjson.loads((finished_run / "results.json").read_bytes())
    report = report_of(results)
    assert [line.name for line in report.lines] == [
        "gold_only",
        "annotate",
        "majority",
        "teacher_zero_shot",
    ]
    assert all(account.adds_up for account in report.accounts)
    bought = report.accounts[1]
    assert bought.drafts == bought.requests == 20
    charged = {c.name: c.nanousd for c in report.charges}
    by_line = {line.name: line.charged["nanousd"] for line in report.lines}
    assert charged == {name: nano for name, nano in by_line.items() if nano}
    assert {f.code for f in report.findings} >= {"T101", "T105"}


def test_a_run_started_again_gives_the_same_report_outside_its_clock(finished_run: Path) -> None:
    first = report_of(orjson.loads((finished_run / "results.json").read_bytes())).to_json()
    recipe = load_recipe(finished_run.parent / "tiny.yaml")
    again = report_of(run_study(recipe, finished_run, choices=Choices(final=True)).results)
    second = orjson.loads(orjson.dumps(again.to_json()))
    assert first["clock"]["finished"] != second["clock"]["finished"]
    del first["clock"], second["clock"]
    assert orjson.loads(orjson.dumps(first)) == second
