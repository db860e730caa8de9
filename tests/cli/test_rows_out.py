import csv
import json

import pytest


@pytest.fixture
def rows(call, finished, tmp_path):
    assert call("data", finished, "--to", "rows.jsonl").code == 0
    return [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]


def test_data_gives_rows_with_their_origin(rows):
    assert {row["arm"] for row in rows} == {"annotate", "explain"}
    explained = [row for row in rows if row["arm"] == "explain"]
    assert len(explained) == 20
    assert all(row["rationale"] and row["requests"] and row["decision"] for row in explained)


def test_data_as_csv_and_parquet(call, finished, tmp_path, rows):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    assert call("data", finished, "--to", "rows.csv", "--arm", "annotate").code == 0
    with (tmp_path / "rows.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["text"] for line in lines] == [r["text"] for r in rows if r["arm"] == "annotate"]
    assert call("data", finished, "--to", "rows.parquet").code == 0
    assert pyarrow.parquet.read_table(tmp_path / "rows.parquet").num_rows == len(rows)


def test_data_refuses_other_endings_and_arms(call, finished):
    assert ".jsonl" in call("data", finished, "--to", "rows.xls").err
    said = call("data", finished, "--to", "rows.csv", "--arm", "anotate")
    assert (said.code, "Did you mean annotate?" in said.err) == (2, True)


def test_predict_answers_texts(call, finished):
    said = call("predict", finished, "--text", "one text", "--text", "another", "--json")
    assert said.code == 0
    assert said.facts["arm"] == "annotate"
    assert len(said.facts["answers"]) == 2
    assert sum(said.facts["answers"][0]["scores"].values()) == pytest.approx(1, abs=1e-4)
    assert "one text" not in call("predict", finished, "--text", "one text").out


def test_predict_answers_a_file_in_its_order(call, finished, tmp_path):
    (tmp_path / "q.csv").write_text("id,text\nz,first text\na,second text\n")
    assert call("predict", finished, "--file", "q.csv", "--to", "a.jsonl").code == 0
    ids = [json.loads(line)["id"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert ids == ["z", "a"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "either --text or --file"),
        (["--text", "x", "--arm", "gold"], "Did you mean gold_only?"),
        (["--text", "x", "--seed", "9"], "It has the seeds 1, 2."),
        (["--file", "none.csv"], "There is no file"),
    ],
)
def test_predict_refuses(call, finished, arguments, told):
    said = call("predict", finished, *arguments)
    assert said.code == 2
    assert told in said.err


def test_trace_follows_a_gold_row_from_prompt_to_prediction(call, finished, rows):
    row = next(row for row in rows if row["arm"] == "explain")
    said = call("trace", finished, row["source"])
    assert said.code == 0
    for words in (
        "train row",
        row["text"],
        f"request {row['requests'][0]}",
        "Explain in 100 words or less",
        row["rationale"],
        "verdict: kept",
        "Training target, explain",
        "explain, seed 1, dev_accuracy, asked now:",
    ):
        assert words in said.out


def test_trace_of_an_annotated_row(call, finished, rows):
    row = next(row for row in rows if row["arm"] == "annotate")
    facts = call("trace", finished, row["id"], "--json").facts
    assert facts["role"] == "unlabelled"
    assert facts["passages"][0]["exchanged"][0]["reply"] == row["reply"]
    assert facts["targets"] == {"annotate": [row["label"]]}


def test_trace_of_a_test_row_shows_answers_but_no_text(call, finished):
    results = json.loads((finished / "results.json").read_bytes())
    shown = results["examples"][0]
    said = call("trace", finished, shown["id"])
    assert said.code == 0
    assert "sealed" in said.out
    assert shown["fields"]["text"] not in said.out
    facts = call("trace", finished, shown["id"], "--json").facts
    answers = {(a["arm"], a["seed"]): a["said"] for a in facts["answers"]}
    assert answers["gold_only", 1] == shown["answers"]["gold_only"]["said"]


def test_trace_of_nothing(call, finished):
    said = call("trace", finished, "no-such-id")
    assert said.code == 2
    assert "knows no row 'no-such-id'" in said.err


def test_data_as_a_folder_with_a_card(call, finished, tmp_path, rows):
    assert call("data", finished, "--to", "dataset", "--all", "--json").facts["rows"] == 60
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(tmp_path / "dataset" / "data" / "train.parquet")
    assert table.column("id").to_pylist() == [row["id"] for row in rows]
    assert "tags: [synthetic, tutelage]" in (tmp_path / "dataset" / "README.md").read_text()


def test_data_of_a_stopped_run_says_what_is_missing(call, recipe_file, tmp_path):
    teacher = {
        "kind": "scripted",
        "world": "composition",
        "budget": {"requests": 100},
    }  # 50 of a pilot
    recipe = recipe_file(teacher=teacher, rivals=["majority"])
    assert call("run", recipe, "--yes", "--out", "stopped").code == 3
    said = call("data", "stopped", "--to", "rows.csv", "--json")
    assert (said.code, said.facts["rows"], said.facts["finished"]) == (0, 40, False)
    assert said.facts["missing"] == [
        {"arm": "explain", "purchases": 1, "complete": 0, "turns": 1, "turns_complete": 0}
    ]
    spoken = call("data", "stopped", "--to", "rows").screen
    for words in (
        "The run is not finished",
        "Missing from explain: 0 of 1 purchases complete.",
        "Run its recipe again to go on",
    ):
        assert words in spoken
    assert "unfinished" in (tmp_path / "rows" / "README.md").read_text()
    none = call("data", "stopped", "--to", "none.csv", "--arm", "explain")
    assert (none.code, "has no rows of explain yet" in none.err) == (2, True)
    assert none.is_one_screen() and not (tmp_path / "none.csv").exists()


def test_data_of_a_finished_run_says_so(call, finished):
    facts = call("data", finished, "--to", "rows.csv", "--json").facts
    assert (facts["finished"], facts["missing"]) == (True, [])
    said = call("data", finished, "--to", "rows.csv", "--arm", "gold_only")
    assert (said.code, "Nothing was bought." in said.err) == (0, True)
