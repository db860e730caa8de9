"""The seq2seq student end to end, in a world that a tiny T5 learns in seconds."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tutelage.exceptions import TrainingError, UserError
from tutelage.plugins import find
from tutelage.records import Example, Label, Task
from tutelage.student.options import Seq2SeqOptions, ShapeOptions

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # tests share the machine

TASK = Task("colours", "classification", ("text",), (Label("redder"), Label("bluer")))
TINY = ShapeOptions(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64)


def colour_rows(count: int, seed: int, *, rationale: bool = True) -> list[Example]:
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        words = [rng.choice(["red", "blue", "green"]) for _ in range(5)]
        gap = words.count("red") - words.count("blue")
        label = "redder" if gap > 0 else "bluer"
        said = f"red {words.count('red')} blue {words.count('blue')}" if rationale else None
        rows.append(Example(f"{seed}-{i}", {"text": " ".join(words)}, label=label, rationale=said))
    return rows


def learner(**options: Any) -> Any:
    given = {"config": TINY, "epochs": 1, "max_target": 32, "rationale_rows": 4, "batch_size": 16}
    return find("learner", "seq2seq").make(Seq2SeqOptions(**given | options), task=TASK)


def test_learns_and_answers_with_rationales(tmp_path: Path) -> None:
    rows, dev = colour_rows(256, 1), colour_rows(60, 2)
    fitted = learner(epochs=6, objective="split_loss", learning_rate=5e-3).fit(
        rows, dev, seed=1, folder=tmp_path
    )
    assert set(fitted.folders) == {"dev_loss", "dev_accuracy", "last"}
    assert fitted.primary == "dev_accuracy"
    assert fitted.facts["optimizer_steps"] == 96 == fitted.history[-1].step
    assert {"loss", "accuracy", "rationale_bleu"} <= set(fitted.history[-1].dev)
    assert fitted.history[-1].dev["loss"] < fitted.history[0].dev["loss"]
    student = learner().load(Path(fitted.folders["dev_accuracy"]))
    answers = student.predict(dev, rationale=True)
    right = sum(a.label == row.label for a, row in zip(answers, dev, strict=True))
    assert right / len(dev) == max(m.dev["accuracy"] for m in fitted.history) > 0.7
    assert all(a.rationale for a in answers)
    assert all(abs(sum(a.scores.values()) - 1) < 1e-6 for a in answers)


def test_plain_transformers_loads_the_folder(tmp_path: Path) -> None:
    fitted = learner(steps=2).fit(colour_rows(32, 1), colour_rows(8, 2), seed=1, folder=tmp_path)
    folder = fitted.folders["last"]
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer("red blue", return_tensors="pt").input_ids
    assert model.generate(ids, max_new_tokens=2).shape[0] == 1
    assert tokenizer.decode(tokenizer("red blue").input_ids, skip_special_tokens=True) == "red blue"
    assert not [p for p in tmp_path.rglob("*") if p.suffix in (".bin", ".pt", ".pkl")]


def outcome(fitted: Any) -> tuple[dict[str, bytes], Any]:
    weights = {
        rule: (Path(folder) / "model.safetensors").read_bytes()
        for rule, folder in fitted.folders.items()
    }
    return weights, fitted.history


def test_kill_minus_nine_and_resume_give_the_undisturbed_student(tmp_path: Path) -> None:
    """The child kills itself with SIGKILL between two looks at dev; this process goes on."""
    rows, dev = colour_rows(48, 1), colour_rows(12, 2)
    expected = learner(epochs=2, objective="split_loss").fit(
        rows, dev, seed=1, folder=tmp_path / "whole"
    )
    child = f"""
import importlib.util, os, signal, torch
from pathlib import Path
torch.set_num_threads(1)
spec = importlib.util.spec_from_file_location("world", {__file__!r})
world = importlib.util.module_from_spec(spec)
spec.loader.exec_module(world)
doomed = world.learner(epochs=2, objective="split_loss")
def kill(event):
    if event["step"] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
doomed.progress = kill
doomed.fit(world.colour_rows(48, 1), world.colour_rows(12, 2), seed=1,
           folder=Path({str(tmp_path / "killed")!r}))
