"""A corpus is read with its columns, or refused with what is wrong and where."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tutelage.exceptions import DataError
from tutelage.records import Label, Task
from tutelage.teacher.corpus_rows import CorpusRow, read_corpus

TASK = Task("films", "classification", ("text",), (Label("good"), Label("bad")))


def write(folder: Path, content: str, name: str = "corpus.csv") -> Path:
    path = folder / name
    path.write_text(content, "utf-8")
    return path


def test_rows_with_and_without_labels(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\nFine.,good\nDull.,\n")
    assert read_corpus(path, TASK, {}, "label") == (
        CorpusRow({"text": "Fine."}, "good"),
        CorpusRow({"text": "Dull."}),
    )
    assert [row.label for row in read_corpus(path, TASK, {}, "")] == [None, None]


def test_columns_are_named_where_they_differ(tmp_path: Path) -> None:
    path = write(tmp_path, "review,stars\nFine.,good\n")
    (row,) = read_corpus(path, TASK, {"text": "review"}, "stars")
    assert row == CorpusRow({"text": "Fine."}, "good")


def test_equal_texts_and_empty_ones_count_once_and_not_at_all(tmp_path: Path) -> None:
    path = write(tmp_path, 'text,label\nA  film,good\n"A film",bad\n"  ",good\n')
    assert read_corpus(path, TASK, {}, "label") == (CorpusRow({"text": "A  film"}, "good"),)


def test_json_lines_packed_and_pairs(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"premise": "p", "hypothesis": "h", "gold": "neutral"}\n'))
    task = Task("t", "nli", ("premise", "hypothesis"), (Label("neutral"),))
    (row,) = read_corpus(path, task, {}, "gold")
    assert row.joined(("premise", "hypothesis")) == "p\nh" and row.label == "neutral"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("txt,label\nFine.,good\n", r"no column 'text'; it has txt, label[\s\S]*columns: \{FIELD"),
        ("text,lable\nFine.,good\n", r"no column 'label'[\s\S]*Did you mean lable"),
        ("text,label\nFine.,god\n", r"row 1: unknown label 'god'[\s\S]*Did you mean good"),
        ("text,label\n,good\n", r"holds no row with a text[\s\S]*cells of text are empty"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_corpus(write(tmp_path, content), TASK, {}, "label")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file[\s\S]*Check teacher.path"):
        read_corpus(tmp_path / "none.csv", TASK, {}, "label")
