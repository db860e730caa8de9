"""The seq2seq student end to end, in a world that a tiny T5 learns in seconds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tutelage.plugins import find
from tutelage.records import Example, Label, Task
from tutelage.student.options import Seq2SeqOptions, ShapeOptions

pytestmark = pytest.mark.train

TASK = Task("colours", "classification", ("text",), (Label("more red"), Label("more blue")))
TINY = ShapeOptions(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64)


def colour_rows(count: int, seed: int, *, rationale: bool = True) -> list[Example]:
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        words = [rng.choice(["red", "blue", "green"]) for _ in range(5)]
        gap = words.count("red") - words.count("blue")
        label = "more red" if gap > 0 else "more blue"
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
