"""A study whose students write texts: trained, loaded, and asked from Python and the shell."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import tutelage
from tutelage.exceptions import UserError

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # tests share the machine


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run of one tiny generator. Look only."""
    place, rng = tmp_path_factory.mktemp("turned"), random.Random(0)
    rows = []
    for i in range(40):
        words = [rng.choice(("red", "blue", "one", "two")) for _ in range(rng.randint(2, 3))]
        turned_round = " ".join(reversed(words))
        rows.append({"id": f"row-{i}", "text": " ".join(words), "target": turned_round})
    (place / "gold.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    shape = {"d_model": 32, "layers": 1, "decoder_layers": 1, "heads": 2, "d_ff": 64}
    recipe = {
        "name": "turned",
        "task": {"kind": "generation", "fields": ["text"]},
        "gold": {
            "train": str(place / "gold.jsonl"),
            "cross_fit": "off",
            "carve": {"test": 0.2, "dev": 0.2},
        },
        "student": {"kind": "generator", "config": shape, "steps": 8, "max_target": 8, "beams": 2},
        "seeds": {"student": [1]},
        "arms": {"gold_only": {}},
    }
    return tutelage.run(recipe, place / "run", final=True).folder


def test_a_loaded_student_writes(turned: Path) -> None:
    student = tutelage.load(turned)
    texts = student.predict(["red blue", "two"])
    assert len(texts) == 2 and all(isinstance(text, str) for text in texts)
    assert [said.target for said in student.answer(["red blue", "two"])] == texts
    with pytest.raises(UserError, match="gives no probabilities") as told:
        student.predict_proba(["red"])
    assert "Ask `predict` for its texts." in str(told.value)


def test_predict_tells_targets_and_no_labels(
    call: Callable[..., Any], turned: Path, tmp_path: Path
) -> None:
    (tmp_path / "q.jsonl").write_text('{"id": "z", "text": "red"}\n{"id": "a", "text": "two"}\n')
    assert call("predict", turned, "--file", "q.jsonl", "--to", "a.jsonl").code == 0
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf8").splitlines()]
    assert [set(line) for line in lines] == [{"id", "target"}] * 2
    assert [line["id"] for line in lines] == ["z", "a"]
    said = call("predict", turned, "--text", "red", "--json")
    assert said.facts["answers"] == [{"id": "1", "target": lines[0]["target"]}]
    assert "target" in call("predict", turned, "--text", "red").out


def test_data_of_a_run_without_purchases_is_empty(call: Callable[..., Any], turned: Path) -> None:
    assert call("data", turned, "--to", "rows.jsonl").code == 0


def test_trace_tells_what_was_to_be_written_and_what_was(
    call: Callable[..., Any], turned: Path
) -> None:
    told = [call("trace", turned, f"row-{i}").out for i in range(4)]
    taught = next(page for page in told if "train row" in page)
    answer = next(line for line in taught.splitlines() if line.startswith("  answer: "))
    target = taught[taught.index("Training target, gold_only") :].splitlines()[1]
    assert target.strip() == answer.removeprefix("  answer: ")
    assert "Predictions" in taught and "unreadable" not in taught
