"""The classifier student: single label, several labels, pairs, soft labels."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tutelage.contracts import Influential
from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.head_states import head_states
from tutelage.plugins import find
from tutelage.records import Example, Label, Task
from tutelage.student.options import ClassifierOptions, EnsemblingOptions, ShapeOptions
from tutelage.student.upweighting import influences

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # tests share the machine

SINGLE = Task("colours", "classification", ("text",), (Label("red"), Label("blue")))
MANY = Task("colours", "multi_label", ("text",), (Label("red"), Label("blue")))
PAIR = Task("same", "nli", ("premise", "hypothesis"), (Label("same"), Label("other")))
TINY = ShapeOptions(d_model=32, layers=1, heads=2, d_ff=64)


def single_rows(count: int, seed: int) -> list[Example]:
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        label = rng.choice(["red", "blue"])
        words = [label, *(rng.choice(["green", "grey", "white"]) for _ in range(4))]
        rng.shuffle(words)
        rows.append(Example(f"{seed}-{i}", {"text": " ".join(words)}, label=label))
    return rows


def many_rows(count: int, seed: int) -> list[Example]:
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        labels = tuple(c for c in ("red", "blue") if rng.random() < 0.5)
        rows.append(Example(str(i), {"text": " ".join(["grey", *labels])}, labels=labels))
    return rows


def learner(task: Task = SINGLE, **options: Any) -> Any:
    given = {"config": TINY, "epochs": 4, "learning_rate": 5e-3, "max_source": 32}
    return find("learner", "classifier").make(ClassifierOptions(**given | options), task=task)


def test_single_label_learns_and_plain_transformers_loads_it(tmp_path: Path) -> None:
    dev = single_rows(40, 2)
    fitted = learner().fit(single_rows(160, 1), dev, seed=1, folder=tmp_path)
    folder = Path(fitted.folders["dev_accuracy"])
    answers = learner().load(folder).predict(dev)
    right = sum(a.label == row.label for a, row in zip(answers, dev, strict=True)) / len(dev)
    assert right == max(m.dev["accuracy"] for m in fitted.history) > 0.9
    assert all(math.isclose(sum(a.scores.values()), 1) for a in answers)
    plain = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        logits = plain(**tokenizer(dev[0].fields["text"], return_tensors="pt")).logits[0]
    assert plain.config.id2label[int(logits.argmax())] == answers[0].label


def test_several_labels_by_threshold(tmp_path: Path) -> None:
    dev = many_rows(40, 2)
    fitted = learner(MANY, epochs=50, learning_rate=2e-3).fit(
        many_rows(160, 1), dev, seed=1, folder=tmp_path
    )
    answers = learner(MANY).load(Path(fitted.folders["dev_loss"])).predict(dev)
    right = sum(a.labels == row.labels for a, row in zip(answers, dev, strict=True))
    assert right >= 36
    for answer in answers:
        over = tuple(name for name, share in answer.scores.items() if share >= 0.5)
        assert answer.labels == over and answer.label is None


def test_pairs_are_two_segments(tmp_path: Path) -> None:
    rows = [
        Example(str(i), {"premise": a, "hypothesis": b}, label="same" if a == b else "other")
        for i, (a, b) in enumerate([(a, b) for a in ("red", "blue") for b in ("red", "blue")] * 4)
    ]
    made = learner(PAIR, steps=1)
    fitted = made.fit(rows, [], seed=1, folder=tmp_path)
    student = made.load(Path(fitted.folders["last"]))
    (row,) = student.net.read([("red", "blue")])
    assert row["token_type_ids"] == [0, 0, 0, 1, 1]
    assert fitted.primary == "last"


def test_soft_labels_pull_towards_the_teacher(tmp_path: Path) -> None:
    rows = [
        Example(row.id, row.fields, label=row.label, scores={"red": 0.5, "blue": 0.5})
        for row in single_rows(96, 1)
    ]
    hard = learner(epochs=12).fit(rows, [], seed=1, folder=tmp_path / "hard")
    soft = learner(epochs=12, soft_labels=1.0).fit(rows, [], seed=1, folder=tmp_path / "soft")
    assert soft.facts["rows_with_soft_label"] == 96 and hard.facts["rows_with_soft_label"] == 0

    def surest(fitted: Any) -> float:
        answers = learner().load(Path(fitted.folders["last"])).predict(rows)
        return max(max(a.scores.values()) for a in answers)

    assert surest(soft) < 0.6 < 0.9 < surest(hard)


def test_rows_of_no_weight_teach_nothing(tmp_path: Path) -> None:
    good = single_rows(64, 1)
    wrong = [
        Example(f"w{r.id}", r.fields, label="blue" if r.label == "red" else "red", weight=0.0)
        for r in single_rows(64, 3)
    ]
    dev = single_rows(40, 2)
    fitted = learner(epochs=6).fit([*good, *wrong], dev, seed=1, folder=tmp_path)
    assert fitted.history[-1].dev["accuracy"] > 0.9


def test_same_seed_same_student(tmp_path: Path) -> None:
    rows, dev = single_rows(32, 1), single_rows(8, 2)
    found = [
        learner(steps=3).fit(rows, dev, seed=seed, folder=tmp_path / str(i))
        for i, seed in enumerate((1, 1, 2))
    ]
    weights = [(Path(f.folders["last"]) / "model.safetensors").read_bytes() for f in found]
    assert weights[0] == weights[1] != weights[2]


def test_a_row_without_label_and_a_task_without_labels(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="row x has no label"):
        learner().fit([Example("x", {"text": "red"})], [], seed=1, folder=tmp_path)
    with pytest.raises(UserError, match="cannot learn"):
        learner(Task("t", "generation", ("text",)))


# --- wrong labels ---------------------------------------------------------------------------------


def with_wrong_labels(count: int, every: int) -> tuple[list[Example], list[int]]:
    """Rows of which each `every`-th has the other label."""
    other = {"red": "blue", "blue": "red"}
    rows = single_rows(count, 1)
    wrong = list(range(0, count, every))
    for i in wrong:
        rows[i] = Example(rows[i].id, rows[i].fields, label=other[str(rows[i].label)])
    return rows, wrong


ENSEMBLING = EnsemblingOptions(every=10, threshold=0.6)


def test_ensembling_stops_teaching_wrong_labels(tmp_path: Path) -> None:
    rows, _ = with_wrong_labels(160, 8)
    dev = single_rows(80, 2)
    given = {"epochs": 10, "label_smoothing": 0.15, "dropout": 0.0}
    fitted = learner(**given, ensembling=ENSEMBLING).fit(rows, dev, seed=1, folder=tmp_path)
    last = fitted.history[-1].dev
    assert 0.8 < last["share_teaching"] <= 0.9  # an eighth is wrong
    assert fitted.history[0].dev["share_teaching"] == 1.0
    assert last["accuracy"] > 0.95


def test_ensembling_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    rows, _ = with_wrong_labels(64, 8)
    dev = single_rows(16, 2)
    given = {"epochs": 8, "evaluations_per_epoch": 1, "ensembling": EnsemblingOptions(every=6)}
    whole = learner(**given).fit(rows, dev, seed=1, folder=tmp_path / "whole")

    def stop(event: Any) -> None:
        if event.get("step") == 22:
            raise KeyboardInterrupt

    cut = learner(**given)
    cut.progress = stop
    with pytest.raises(KeyboardInterrupt):
        cut.fit(rows, dev, seed=1, folder=tmp_path / "cut")
    resumed = learner(**given).fit(rows, dev, seed=1, folder=tmp_path / "cut")
    weights = [Path(f.folders["last"]) / "model.safetensors" for f in (whole, resumed)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_ensembling_is_for_single_labels() -> None:
    with pytest.raises(UserError, match="multi-label"):
        learner(MANY, ensembling=ENSEMBLING)


def test_a_batch_without_weight_teaches_nothing(tmp_path: Path) -> None:
    rows = [Example(r.id, r.fields, label=r.label, weight=0.0) for r in single_rows(8, 1)]
    fitted = learner(steps=2).fit(rows, [], seed=1, folder=tmp_path)
    assert fitted.history[-1].train_loss == 0.0


def test_influence_is_exact_for_the_last_layer(tmp_path: Path) -> None:
    rows, wrong = with_wrong_labels(120, 12)
    others = single_rows(60, 3)
    made = learner(epochs=3)
    student = made.load(Path(made.fit(others, [], seed=1, folder=tmp_path).folders["last"]))
    assert isinstance(student, Influential)
    found = student.influences(rows, others, loss="rce")
    told = sorted(range(120), key=lambda i: -found[i])[: len(wrong)]
    assert len(set(told) & set(wrong)) >= 7  # 1 by chance
    states = [
        head_states(
            student.net, student.net.read([(r.fields["text"],) for r in some]), precision="fp32"
        )
        for some in (rows, others)
    ]
    head = student.net.head
    logits = (
        states[1] @ head.weight.double().detach().numpy().T + head.bias.double().detach().numpy()
    )
    by_net = [p.scores["red"] for p in student.predict(others)]
    by_states = torch.softmax(torch.from_numpy(logits), 1)[:, 0].tolist()
    assert by_net == pytest.approx(by_states, abs=0.02)
    direct = influences(states[0], rows, states[1], others, SINGLE, c=100 / 120)
    assert found == pytest.approx(direct, rel=0.05, abs=1e-4)


def test_a_student_of_the_first_layers(tmp_path: Path) -> None:
    deep = ShapeOptions(d_model=32, layers=3, heads=2, d_ff=64)
    rows = single_rows(20, 1)
    base = Path(
        learner(config=deep, epochs=1).fit(rows, [], seed=1, folder=tmp_path / "a").folders["last"]
    )
    given: dict[str, Any] = {"config": None, "model": str(base), "epochs": 1, "learning_rate": 1e-9}
    fitted = learner(layers=2, **given).fit(rows, [], seed=1, folder=tmp_path / "b")
    small = learner().load(Path(fitted.folders["last"])).net.model
    whole = AutoModelForSequenceClassification.from_pretrained(base)
    assert len(small.bert.encoder.layer) == 2
    kept, first = (m.bert.encoder.layer[1].output.dense.weight for m in (small, whole))
    assert torch.allclose(kept, first, atol=1e-6)
    assert fitted.facts["parameters"] < sum(p.numel() for p in whole.parameters())
    with pytest.raises(UserError, match="layers is 4, and the encoder has 3"):
        learner(layers=4, **given).fit(rows, [], seed=1, folder=tmp_path / "c")
