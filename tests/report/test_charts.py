from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from hypothesis import given
from hypothesis import strategies as st

from tutelage.report.charts import charts
from tutelage.report.drawing import ARM_COLOURS, spread, styles
from tutelage.report.facts import report_of

Results = dict[str, Any]


def drawn(results: Results) -> dict[str, Any]:
    return {chart.name: chart for chart in charts(report_of(results))}


def test_every_figure_that_has_data_and_no_other(results: Results) -> None:
    assert list(drawn(results)) == [
        "scores",
        "dev-course",
        "configurations",
        "slices-figure",
        "charged",
    ]
    for unit in results["units"]:
        for moment in unit["history"]:
            moment["dev"]["rationale_bleu"] = 12.5
    assert "bleu-course" in drawn(results)


def test_a_run_on_dev_without_training_courses_or_costs(results: Results) -> None:
    results["split"] = "dev"
    for unit in results["units"]:
        unit["history"] = []
    for standing in results["standings"]:
        standing["charged"]["nanousd"] = 0
    assert list(drawn(results)) == ["scores", "configurations", "slices-figure"]
    results["dev_standings"] = results["dev_standings"][:2]
    assert list(drawn(results)) == ["scores", "slices-figure"]


def test_figures_have_the_same_bytes_whatever_the_user_set(untouched: Results) -> None:
    report = report_of(untouched)
    first = charts(report)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10}):
        assert charts(report) == first


def test_figures_ask_for_nothing_and_share_no_id(untouched: Results) -> None:
    found = drawn(untouched).values()
    markup = "".join(chart.svg for chart in found)
    assert "http" not in markup and "<style" not in markup and "<script" not in markup
    ids = re.findall(r' id="([^"]+)"', markup)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', markup):
        assert target in ids
    for chart in found:
        ElementTree.fromstring(chart.svg)


def test_alt_text_says_what_the_figure_shows(results: Results) -> None:
    found = drawn(results)
    assert "explain 45.0 (40.0 to 50.0)" in found["scores"].alt
    assert "explain from 30.0 to 50.0" in found["dev-course"].alt
    assert "explain lr=2: dev 47.0, test 45.0, chosen" in found["configurations"].alt
    assert found["charged"].alt.endswith("explain $0.0123; majority $0")


def test_any_name_can_be_drawn_and_stays_text(results: Results) -> None:
    name = "$x^2_{ & <i> \u540d \U0001f600 --> ]]> \\frac{"
    results["chosen"][name] = {"arm": name, "grid": "lr=2", "rule": "dev_accuracy"}
    del results["chosen"]["explain"]
    for part in (*results["standings"], *results["dev_standings"], *results["units"]):
        part["arm"] = name if part["arm"] == "explain" else part["arm"]
    results["comparisons"][0]["a"] = f"{name} lr=2 dev_accuracy"
    results["primary"] = f"{name} > label_only"
    results["slices"][name] = results["slices"].pop("explain")
    for chart in drawn(results).values():
        read = ElementTree.fromstring(chart.svg)
    assert "$x^2_{ & <i> \u540d" in "".join(read.itertext())


def test_the_same_name_looks_the_same_and_neighbours_differ() -> None:
    names = [f"arm {i}" for i in range(20)]
    look = styles(names, ["majority"])
    seen = {(s.colour, s.marker, s.dash) for s in look.values()}
    assert len(seen) == 21
    again = f"arm {len(ARM_COLOURS)}"
    assert look["arm 0"].colour == look[again].colour == ARM_COLOURS[0]
    assert look["arm 0"].dash != look[again].dash


@given(
    st.lists(st.floats(min_value=0, max_value=100), min_size=1, max_size=12),
    st.floats(min_value=0.1, max_value=10),
)
def test_labels_keep_their_order_and_their_gap(wanted: list[float], gap: float) -> None:
    places = spread(wanted, gap)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], places[i]))
    for a, b in pairwise(order):
        assert places[b] - places[a] >= gap * 0.999
