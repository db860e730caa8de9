from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Refusal, Span, Task, Verdict
from tutelage.study.archive import PastRun
from tutelage.study.dataset_folders import CATEGORIES, write_dataset
from tutelage.study.graduates import task_of
from tutelage.study.saved_rows import SavedRow, saved_rows


def written(
    finished: Path, folder: Path, rows: Sequence[SavedRow], task: Task | None = None
) -> str:
    run = PastRun(finished)
    assert write_dataset(folder, rows, run, task or task_of(run)) == len(rows)
    return (folder / "README.md").read_text(encoding="utf-8")


def row(content: Any, decision: Any = "kept", check: str = "all checks") -> SavedRow:
    return SavedRow("a", 1, 0, 0, Draft(0, 5, content, "raw"), Verdict(0, decision, check, "why"))


def test_kept_rows_with_origin_and_verdict(finished: Path, tmp_path: Path) -> None:
    rows = list(saved_rows(PastRun(finished)))
    card = written(finished, tmp_path / "set", rows)
    table = pyarrow.parquet.read_table(tmp_path / "set" / "data" / "train.parquet")
    assert table.num_rows == sum(one.kept for one in rows)
    first = table.to_pylist()[0]
    assert first["requests"] == list(rows[0].example.origin.requests)
    assert (first["arm"], first["decision"], first["text"]) == (
        rows[0].arm,
        rows[0].verdict.decision,
        rows[0].example.fields["text"],
    )
    assert "Written or labelled by a language model" in card
    assert "| annotate | kept |  | 40 |" in card
    assert "labels: routine, watch, urgent" in card


def test_dropped_rows_are_a_split_of_the_same_columns(finished: Path, tmp_path: Path) -> None:
    good = Example("1", {"text": "x"}, "watch", rationale="so", scores={"watch": 1.0})
    rows = [row(good), row(Refusal("no reply"), "dropped", "synthesis")]
    card = written(finished, tmp_path / "set", rows)
    train, dropped = (
        pyarrow.parquet.read_table(tmp_path / "set" / "data" / f"{split}.parquet")
        for split in ("train", "dropped")
    )
    assert train.schema == dropped.schema
    assert train.to_pylist()[0]["scores"] == '{"watch":1.0}'
    assert dropped.to_pylist()[0]["reason"] == "why"
    assert "- split: dropped" in card


def test_answers_of_questions_have_squads_layout(finished: Path, tmp_path: Path) -> None:
    task = Task("qa", "span_qa", ("context", "question"))
    asked = Example("1", {"context": "A b.", "question": "?"}, spans=(Span("b", 2, 3),))
    written(finished, tmp_path / "set", [row(asked)], task)
    (line,) = pyarrow.parquet.read_table(tmp_path / "set" / "data" / "train.parquet").to_pylist()
    assert line["answers"] == {"text": ["b"], "answer_start": [2]}


def test_written_texts_have_a_column_and_no_label(finished: Path, tmp_path: Path) -> None:
    task = Task("t", "generation", ("text",))
    file = tmp_path / "set" / "data" / "train.parquet"
    card = written(finished, tmp_path / "set", [row(Example("1", {"text": "x"}, target="y"))], task)
    (line,) = pyarrow.parquet.read_table(file).to_pylist()
    assert line["target"] == "y" and "label" not in line
    assert "task_categories: [text-generation]" in card
    written(finished, tmp_path / "set", [], task)
    assert pyarrow.parquet.read_table(file).column_names == ["id", "text", "target", "rationale"]


def test_written_again_and_empty(finished: Path, tmp_path: Path) -> None:
    written(finished, tmp_path / "set", list(saved_rows(PastRun(finished))))
    written(finished, tmp_path / "set", [])
    assert pyarrow.parquet.read_table(tmp_path / "set" / "data" / "train.parquet").num_rows == 0


def test_a_folder_of_other_things_is_left_alone(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match=r"already holds thesis\.tex"):
        written(finished, tmp_path, [])
    with pytest.raises(UserError, match="cannot be written"):
        written(finished, tmp_path / "thesis.tex", [])


def test_every_kind_of_task_has_a_category() -> None:
    from typing import get_args

    from tutelage.records import TaskKind

    assert set(get_args(TaskKind)) == set(CATEGORIES)


def test_the_package_datasets_loads_it(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [row(Example("1", {"text": "x"}, "watch")), row(Refusal("no"), "dropped", "synthesis")]
    written(finished, tmp_path / "set", rows)
    found = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(part) for split, part in found.items()} == {"train": 1, "dropped": 1}
    assert found["train"][0]["label"] == "watch"
