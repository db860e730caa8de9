"""The figures of a study whose arms take several turns."""

from __future__ import annotations

import re
from typing import Any

from tutelage.report.charts import charts
from tutelage.report.facts import report_of

Results = dict[str, Any]


def point(
    turn: int, rows: float, score: float | None, nanousd: float = 0.0, **more: Any
) -> Results:
    return {
        "turn": turn,
        "with_gold": False,
        "students": 3,
        "rows": rows,
        "usage": {
            "requests": 10.0 * turn,
            "prompt_tokens": 0.0,
            "completion_tokens": 0.0,
            "nanousd": nanousd,
        },
        "score": score,
        "low": None if score is None else score - 0.05,
        "high": None if score is None else score + 0.05,
        "covers": "",
        **more,
    }


def curve(arm: str, *points: Results, buys: bool = True) -> Results:
    return {
        "arm": arm,
        "rival": False,
        "buys": buys,
        "planned_turns": len(points),
        "patience": None,
        "taken": [len(points)],
        "points": list(points),
        "last": None,
    }


def drawn(results: Results) -> dict[str, Any]:
    return {chart.name: chart for chart in charts(report_of(results))}


def with_returns(results: Results, *curves: Results) -> dict[str, Any]:
    results["returns"] = list(curves)
    return drawn(results)


GOLD = curve("label_only", point(1, 100, 0.4), buys=False)


def test_score_against_rows_and_against_dollars(results: Results) -> None:
    bought = curve("explain", point(1, 150, 0.45, 1e7), point(2, 200, 0.5, 3e7))
    found = with_returns(results, GOLD, bought)
    assert found["returns-rows"].alt == "explain: 150 training rows 45.0, 200 training rows 50.0"
    assert found["returns-usd"].alt == "explain: 0.01 dollars 45.0, 0.03 dollars 50.0"
    assert "Dashed, with its band: label_only" in found["returns-rows"].caption
    assert "label_only" in re.sub(r"<[^>]+>", "", found["returns-rows"].svg)


def test_without_a_price_requests_stand_for_money(results: Results) -> None:
    found = with_returns(results, curve("explain", point(1, 150, 0.45), point(2, 200, 0.5)))
    assert found["returns-usd"].title == "Score against requests"
    assert "Dashed" not in found["returns-usd"].caption


def test_rows_that_cost_nothing_have_no_figure_of_cost(results: Results) -> None:
    given = point(1, 150, 0.45)
    given["usage"]["requests"] = 0.0
    found = with_returns(results, GOLD, curve("explain", given))
    assert "returns-rows" in found and "returns-usd" not in found


def test_the_student_that_adds_gold_last_is_a_hollow_mark(results: Results) -> None:
    last = point(1, 250, 0.6, 1e7, with_gold=True)
    found = with_returns(results, GOLD, curve("explain", point(1, 150, 0.45, 1e7), last))
    assert "Hollow: the same rows and the gold train rows" in found["returns-rows"].caption


def test_nothing_bought_or_nothing_known_no_figure(results: Results) -> None:
    assert "returns-rows" not in with_returns(results, GOLD)
    assert "returns-rows" not in with_returns(results, GOLD, curve("explain", point(1, 9, None)))
