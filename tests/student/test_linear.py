from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tutelage.contracts import Learner, Predictor
from tutelage.exceptions import TrainingError, UserError
from tutelage.plugins import find
from tutelage.records import Example, Label, Task
from tutelage.student.linear import build
from tutelage.student.logistic import Head, fit_heads
from tutelage.student.options import LinearOptions

TASK = Task("topics", "classification", ("text",), tuple(map(Label, ("sport", "money", "01"))))
WORDS = {"sport": "goal match team", "money": "bank stock price", "01": "rain cloud sun"}


def fit_head(features: object, train: list[Example], task: Task, c: float, **more: bool) -> Head:
    return fit_heads(features, train, task, [c], **more)[0]


def rows(count: int, seed: int, task: Task = TASK) -> list[Example]:
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        label = task.label_names[i % len(task.labels)]
        words = [*rng.choice(WORDS[label].split(), 2), *rng.choice(["the", "a", "old", "new"], 3)]
        made.append(Example(f"{seed}-{i}", {"text": " ".join(words)}, label=label))
    return made


def test_it_learns_and_loads_to_the_same_answers(tmp_path: Path) -> None:
    learner: Learner = build(LinearOptions(), task=TASK)
    fitted = learner.fit(rows(60, 1), rows(30, 2), seed=1, folder=tmp_path)
    assert fitted.primary == "dev_accuracy"
    assert set(fitted.folders) == {"dev_accuracy", "dev_loss"}
    student = learner.load(Path(fitted.folders["dev_accuracy"]))
    assert isinstance(student, Predictor)
    test = rows(30, 3)
    answers = student.predict(test)
    assert [a.label for a in answers] == [r.label for r in test]
    assert [a.id for a in answers] == [r.id for r in test]
    assert sum((answers[0].scores or {}).values()) == pytest.approx(1)
    again = build(LinearOptions(c=0.1), task=TASK).load(Path(fitted.folders["dev_accuracy"]))
    assert again.predict(test) == answers
    assert student.predict([]) == []


def test_the_saved_student_answers_as_the_one_in_memory(tmp_path: Path) -> None:
    from tutelage.student.lexical_features import learn_features

    train, test = rows(60, 1), rows(30, 3)
    fitted = build(LinearOptions(c=1.0), task=TASK).fit(train, [], seed=1, folder=tmp_path)
    features = learn_features(train, ("text",), max_features=50_000)
    head = fit_head(features.transform(train), train, TASK, c=1.0)
    expected = head.predict(test, features.transform(test), TASK.label_names)
    loaded = build(LinearOptions(), task=TASK).load(Path(fitted.folders["last"]))
    assert loaded.predict(test) == expected


def test_one_penalty_or_no_dev_rows_leave_nothing_to_choose(tmp_path: Path) -> None:
    one = build(LinearOptions(c=2), task=TASK).fit(rows(30, 1), rows(9, 2), seed=1, folder=tmp_path)
    assert (one.primary, list(one.folders), one.facts["c"]) == ("last", ["last"], 2)
    assert one.history[0].dev["accuracy"] > 0.8
    bare = build(LinearOptions(), task=TASK).fit(rows(30, 1), [], seed=1, folder=tmp_path)
    assert (bare.primary, bare.facts["c"], bare.history) == ("last", 1.0, ())


def test_seeds_change_nothing_unless_rows_are_drawn_anew(tmp_path: Path) -> None:
    def scores(bootstrap: bool, seed: int) -> list[object]:
        learner = build(LinearOptions(c=1.0, bootstrap=bootstrap), task=TASK)
        fitted = learner.fit(rows(30, 1), [], seed=seed, folder=tmp_path / f"{bootstrap}{seed}")
        assert fitted.facts["seed_varies"] is bootstrap
        student = learner.load(Path(fitted.folders["last"]))
        return [p.scores for p in student.predict(rows(5, 3))]

    assert scores(False, 1) == scores(False, 2)
    assert scores(True, 1) != scores(True, 2)
    assert scores(True, 1) == scores(True, 1)


def test_pairs_see_what_the_second_text_adds(tmp_path: Path) -> None:
    task = Task("pairs", "nli", ("premise", "hypothesis"), (Label("same"), Label("other")))
    rng = np.random.default_rng(0)
    names = [f"word{i}" for i in range(300)]
    made = []
    for i in range(300):
        premise = list(rng.choice(names, 6, replace=False))
        own = list(rng.choice(premise, 3, replace=False))
        if i % 2:
            own = list(rng.choice([n for n in names if n not in premise], 3))
        fields = {"premise": " ".join(premise), "hypothesis": " ".join(own)}
        made.append(Example(str(i), fields, label=("same", "other")[i % 2]))
    learner = build(LinearOptions(c=10.0), task=task)
    fitted = learner.fit(made[:200], [], seed=1, folder=tmp_path)
    answers = learner.load(Path(fitted.folders["last"])).predict(made[200:])
    right = [a.label == r.label for a, r in zip(answers, made[200:], strict=True)]
    assert np.mean(right) > 0.95


