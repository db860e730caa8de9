"""The benchmark `benchmarks/real/rationales.py`: its recipes fit the data, and it runs to its table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tutelage.plugins import find
from tutelage.recipe import load_recipe
from tutelage.records import Brief, Reply
from tutelage.study.building import build_synthesizer, build_teacher, prepare

pytest.importorskip("torch")
pytestmark = [pytest.mark.real, pytest.mark.train]

FOLDER = Path(__file__).parents[2] / "benchmarks" / "real"
KEYS = ("a", "b", "c")
QUICK_FOR_C = [*(pytest.param(key, marks=pytest.mark.slow) for key in "ab"), "c"]
TINY = "student.config={d_model: 32, layers: 1, decoder_layers: 1, heads: 2, d_ff: 64}"


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module `rationale_studies`, which is not in the package."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import rationale_studies

    return rationale_studies


def run(out: Path, data: Path, *given: str) -> tuple[dict[str, Any], str]:
    """Facts and whole output of the benchmark with 40 rows, one seed and one epoch."""
    quick = ["--limit", "40", "--set", "seeds.student=1", "--set", "student.epochs=1", "--json"]
    places = ["--out", str(out), "--data", str(data)]
    done = subprocess.run(
        [sys.executable, FOLDER / "rationales.py", *quick, *places, *given],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stdout


@pytest.mark.parametrize("key", QUICK_FOR_C)
async def test_every_order_gets_the_rationale_that_was_recorded_for_its_row(
    studies: Any, real_data: Path, tmp_path: Path, key: str
) -> None:
    size = studies.TWO_CORE if key == "a" else studies.FULL[key]
    loaded = load_recipe(studies.STUDIES[key].write(real_data, tmp_path, size).recipe)
    gold = prepare(loaded).golds[0]
    own = recorded(real_data, key)
    writer = build_synthesizer(loaded, loaded.recipe.arms["split_loss"].synthesis, gold.task)
    teacher = build_teacher(loaded, gold.task)
    orders = writer.orders("rationales", Brief(gold.task, "split_loss", train=gold.train[:400]))
    async with teacher.open(()) as session:
        for order in orders:
            reply = session.reply(session.resolve(writer.step(order, ())[0]))
            assert isinstance(reply, Reply), reply
            assert reply.text == own[tuple(order.source.fields.values())]


def recorded(data: Path, key: str) -> dict[tuple[str, str], str]:
    """Rationale by premise and hypothesis; of repeated rows the first one's."""
    import rationale_studies

    name, column = {
        "a": ("dsbs_esnli/train_first10k.jsonl.gz", "palm_rationale"),
        "b": ("dsbs_anli1/train_recovered.jsonl.gz", "palm_rationale"),
        "c": ("emanli_r1/dev.jsonl.gz", "rationale"),
    }[key]
    rows = rationale_studies.read_rows(data / name)
    return {(row["premise"], row["hypothesis"]): row[column] for row in reversed(rows)}


@pytest.mark.parametrize("key", QUICK_FOR_C)
def test_the_full_size_says_what_it_reads_and_leaves_out(
    studies: Any, real_data: Path, tmp_path: Path, key: str
) -> None:
    written = studies.STUDIES[key].write(real_data, tmp_path, studies.FULL[key])
    loaded = load_recipe(written.recipe)
    gold = prepare(loaded).golds[0]
    rows = gold.facts["rows"]
    if key == "a":
        assert (rows["train"], rows["dev"], rows["test"]) == (9_500, 2_000, 9_824)
        assert round(written.about["teacher_accuracy"]["test"], 3) == 0.730
    if key == "b":
        # 10,380 rows, 74 of them without a label by PaLM, and 5 texts that stand twice.
        assert (rows["train"], rows["dev"], rows["test"]) == (10_301, 1_000, 1_000)
        assert written.about["left_out"]["no label by PaLM"] == 74
        assert round(written.about["teacher_accuracy"]["test"], 3) == 0.656
    if key == "c":
        assert rows["train"] + rows["dev"] == 1_000 and rows["test"] == 1_000
        assert not {r.fields["premise"] for r in gold.train} & {
            r.fields["premise"] for r in gold.dev
        }
    assert find("learner", loaded.recipe.student.kind).name == "seq2seq"


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("key", KEYS)
def test_each_study_runs_to_its_table_and_goes_on_when_run_again(
    real_data: Path, tmp_path: Path, key: str
) -> None:
    pytest.importorskip("torch")
    first, _ = run(tmp_path, real_data, "--only", key, "--set", TINY)
    again, said = run(tmp_path, real_data, "--only", key, "--set", TINY)
    (found,), (same,) = first["studies"], again["studies"]
    assert found["training_seconds"] == same["training_seconds"], "a second run trained again"
    assert found["standings"] == same["standings"]
    arms = {line["arm"] for line in found["standings"]}
    palm = {"palm"} if key in "ab" else set()
    assert arms == {"label_only", "split_loss", "multi_task", "majority", "linear"} | palm
    assert found["split"] == "test"
    assert (found["comparisons"][0]["a"], found["comparisons"][0]["b"]) == (
        "split_loss",
        "label_only",
    )
    assert found["rationales"]["split_loss"]["with_rationale"] == found["rows"]["train"]
    assert found["rationales"]["label_only"]["failed"] == 0
    assert "training mix lists SNLI and MultiNLI" in said
    assert found["table"] in said


@pytest.mark.slow
@pytest.mark.train
def test_the_student_is_warm_started_from_minilm(real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    facts, _ = run(tmp_path, real_data)
    (found,) = facts["studies"]
    assert {line["arm"] for line in found["standings"]} >= {"label_only", "split_loss", "palm"}
    assert found["rationales"]["split_loss"]["with_rationale"] == 40


def test_without_data_it_says_where_to_put_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, FOLDER / "rationales.py", "--data", str(tmp_path / "none")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "Set TUTELAGE_REAL_DATA" in done.stderr
