from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.exceptions import DataError
from tutelage.teacher.plain_texts import read_texts


def test_lines_and_columns_without_empty_ones(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeffone\n\n  \ntwo\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("text,n\none,1\n,2\ntwo,3\n")
    (tmp_path / "a.jsonl").write_text(
        '{"body": "one"}\n{"body": null}\n{"other": 1}\n{"body": "two"}\n'
    )
    assert read_texts(tmp_path / "a.txt", "text") == ["one", "two"]
    assert read_texts(tmp_path / "a.csv", "text") == ["one", "two"]
    assert read_texts(tmp_path / "a.jsonl", "body") == ["one", "two"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("txt\none\n")
    (tmp_path / "a.txt").write_text("\n\n")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(DataError, match="Did you mean txt"):
        read_texts(tmp_path / "a.csv", "text")
    with pytest.raises(DataError, match="holds no text"):
        read_texts(tmp_path / "a.txt", "text")
    with pytest.raises(DataError, match="not UTF-8"):
        read_texts(tmp_path / "b.txt", "text")
    with pytest.raises(DataError, match="There is no file") as caught:
        read_texts(tmp_path / "c.txt", "text")
    assert "the teacher's pretrain.path" in caught.value.do, "whatever the recipe calls it"
