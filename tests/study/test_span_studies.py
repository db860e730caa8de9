"""A study of questions answered by pieces of their contexts, from the recipe to the last command."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

from typer.testing import CliRunner

import tutelage
from tutelage.cli.application import app
from tutelage.exceptions import RecipeError, UserError
from tutelage.gold.opening import load_gold
from tutelage.recipe import GoldSpec, TaskSpec, load_recipe
from tutelage.records import Draft, Example, Origin, Refusal, Span, Task, Verdict
from tutelage.study.archive import find_run
from tutelage.study.saved_rows import SavedRow, flat_row, write_rows
from tutelage.study.tracing import trace

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # tests share the machine

WORDS = ("the", "of", "and", "it", "was", "there", "once", "more")
TASK = {"kind": "span_qa", "name": "colours and cities"}


def world(count: int, seed: int, *, lone: bool = False) -> list[dict[str, Any]]:
    """Rows whose context holds one colour and one city, either of which is asked for."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        colour = rng.choice(("red", "blue", "green"))
        city = rng.choice(("New York", "Old Town", "Rome"))
        words = [colour, city, *(rng.choice(WORDS) for _ in range(8))]
        rng.shuffle(words)
        context = " ".join(words)
        asked, answer = rng.choice((("colour", colour), ("city", city)))
        row: dict[str, Any] = {
            "id": f"{seed}-{i}",
            "context": context,
            "question": f"which {asked}?",
            "asked": asked,
        }
        if lone:
            row["answer"] = answer
        else:
            row["answers"] = {"text": [answer], "answer_start": [context.index(answer)]}
        rows.append(row)
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return str(path)


