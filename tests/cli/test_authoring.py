import json

import pytest

ROWS = "Body,verdict\n" + "".join(f"note {i} on {'xy'[i % 2]},{'no' if i % 2 else 'on'}\n" for i in range(60))  # fmt: skip


@pytest.fixture
def light(monkeypatch):
    """As where the extra `train` is not installed: nothing heavy is loaded."""
    monkeypatch.setattr("tutelage.study.checking._is_installed", lambda package: False)


@pytest.mark.train
def test_the_student_that_init_writes_can_be_built(call, tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "my.csv").write_text(ROWS)
    said = call("init", "my.csv", "--text", "Body", "--label", "verdict", "--json")
    assert said.code == 0
    assert said.facts["check"]["cut"]["limit"] == 512


@pytest.mark.usefixtures("light")
def test_init_writes_a_recipe_that_checks_clean(call, tmp_path):
    (tmp_path / "my.csv").write_text(ROWS)
    said = call("init", "my.csv", "--text", "Body", "--label", "verdict", "--json")
    assert said.code == 0
    assert said.facts["labels"] == ["no", "on"]
    assert said.facts["check"]["ok"]
    assert call("check", "recipe.yaml").code == 0
    assert call("plan", "recipe.yaml").code == 0


def test_init_writes_an_annotating_recipe_where_there_are_texts(call, tmp_path):
    (tmp_path / "my.csv").write_text(ROWS)
    (tmp_path / "more.csv").write_text("Body\n" + "".join(f"new note {i}\n" for i in range(30)))
    said = call("init", "my.csv", "--text", "Body", "--label", "verdict", "--unlabelled",
                "more.csv", "--out", "sub/r.yaml")  # fmt: skip
    assert said.code == 0
    plan = call("plan", "sub/r.yaml", "--json").facts
    assert {arm["arm"]: arm["orders"] for arm in plan["arms"]} == {"gold_only": 0, "annotate": 150}


@pytest.mark.usefixtures("light")
def test_init_reads_texts_whose_column_has_another_name(call, tmp_path):
    (tmp_path / "my.csv").write_text(ROWS)
    (tmp_path / "more.csv").write_text("text\n" + "".join(f"new note {i}\n" for i in range(30)))
    arguments = ["init", "my.csv", "--text", "Body", "--label", "verdict", "--unlabelled",
                 "more.csv"]  # fmt: skip
    said = call(*arguments)
    assert said.code == 0
    assert "The column 'text' of more.csv is read as its text." in said.out
    assert call("check", "recipe.yaml").code == 0
    facts = call(*arguments, "--force", "--json").facts
    assert facts["unlabelled_columns"] == {"text": "text"} and facts["check"]["ok"]


@pytest.mark.usefixtures("light")
def test_init_reads_pairs(call, tmp_path):
    lines = [
        {"s1": f"premise {i // 3}", "s2": f"hypothesis {i}", "gold": label}
        for i, label in enumerate(["entailment", "neutral", "contradiction"] * 20)
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    said = call("init", "pairs.jsonl", "--nli", "s1", "s2", "--label", "gold", "--json")
    assert said.code == 0
    assert said.facts["kind"] == "nli"
    assert said.facts["check"]["reach"]["groups"] == 20


@pytest.mark.usefixtures("light")
def test_init_finds_several_labels_in_a_cell(call, tmp_path):
    lines = [{"text": f"text {i}", "tags": ["a", "b"][: 1 + i % 2]} for i in range(40)]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, lines)))
    said = call("init", "m.jsonl", "--text", "text", "--label", "tags", "--json")
    assert said.code == 0
    assert said.facts["kind"] == "multi_label"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["my.csv", "--text", "Bdy", "--label", "verdict"], "Did you mean Body?"),
        (["my.csv", "--label", "verdict"], "--nli PREMISE HYPOTHESIS"),
        (["none.csv", "--text", "a", "--label", "b"], "There is no file"),
        (["my.csv", "--text", "Body", "--label", "Body"], "looks like texts"),
    ],
    ids=["misnamed column", "no text", "no file", "text as label"],
)
def test_init_refuses_and_writes_nothing(call, tmp_path, arguments, told):
    (tmp_path / "my.csv").write_text(ROWS)
    said = call("init", *arguments)
    assert said.code == 2
    assert said.is_one_screen()
    assert told in said.err
    assert not (tmp_path / "recipe.yaml").exists()


@pytest.mark.usefixtures("light")
def test_init_does_not_overwrite_unasked(call, tmp_path):
    (tmp_path / "my.csv").write_text(ROWS)
    (tmp_path / "recipe.yaml").write_text("mine")
    arguments = ["init", "my.csv", "--text", "Body", "--label", "verdict"]
    said = call(*arguments)
    assert said.code == 2
    assert "--force" in said.err
    assert (tmp_path / "recipe.yaml").read_text() == "mine"
    assert call(*arguments, "--force").code == 0


def test_recipes_are_listed_with_their_papers(call):
    said = call("recipes", "--json")
    found = {recipe["name"]: recipe for recipe in said.facts["recipes"]}
    assert found["smanli"]["paper"] == "arXiv 2409.12599"
    assert "quickstart" in found
    assert "arXiv 2409.12599" in call("recipes").out


def test_a_recipe_is_shown_and_copied(call, tmp_path, monkeypatch):
    monkeypatch.setattr("tutelage.cli.console.out.width", 40)  # no line of it is broken
    text = call("recipes", "annotate").out
    assert "name: annotate" in text
    assert call("recipes", "annotate", "--copy", "mine.yaml").code == 0
    assert (tmp_path / "mine.yaml").read_text() == text
    assert call("recipes", "annotate", "--copy", "mine.yaml").code == 2
    assert "Did you mean annotate?" in call("recipes", "anotate").err


def test_the_schema_is_json(call):
    schema = json.loads(call("schema").out)
    assert "synthesizer.annotate" in schema["$defs"]


def test_known_data_sets_are_listed_with_where_they_are_read_from(call, tmp_path, monkeypatch):
    monkeypatch.setenv("TUTELAGE_REAL_DATA", str(tmp_path))
    said = call("recipes", "--datasets", "--json")
    assert said.code == 0
    found = {one["name"]: one for one in said.facts["datasets"]}
    assert {"sst2", "trec6", "rte", "boolq", "commongen", "webnlg"} <= set(found)
    assert found["webnlg"]["kind"] == "generation" and found["webnlg"]["licence"]
    assert not any(one["files"] for one in found.values())
    assert "hub: SetFit/sst2" in call("recipes", "--datasets").out