"""
    done = subprocess.run([sys.executable, "-c", child], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (tmp_path / "killed" / "training.safetensors").exists()
    steps: list[int] = []
    again = learner(epochs=2, objective="split_loss")
    again.progress = lambda event: steps.append(event["step"])
    resumed = again.fit(rows, dev, seed=1, folder=tmp_path / "killed")
    assert steps == [5, 6]  # looks at dev after steps 1, 3, 4 and 6: it goes on from step 4
    assert outcome(resumed) == outcome(expected)
    left = {path.name for path in (tmp_path / "killed").iterdir()}
    # Rules that chose the same step share one folder.
    assert left == {*(Path(place).name for place in resumed.folders.values()), "fitted.json"}
    assert set(resumed.folders) == {"dev_loss", "dev_accuracy", "last"}


def test_a_finished_training_is_not_repeated_and_another_one_is(tmp_path: Path) -> None:
    rows, dev = colour_rows(16, 1), colour_rows(4, 2)
    first = learner(steps=1).fit(rows, dev, seed=1, folder=tmp_path)
    assert learner(steps=1).fit(rows, dev, seed=1, folder=tmp_path) == first
    other = learner(steps=1).fit(rows, dev, seed=2, folder=tmp_path)
    assert outcome(other)[0] != outcome(first)[0] or other.history != first.history


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    class Stop(BaseException):
        pass

    def stop(event: Any) -> None:
        raise Stop

    rows, dev = colour_rows(16, 1), colour_rows(4, 2)
    first = learner(steps=1)
    first.progress = stop
    with pytest.raises(Stop):
        first.fit(rows, dev, seed=1, folder=tmp_path)
    with pytest.raises(TrainingError, match="checkpoint of another training"):
        learner(steps=2).fit(rows, dev, seed=1, folder=tmp_path)


def test_a_learning_rate_that_explodes_is_told(tmp_path: Path) -> None:
    wild = learner(epochs=20, learning_rate=1e30, warmup_steps=0, precision="fp32")
    with pytest.raises(TrainingError, match=r"at step \d+ of"):
        wild.fit(colour_rows(48, 1), [], seed=1, folder=tmp_path)


@pytest.mark.parametrize("objective", ["rationale_first", "multi_task", "first_token"])
@pytest.mark.parametrize("answer", ["score", "generate"])
def test_every_objective_trains_saves_and_answers(tmp_path: Path, objective, answer) -> None:
    rows, dev = colour_rows(32, 1), colour_rows(6, 2)
    fitted = learner(steps=4, objective=objective, answer=answer, batch_size=8).fit(
        rows, dev, seed=1, folder=tmp_path
    )
    student = learner().load(Path(fitted.folders["last"]))
    answers = student.predict(dev, rationale=True)
    assert [a.id for a in answers] == [row.id for row in dev]
    if answer == "score":
        assert all(a.label in TASK.label_names and a.rationale is not None for a in answers)
    measured = sum(a.label == row.label for a, row in zip(answers, dev, strict=True)) / 6
    assert measured == fitted.history[-1].dev["accuracy"]


def test_rows_without_rationale_and_without_dev(tmp_path: Path) -> None:
    rows = colour_rows(16, 1) + colour_rows(16, 3, rationale=False)
    fitted = learner(steps=2, objective="split_loss").fit(rows, [], seed=1, folder=tmp_path)
    assert set(fitted.folders) == {"last"} and fitted.primary == "last"
    assert fitted.facts["rows_with_rationale"] == 16
    assert fitted.history[-1].dev == {}


def test_facts_tell_what_was_cut(tmp_path: Path) -> None:
    rows = colour_rows(16, 1)
    long = Example("long", {"text": "red " * 60}, label="redder", rationale="blue " * 60)
    fitted = learner(steps=1, objective="split_loss", max_source=20).fit(
        [*rows, long], [], seed=1, folder=tmp_path
    )
    assert fitted.facts["share_source_cut"] == fitted.facts["share_target_cut"] == 1 / 17
    assert fitted.facts["parameters"] > 0 and fitted.facts["tokens_target"] > 0


def test_the_card_tells_where_rows_come_from(tmp_path: Path) -> None:
    fitted = learner(steps=1).fit(colour_rows(16, 1), [], seed=1, folder=tmp_path)
    card = (Path(fitted.folders["last"]) / "README.md").read_text()
    assert "- rows gold: 16" in card and "## Limits" in card and "redder, bluer" in card


def test_an_unlabelled_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="row x has no label"):
        learner().fit([Example("x", {"text": "red"})], [], seed=1, folder=tmp_path)


def test_tasks_that_a_seq2seq_student_cannot_learn() -> None:
    many = Task("t", "multi_label", ("text",), (Label("a"), Label("b")))
    with pytest.raises(UserError, match="cannot learn"):
        find("learner", "seq2seq").make(Seq2SeqOptions(), task=many)


def test_a_folder_without_a_student(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no seq2seq student"):
        learner().load(tmp_path)
