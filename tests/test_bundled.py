from pathlib import Path

import pytest

from tutelage.bundled import bundled, resolved
from tutelage.exceptions import DataError


def test_other_paths_start_at_the_folder(tmp_path: Path) -> None:
    assert resolved("rows.csv", tmp_path) == tmp_path / "rows.csv"


def test_what_is_bundled_is_found_from_any_folder(tmp_path: Path) -> None:
    for name in bundled():
        assert resolved(name, tmp_path).is_file()


def test_an_unknown_name_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="comes with no file 'nope.jsonl'"):
        resolved("tutelage:nope.jsonl", tmp_path)
