from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tutelage.exceptions import UserError
from tutelage.report.writing import write_report

Results = dict[str, Any]


def test_report_of_a_real_run(finished_run: Path) -> None:
    told, page = write_report(finished_run)
    assert (told.name, page.name) == ("report.json", "report.html")
    assert orjson.loads(told.read_bytes())["name"] == "tiny"
    assert "annotate" in page.read_text("utf-8")


def test_the_same_results_give_the_same_bytes(results: Results, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_bytes(orjson.dumps(results))
    first = [path.read_bytes() for path in write_report(tmp_path)]
    assert [path.read_bytes() for path in write_report(tmp_path)] == first


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"run.json": b"{}"}, "has not finished"),
        ({}, "is not a run's folder"),
        ({"results.json": b"{"}, "cannot be read"),
    ],
)
def test_a_run_without_results_says_what_to_do(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        write_report(tmp_path)
    assert caught.value.do
    assert not (tmp_path / "report.html").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no folder"):
        write_report(tmp_path / "absent")


def test_a_report_that_cannot_be_made_leaves_the_old_one(results: Results, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_bytes(orjson.dumps(results))
    _, page = write_report(tmp_path)
    before = page.read_bytes()
    results["format"] = 9
    (tmp_path / "results.json").write_bytes(orjson.dumps(results))
    with pytest.raises(UserError):
        write_report(tmp_path)
    assert page.read_bytes() == before