def test_multi_label_rows_get_any_number_of_labels(tmp_path: Path) -> None:
    task = replace(TASK, kind="multi_label")
    both = [
        Example(str(i), {"text": text}, labels=labels)
        for i, (text, labels) in enumerate(
            [
                ("goal match", ("sport",)),
                ("bank stock", ("money",)),
                ("goal bank match stock", ("sport", "money")),
                ("the old new", ()),
            ]
            * 10
        )
    ]
    learner = build(LinearOptions(c=100.0), task=task)
    fitted = learner.fit(both, both[:4], seed=1, folder=tmp_path)
    answers = learner.load(Path(fitted.folders["last"])).predict(both[:4])
    assert [a.labels for a in answers] == [("sport",), ("money",), ("sport", "money"), ()]
    assert (answers[0].scores or {})["01"] == 0.0  # no training row has it
    assert fitted.history[0].dev["accuracy"] == 1.0


def test_soft_labels_are_the_cross_entropy_against_them(tmp_path: Path) -> None:
    features = np.zeros((2, 1))  # nothing to see: the head must give the mean soft label
    soft = [
        Example("a", {}, label="sport", scores={"sport": 0.9, "money": 0.1}),
        Example("b", {}, label="sport", scores={"sport": 0.5, "money": 0.5}),
    ]
    answer = fit_head(features, soft, TASK, c=1.0).predict(
        soft[:1], features[:1], ("sport", "money")
    )
    assert (answer[0].scores or {})["sport"] == pytest.approx(0.7, abs=1e-3)
    with pytest.raises(TrainingError, match="All 2 training rows have the label 'sport'"):
        fit_head(features, soft, TASK, c=1.0, soft_labels=False)


def test_weights_count_rows(tmp_path: Path) -> None:
    features = np.zeros((2, 1))
    weighted = [Example("a", {}, label="sport", weight=3.0), Example("b", {}, label="money")]
    answer = fit_head(features, weighted, TASK, c=1.0).predict(
        weighted[:1], features[:1], ("sport",)
    )
    assert (answer[0].scores or {})["sport"] == pytest.approx(0.75, abs=1e-3)


def test_rows_that_teach_nothing_are_refused(tmp_path: Path) -> None:
    learner = build(LinearOptions(), task=TASK)
    with pytest.raises(TrainingError, match="1 of 1 training rows have no label, such as 'x'"):
        learner.fit([Example("x", {"text": "a b"})], [], seed=1, folder=tmp_path)
    with pytest.raises(TrainingError, match="hold no word in text"):
        learner.fit([Example("x", {"body": "a"}, label="sport")], [], seed=1, folder=tmp_path)
    with pytest.raises(TrainingError):
        learner.fit([], [], seed=1, folder=tmp_path)


def test_the_folder_says_what_it_holds(tmp_path: Path) -> None:
    learner = build(LinearOptions(c=1.0), task=TASK)
    place = Path(learner.fit(rows(30, 1), [], seed=1, folder=tmp_path).folders["last"])
    assert sorted(p.name for p in place.iterdir()) == ["README.md", "student.json", "weights.npz"]
    assert "`sport`, `money`, `01`" in (place / "README.md").read_text()
    with pytest.raises(UserError, match="holds no linear student"):
        learner.load(tmp_path)
    stored = (place / "student.json").read_text().replace('"linear"', '"seq2seq"')
    (place / "student.json").write_text(stored)
    with pytest.raises(UserError, match="kind 'seq2seq'"):
        learner.load(place)


def test_it_comes_through_the_door() -> None:
    plugin = find("learner", "linear")
    assert plugin.make(plugin.options(), task=TASK) == build(LinearOptions(), task=TASK)


@pytest.mark.real
def test_real_questions_are_told_apart_far_better_than_by_the_commonest_label(
    tmp_path: Path,
) -> None:
    place = Path(
        os.environ.get("TUTELAGE_REAL_DATA", Path(__file__).parents[3] / "shared" / "data")
    )
    files = [place / "trec6" / f"{name}.jsonl.gz" for name in ("train", "test")]
    if not all(file.exists() for file in files):
        pytest.skip(f"no real data in {place}; set TUTELAGE_REAL_DATA")
    train, test = (
        [
            Example(f"{file.name}-{i}", {"text": record["text"]}, label=record["label"])
            for i, record in enumerate(
                map(json.loads, gzip.decompress(file.read_bytes()).splitlines())
            )
        ]
        for file in files
    )
    task = Task(
        "trec", "classification", ("text",), tuple(map(Label, sorted({r.label for r in train})))
    )
    learner = build(LinearOptions(c=10.0), task=task)
    fitted = learner.fit(train[:1000], [], seed=1, folder=tmp_path)
    answers = learner.load(Path(fitted.folders["last"])).predict(test)
    right = np.mean([a.label == r.label for a, r in zip(answers, test, strict=True)])
    assert right > 0.78  # .83 on 1,000 questions; the commonest label .28
