"""A part of the gold rows, the rest of them without labels, and all of them as an upper bound."""

import asyncio

from tutelage.recipe import load_recipe
from tutelage.report.facts import report_of
from tutelage.report.page import page
from tutelage.study.archive import PastRun
from tutelage.study.checking import check_study
from tutelage.study.running import Choices, run_study
from tutelage.study.saved_rows import saved_rows
from tutelage.study.tracing import trace

RECIPE = {
    "name": "parts",
    "task": {"kind": "classification", "labels": ["routine", "watch", "urgent"]},
    "gold": {
        "train": {"world": "composition", "rows": 120},
        "dev": {"world": "composition", "rows": 30},
        "test": {"world": "composition", "rows": 60},
        "fraction": 0.2,
        "unlabelled": "rest",
    },
    "teacher": {"kind": "scripted"},
    "student": {"kind": "linear"},
    "arms": {
        "whole": {"gold": "whole"},
        "gold_only": {},
        "annotate": {"synthesis": {"annotate": {"rows": 90}}},
    },
    "rivals": ["majority"],
    "seeds": {"student": 1},
}


def test_the_rest_is_annotated_and_the_whole_is_marked_as_an_upper_bound(tmp_path):
    loaded = load_recipe(RECIPE)
    results = run_study(loaded, tmp_path / "run", choices=Choices(final=True)).results
    rows = {unit["arm"]: unit["rows"] for unit in results["units"]}
    assert (rows["gold_only"], rows["whole"]) == (24, 120)
    assert 24 < rows["annotate"] <= 24 + 90
    uses = {use["name"]: use for use in results["gold_use"]}
    assert [uses[name]["trained"] for name in ("whole", "gold_only", "annotate")] == [120, 24, 24]
    bounds = {name: use["upper_bound"] for name, use in uses.items()}
    assert bounds == {"whole": True, "gold_only": False, "annotate": False, "majority": False}
    assert [unit["upper_bound"] for unit in results["units"]] == [True, False, False]
    assert {c["b"].split()[0] for c in results["comparisons"]} == {"gold_only"}, "not the bound"
    assert results["slices_against"] == "gold_only"


def test_the_report_says_that_the_bound_has_more_gold_on_purpose(tmp_path):
    report = report_of(run_study(load_recipe(RECIPE), tmp_path / "run").results)
    assert "upper bound: more gold on purpose" in page(report)
    unequal = next(f for f in report.findings if f.code == "T119")
    assert "whole" not in unequal.sentence


def test_a_row_that_is_left_out_is_followed_to_the_bound_and_the_annotator(tmp_path):
    run_study(load_recipe(RECIPE), tmp_path / "run")
    past = PastRun(tmp_path / "run")
    bought = next(row for row in saved_rows(past, ["annotate"]) if row.kept)
    found = trace(past, bought.example.origin.source)
    assert found.role == "left out of train"
    assert set(found.targets) == {"whole", "annotate"}, "gold_only never saw it"


def test_check_says_what_the_unlabelled_rows_are():
    found = asyncio.run(check_study(load_recipe(RECIPE)))
    assert found.ok
    assert found.unlabelled == "the train rows that are left out, their labels hidden"
