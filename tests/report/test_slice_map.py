"""Eight phenomena and eight arms on one legible figure."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from tutelage.report.charts import charts
from tutelage.report.facts import report_of
from tutelage.report.slice_map import MOST_LINES, lines_of, slice_map

Results = dict[str, Any]


def part(value: str, score: float, *, name: str = "phenomenon", gap: Any = None) -> Results:
    return {
        "name": name,
        "value": value,
        "rows": 50,
        "interval": {
            "low": max(0.0, score - 0.1),
            "point": score,
            "high": min(1.0, score + 0.1),
            "covers": "",
            "level": 0.95,
        },
        "gap": gap,
    }


def with_arms(results: Results, slices: dict[str, list[Results]]) -> Results:
    """As many arms as `slices` has, all like `explain` elsewhere."""
    for arm in slices:
        if arm in results["chosen"]:
            continue
        for key in ("standings", "dev_standings"):
            like = [s for s in results[key] if s["arm"] == "explain"]
            results[key] += [{**s, "arm": arm} for s in like]
        results["units"] += [
            {**deepcopy(u), "arm": arm} for u in results["units"] if u["arm"] == "explain"
        ]
        results["chosen"][arm] = {**results["chosen"]["explain"], "arm": arm}
        results["rules"][arm] = "dev_accuracy"
    results["slices"] = slices
    results["slices_against"] = "label_only"
    return results


def bold_texts(svg: str) -> list[str]:
    return re.findall(r'<text style="[^"]*(?:bold|700)[^"]*"[^>]*>([^<]+)<', svg)


SURE = {"difference": 0.3, "low": 0.1, "high": 0.5}
OPEN = {"difference": -0.1, "low": -0.3, "high": 0.1}


def three(results: Results) -> Results:
    return with_arms(
        results,
        {
            "label_only": [part("irony", 0.5), part("plain", 0.9), part("up", 0.7, name="label")],
            "explain": [
                part("irony", 0.8, gap=SURE),
                part("plain", 0.8, gap=OPEN),
                part("up", 0.2, name="label", gap=OPEN),
            ],
            "third": [part("irony", 0.6), part("plain", 0.9), part("up", 0.6, name="label")],
        },
    )


def test_lines_are_ordered_by_best_minus_worst_with_tags_before_labels(results: Results) -> None:
    lines = lines_of(report_of(three(results)))
    assert [(line.key[1], round(line.spread, 2)) for line in lines] == [
        ("irony", 0.3),
        ("plain", 0.1),
        ("up", 0.5),
    ]


def test_every_score_stands_on_the_map_and_sure_gaps_are_bold(results: Results) -> None:
    chart = slice_map(report_of(three(results)))
    assert chart is not None
    assert chart.alt.startswith("irony: label_only 50.0, explain 80.0, third 60.0; plain: ")
    assert "label up" in chart.alt
    assert bold_texts(chart.svg) == ["80.0"]
    assert "above label_only" in chart.caption


def test_two_arms_are_drawn_with_their_intervals_instead(results: Results) -> None:
    assert slice_map(report_of(results)) is None
    assert "slices-figure" in {chart.name for chart in charts(report_of(results))}


def test_eight_arms_and_more_lines_than_fit(results: Results) -> None:
    values = [f"kind {i}" for i in range(MOST_LINES + 3)]
    names = ["label_only", "explain", *(f"arm {i}" for i in range(6))]
    report = report_of(
        with_arms(
            results,
            {
                arm: [part(v, 0.5 + 0.02 * i * (j % 3) / 3) for j, v in enumerate(values)]
                for i, arm in enumerate(names)
            },
        )
    )
    chart = slice_map(report)
    assert chart is not None
    assert "3 lines with smaller gaps only in the table" in chart.caption
    assert chart.alt.count(";") == MOST_LINES - 1


def test_many_labels_give_way_to_tags(results: Results) -> None:
    labels = [part(f"l{i}", 0.5, name="label") for i in range(13)]
    slices = {arm: [*labels, part("irony", 0.5)] for arm in ("label_only", "explain", "third")}
    report = report_of(with_arms(results, slices))
    assert [line.key[1] for line in lines_of(report)] == ["irony"]
    slices = dict.fromkeys(slices, labels)
    assert len(lines_of(report_of(with_arms(results, slices)))) == 13
