"""Runs over the values of one key, on one page."""

import json
import shutil

import pytest

from tutelage.report.drawing import styles
from tutelage.report.sweep_chart import SweepCurve, SweepScore, _places, sweep_chart
from tutelage.report.sweep_page import write_sweep

LOOK = styles(["a", "b"], ["majority"])


def curve(name, kind, *scores):
    points = [SweepScore(v, s, s - 0.1, s + 0.1) for v, s in scores]
    return SweepCurve(name, kind, tuple(points))


@pytest.mark.parametrize(
    ("values", "places", "logarithmic"),
    [
        (("0.02", "0.05", "0.2"), [0.02, 0.05, 0.2], True),
        (("10", "20", "30"), [10, 20, 30], False),
        (("0", "100"), [0, 100], False),
        (("linear", "0.5"), [0, 1], False),
        (("nan", "0.5"), [0, 1], False),
        (("0.1",), [0.1], False),
    ],
)
def test_numbers_stand_by_their_size_and_words_in_their_order(values, places, logarithmic):
    found, scale = _places(values)
    assert ([found[value] for value in values], scale) == (places, logarithmic)


@pytest.mark.parametrize("values", [("0.02", "0.2"), ("linear", "other"), ("1",)])
def test_a_chart_says_every_score_in_words_and_is_the_same_each_time(values):
    curves = [
        curve("a", "arm", *((value, 0.5 + i / 10) for i, value in enumerate(values))),
        curve("majority", "rival", (values[-1], 0.25)),
    ]
    said = {"key": "gold.fraction", "metric": "accuracy", "split": "test"}
    chart = sweep_chart(curves, values, LOOK, **said)
    assert f"a: {values[0]} 50.0" in chart.alt
    assert f"majority: {values[-1]} 25.0" in chart.alt
    assert chart.svg == sweep_chart(curves, values, LOOK, **said).svg


@pytest.fixture
def runs(finished, tmp_path):
    """The same finished run at two values."""
    found = {}
    for value in ("1", "<b>2</b>"):
        found[value] = tmp_path / f"run {len(found)}"
        found[value].mkdir()
        shutil.copy(finished / "results.json", found[value])
    return found


def test_every_value_stands_in_table_chart_and_links(runs, tmp_path):
    told, page = write_sweep(tmp_path / "over", "gold.few", runs, {})
    html, facts = page.read_text(), json.loads(told.read_text())
    assert 'href="run%200/report.html"' in html
    assert "<b>2</b>" not in html and "&lt;b&gt;2&lt;/b&gt;" in html
    assert "<script" not in html
    assert [point["opened"] for point in facts["points"]] == [True, True]
    assert "chosen on the test" in html
    assert facts["reference"] == "gold_only"
    assert set(facts["differences"]["annotate"]) == set(runs)
    scores = {curve["name"]: curve["points"] for curve in facts["curves"]}
    assert len(scores["majority"]) == 2 and scores["annotate"][0]["low"] is not None


def test_what_failed_is_told_and_no_run_is_no_page(runs, tmp_path):
    found = write_sweep(tmp_path / "over", "gold.few", runs, {"1": "The cap is reached."})
    assert found is not None
    assert "The cap is reached." in found[1].read_text()
    failed = dict.fromkeys(runs, "no")
    assert write_sweep(tmp_path / "none", "gold.few", runs, failed) is None


def test_runs_on_other_rows_are_not_called_comparable(runs, tmp_path):
    place = runs["1"] / "results.json"
    results = json.loads(place.read_text())
    results["gold"][0]["used"]["test"] = "split1-other"
    place.write_text(json.dumps(results))
    _, page = write_sweep(tmp_path / "over", "gold.carve.seed", runs, {})
    assert "Scores are not comparable" in page.read_text()
