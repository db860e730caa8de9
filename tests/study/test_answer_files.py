import pytest

from tutelage.exceptions import DataError
from tutelage.recipe import load_recipe
from tutelage.study.answer_files import read_questions
from tutelage.study.archive import PastRun
from tutelage.study.graduates import task_of
from tutelage.study.running import run_study


@pytest.fixture
def mapped(small_recipe, tmp_path):
    """A run whose gold calls the text `Body`."""
    lines = [f"note {i},{'ab'[i % 2]}" for i in range(40)]
    (tmp_path / "g.csv").write_text("\n".join(["Body,label", *lines]))
    recipe = small_recipe(
        task={"kind": "classification"}, teacher=None, arms={"gold_only": {}}, primary="",
        gold={"train": "g.csv", "columns": {"text": "Body"}, "cross_fit": "off"},
        rivals=["majority"],
    )  # fmt: skip
    run_study(load_recipe(recipe, folder=tmp_path), tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("column", ["Body", "text"])
def test_columns_are_called_as_in_gold_or_as_the_fields(mapped, tmp_path, column):
    (tmp_path / "q.csv").write_text(f"id,{column}\n7,first\n3,second\n")
    ids, rows = read_questions(tmp_path / "q.csv", task_of(PastRun(mapped)), mapped)
    assert ids == ["7", "3"]
    assert rows == [{"text": "first"}, {"text": "second"}]


def test_columns_of_the_train_rows_alone_are_known_too(mapped, small_recipe, tmp_path):
    recipe = small_recipe(
        task={"kind": "classification"}, teacher=None, arms={"gold_only": {}}, primary="",
        gold={"train": {"path": "g.csv", "columns": {"text": "Body"}}, "cross_fit": "off"},
        rivals=["majority"],
    )  # fmt: skip
    run_study(load_recipe(recipe, folder=tmp_path), tmp_path / "own")
    for column in ("Body", "text"):
        (tmp_path / "q.csv").write_text(f"id,{column}\n7,first\n")
        task = task_of(PastRun(tmp_path / "own"))
        assert read_questions(tmp_path / "q.csv", task, tmp_path / "own")[0] == ["7"]


@pytest.mark.parametrize(
    ("content", "told"),
    [("id,Bod\n1,x\n", "no column 'Body'"), ("id,Body\n1,\n2,y\n", "1 rows have an empty text")],
)
def test_files_that_cannot_be_answered(mapped, tmp_path, content, told):
    (tmp_path / "q.csv").write_text(content)
    with pytest.raises(DataError, match=told):
        read_questions(tmp_path / "q.csv", task_of(PastRun(mapped)), mapped)
