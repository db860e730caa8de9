import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import DataError, UserError
from tutelage.recipe.yaml12 import read_text
from tutelage.study.drafting import Wish, _said, draft_recipe, inspect, write_draft


@given(st.text(min_size=1))
def test_every_label_and_column_survives_the_yaml(text):
    assert read_text(f"{_said(text)}: {_said(text)}", "x").tree == {text: text}


def rows(path, count, labels=("x", "y")):
    lines = [f"text number {i},{labels[i % len(labels)]}" for i in range(count)]
    path.write_text("\n".join(["text,label", *lines]))
    return Wish(path, "label", "text")


@pytest.mark.parametrize(
    ("count", "unlabelled", "kind", "folds"),
    [(40, True, "linear", True), (400, True, "classifier", True),
     (1200, True, "classifier", False), (1200, False, "seq2seq", False)],
)  # fmt: skip
def test_the_student_and_the_splits_fit_the_size(tmp_path, count, unlabelled, kind, folds):
    wish = rows(tmp_path / "g.csv", count)
    texts = tmp_path / "u.csv" if unlabelled else None
    (tmp_path / "u.csv").write_text("text\nnew\n")
    wish = Wish(wish.file, "label", "text", unlabelled=texts)
    text = draft_recipe(wish, inspect(wish), tmp_path / "r.yaml")
    tree = read_text(text, "r.yaml").tree
    assert tree["student"]["kind"] == kind
    assert ("cross_fit" in tree["gold"]) is folds
    assert tree["primary"].endswith("> gold_only")


def test_labels_stay_as_they_are_written(tmp_path):
    wish = rows(tmp_path / "g.csv", 60, ("01", "no", "1.0", "with: colon # and hash"))
    assert set(inspect(wish).labels) == {"01", "no", "1.0", "with: colon # and hash"}
    write_draft(wish, tmp_path / "r.yaml")
    tree = read_text((tmp_path / "r.yaml").read_text(), "r").tree
    assert set(tree["task"]["labels"]) == {"01", "no", "1.0", "with: colon # and hash"}


def test_a_server_without_a_price_gets_a_cap_in_requests(tmp_path):
    wish = rows(tmp_path / "g.csv", 60)
    wish = Wish(wish.file, "label", "text", model="llama", endpoint="vllm")
    tree = read_text(draft_recipe(wish, inspect(wish), tmp_path / "r.yaml"), "r").tree
    assert tree["teacher"] == {"endpoint": "vllm", "model": "llama", "budget": {"requests": 20000}}


def test_ids_are_no_labels(tmp_path):
    wish = rows(tmp_path / "g.csv", 40, tuple(f"id{i}" for i in range(40)))
    with pytest.raises(UserError, match="40 different values in 40 rows"):
        inspect(wish)


@pytest.mark.parametrize(
    ("header", "renamed"),
    [("label,text", {}), ("id,Text", {"text": "Text"}), ("id,texts,n", {"text": "texts"}),
     ("id,said", {"text": "said"}), ("said,label", {"text": "said"})],
)  # fmt: skip
def test_texts_to_label_may_call_their_column_otherwise(tmp_path, header, renamed):
    wish = rows(tmp_path / "g.csv", 40)
    (tmp_path / "u.csv").write_text(f"{header}\n{'new,' * header.count(',')}new\n")
    wish = Wish(wish.file, "label", "text", unlabelled=tmp_path / "u.csv")
    seen = inspect(wish)
    assert seen.renamed == renamed
    gold = read_text(draft_recipe(wish, seen, tmp_path / "r.yaml"), "r").tree["gold"]
    assert gold["unlabelled"] == ({"path": "u.csv", "columns": renamed} if renamed else "u.csv")


def test_a_column_of_texts_that_is_not_clear_is_asked_for(tmp_path):
    wish = rows(tmp_path / "g.csv", 40)
    (tmp_path / "u.csv").write_text("one,other\na,b\n")
    with pytest.raises(DataError, match="Its columns are: one, other") as caught:
        write_draft(Wish(wish.file, "label", "text", unlabelled=tmp_path / "u.csv"),
                    tmp_path / "r.yaml")  # fmt: skip
    assert "gold.unlabelled: {path: u.csv, columns: {text: COLUMN}}" in caught.value.do
    assert not (tmp_path / "r.yaml").exists()
