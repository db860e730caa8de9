from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tutelage.exceptions import UserError
from tutelage.report.run_comparison import COLUMNS, compare_runs

Results = dict[str, Any]


@pytest.fixture
def two(results: Results, tmp_path: Path) -> tuple[Results, Path, Path]:
    """Results that a test may change for the second of two run folders."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_bytes(orjson.dumps(results))
    return results, tmp_path / "one", tmp_path / "two"


def test_runs_on_the_same_rows_stand_side_by_side(two: tuple[Results, Path, Path]) -> None:
    _, one, other = two
    found = compare_runs([one, other])
    assert found.comparable and found.warnings == ()
    assert [(line.run, line.name) for line in found.lines] == [
        (str(place), name)
        for place in (one, other)
        for name in ("label_only", "explain", "majority")
    ]
    assert found.rows()[1] == (
        str(one),
        "explain",
        "45.0",
        "40.0 to 50.0",
        "3",
        "400",
        "$0.0123",
        "gain",
    )
    assert found.to_json()["lines"][1]["nanousd"] == 12_345_678
    lines = found.text().splitlines()
    assert len(lines) == 7 and lines[0].split()[0] == COLUMNS[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gold": "split1-bb"}, "different test rows"),
        ({"split": "dev"}, "scores on dev flatter"),
        ({"metric": "macro_f1"}, "metrics differ"),
    ],
)
def test_scores_that_are_not_comparable_are_warned_of(
    two: tuple[Results, Path, Path], change: dict[str, str], words: str
) -> None:
    results, one, other = two
    if "gold" in change:
        results["gold"][0]["used"]["test"] = change["gold"]
    if "metric" in change:
        results["task"]["metric"] = change["metric"]
    if "split" in change:
        results["split"] = change["split"]
    (other / "results.json").write_bytes(orjson.dumps(results))
    found = compare_runs([one, other])
    assert not found.comparable
    assert words in found.warnings[0]
    assert found.text().startswith("Warning: Scores are not comparable")


def test_a_run_is_not_compared_with_itself(two: tuple[Results, Path, Path]) -> None:
    _, one, other = two
    for folders in ([one], [one, one], [one, other, one], []):
        with pytest.raises(UserError, match="cannot be compared"):
            compare_runs(folders)