def recipe(folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "name": "spans",
        "task": TASK,
        "gold": {
            "train": write(folder / "train.jsonl", world(24, 1)),
            "dev": write(folder / "dev.jsonl", world(30, 2)),
            "test": write(folder / "test.jsonl", world(40, 3)),
            "tags": ["asked"],
        },
        "student": {
            "kind": "span_reader",
            "config": {"d_model": 32, "layers": 1, "heads": 2, "d_ff": 64, "vocab_size": 300},
            "epochs": 12,
            "learning_rate": 1e-2,
            "max_source": 32,
            "stride": 6,
            "max_question": 8,
            "precision": "fp32",
        },
        "arms": {
            "gold_only": {},
            "more": {"rows": write(folder / "more.jsonl", world(160, 4, lone=True))},
        },
        "primary": "more > gold_only",
        "seeds": {"student": 2},
        **changes,
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tutelage.RunOutcome:
    folder = tmp_path_factory.mktemp("spans")
    return tutelage.run(recipe(folder), folder / "run", final=True)


def test_arms_and_the_guess_stand_in_one_table(done: tutelage.RunOutcome) -> None:
    results = done.results
    standings = {s["arm"]: s for s in results["standings"] if s["rule"] in ("dev_f1", "")}
    assert results["task"]["metric"] == "f1" and results["cluster"] == "context"
    assert set(standings) >= {"more", "guess"}
    more = standings["more"]
    assert more["mean"] == pytest.approx(more["scores"]["f1"]) and more["mean"] > 0.8
    assert more["interval"]["low"] <= more["mean"] <= more["interval"]["high"]
    assert more["scores"]["em"] <= more["scores"]["f1"]
    assert results["comparisons"][0]["difference"] > 0.2
    assert {s["name"] for s in results["slices"]["more"]} == {"asked"}
    assert results["confusion"]["more"] is None


def test_the_report_shows_answers_and_the_course_of_f1(done: tutelage.RunOutcome) -> None:
    page = done.report.read_text("utf8")
    assert "Dev F1 over training" in page and "best dev F1" in page
    example = done.results["examples"][0]
    assert isinstance(example["answer"], list | tuple) and example["answer"][0]
    assert isinstance(example["answers"]["more"]["said"], list)
    told = orjson.loads((done.folder / "report.json").read_bytes())
    right = {a["name"]: a["right"] for row in told["examples"] for a in row["answers"]}
    assert right["more"] is True or right["gold_only"] is False


def test_predicting_from_python_and_the_shell(done: tutelage.RunOutcome) -> None:
    student = tutelage.load(done.folder)
    row = world(1, 9)[0]
    asked = {"context": row["context"], "question": row["question"]}
    (text,) = student.predict([asked])
    (answer,) = student.answer([asked])
    assert isinstance(text, str) and answer.spans is not None
    assert text == answer.spans[0].text in row["context"]
    texts = ["predict", str(done.folder), "--text", asked["context"], "--text", asked["question"]]
    said = CliRunner().invoke(app, [*texts, "--json"])
    told = orjson.loads(said.stdout.splitlines()[-1])["answers"][0]
    assert told["answer"] == text
    assert asked["context"][told["start"] : told["end"]] == text
    plain = CliRunner().invoke(app, texts)
    assert text in plain.stdout and "answer" in plain.stdout


def test_a_row_can_be_followed(done: tutelage.RunOutcome) -> None:
    found = trace(find_run(done.folder), "1-0")
    row = world(24, 1)[0]
    assert found.row is not None and found.row.answer == tuple(row["answers"]["text"])
    assert found.targets["gold_only"] == tuple(row["answers"]["text"])
    assert all(isinstance(one.said, tuple) for one in found.answers)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_rows_written_out_are_gold_again(ending: str, tmp_path: Path) -> None:
    task = Task("qa", "span_qa", ("context", "question"), metric="f1")
    fields = {"context": "Ann met Bob. Bob left.", "question": "Who left?"}
    spans = (Span("Bob", 13, 16),)
    asked = Origin(arm="a", order=3, source="u1")
    drafts = [
        Draft(0, 0, Example("1", fields, spans=spans, origin=asked)),
        Draft(1, 1, Example("2", {**fields, "question": "When?"}, spans=())),
        Draft(2, 2, Refusal("empty reply")),
    ]
    rows = [
        SavedRow("a", 1, 0, 0, draft, Verdict(draft.number, "kept", "all checks"))
        for draft in drafts
    ]
    assert flat_row(rows[2], task)["answers"] is None
    out = tmp_path / f"out.{ending}"
    write_rows(out, rows[:2], task)
    gold = GoldSpec(train={"path": str(out)}, cross_fit="off", carve={"test": 0, "dev": 0})
    (read,) = load_gold(gold, TaskSpec(kind="span_qa"), folder=tmp_path)
    assert {row.id: row.spans for row in read.train} == {"1": spans, "2": ()}


def test_the_default_rival_is_a_guess_and_labels_are_refused(tmp_path: Path) -> None:
    assert list(load_recipe(recipe(tmp_path)).recipe.rivals) == ["guess"]
    with pytest.raises(RecipeError, match="does not fit span_qa: write `guess`"):
        load_recipe(recipe(tmp_path, rivals=["majority"]))
    labelled = {"task": "nli", "arms": {"gold_only": {}}, "primary": "", "rivals": ["guess"]}
    with pytest.raises(RecipeError, match="does not fit nli: write `majority`"):
        load_recipe(recipe(tmp_path, **labelled))
    found = tutelage.check(recipe(tmp_path, rivals=["linear"]))
    assert not found.ok
    assert any("span_reader" in fault.do for fault in found.faults)


def test_a_recipe_is_checked_without_a_fault(tmp_path: Path) -> None:
    found = tutelage.check(recipe(tmp_path))
    assert found.ok, [str(fault) for fault in found.faults]
    assert found.cut is not None and found.cut.share is None


def test_a_student_of_labels_is_refused_with_what_to_use(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot learn the task"):
        tutelage.run(recipe(tmp_path, student={"kind": "linear"}), tmp_path / "run")
