from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from tutelage.contracts import Critic
from tutelage.exceptions import UserError
from tutelage.feedback.holding_back import place
from tutelage.plugins import find
from tutelage.records import Example, Label, Prediction, Task

TASK = Task("t", "classification", ("text",), (Label("yes"), Label("no")))
KEPT = [Example(str(i), {"text": f"row {i}"}, label=("yes", "no")[i % 2]) for i in range(200)]


@dataclass
class Knowing:
    """A student whose influences are known: the row's number less 100, a hundredth of it."""

    asked: list[tuple[list[str], list[str], str]] = field(default_factory=list)

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        return [Prediction(row.id) for row in examples]

    def influences(
        self, rows: Sequence[Example], validation: Sequence[Example], *, loss: Literal["rce", "ce"]
    ) -> list[float]:
        self.asked.append(([row.id for row in rows], [row.id for row in validation], loss))
        return [(int(row.id) - 100) / 100 for row in rows]


class Plain:
    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        return []


def critic(task: Task = TASK, **options: object) -> Critic:
    plugin = find("critic", "influence")
    made: Critic = plugin.make(plugin.options(**options), task=task)
    return made


def test_the_most_helpful_rows_of_each_label_by_how_much_they_help() -> None:
    student = Knowing()
    found = critic(rows=3).review(student, (), KEPT, seed=1)
    ((scored, validation, loss),) = student.asked
    assert loss == "rce"
    assert not set(scored) & set(validation) and len(scored) + len(validation) == 200
    for label, named in (("yes", found.rows[:3]), ("no", found.rows[3:])):
        expected = [row for row in KEPT if row.label == label and row.id in scored][:3]
        assert [w.example for w in named] == expected
        assert [w.weight for w in named] == [(100 - int(row.id)) / 100 for row in expected]
    first = found.rows[0]
    assert first.reason == f"influence {-first.weight:+.2e}"
    assert found.measures["helpful"] == sum(int(i) < 100 for i in scored) / len(scored)


def test_harmful_rows_are_never_named() -> None:
    found = critic(rows=1000).review(Knowing(), (), KEPT, seed=1)
    assert {int(w.example.id) < 100 for w in found.rows} == {True}


def test_a_row_stays_on_its_side_when_others_join() -> None:
    student = Knowing()
    critic().review(student, (), KEPT[:100], seed=1)
    critic().review(student, (), list(reversed(KEPT)), seed=2)
    early, late = (set(validation) for _, validation, _ in student.asked)
    assert early == {i for i in late if int(i) < 100}
    assert 20 <= len(late) <= 60  # a fifth of 200, give or take


def test_no_more_rows_are_scored_than_asked() -> None:
    student = Knowing()
    critic(most=50).review(student, (), KEPT, seed=1)
    critic(most=50).review(student, (), KEPT, seed=1)
    (one, _, _), (two, _, _) = student.asked
    assert len(one) == 50 and one == two and one == sorted(one, key=int)


def test_as_published_the_first_turns_measure_nothing() -> None:
    student = Knowing()
    found = critic(least=1000).review(student, (), KEPT, seed=1)
    assert not student.asked and found.measures["scored"] == 0
    assert {w.reason for w in found.rows} == {"not measured"}
    assert [w.example for w in found.rows] == [row for row in KEPT if place(row) >= 0.2]


def test_too_few_rows_bring_no_feedback() -> None:
    inside = [row for row in KEPT if place(row) >= 0.2][:4]
    assert critic().review(Knowing(), (), inside, seed=1).rows == ()
    only_yes = [row for row in KEPT if row.label == "yes"]
    assert critic().review(Knowing(), (), only_yes, seed=1).rows == ()


def test_it_needs_gradients_and_single_labels() -> None:
    assert critic().needs == "gradients" and critic().reads == "kept"
    with pytest.raises(UserError, match="gradients"):
        critic().review(Plain(), (), KEPT, seed=1)
    with pytest.raises(UserError, match="multi_label"):
        critic(replace(TASK, kind="multi_label"))


@pytest.mark.real
def test_real_rows_with_wrong_labels_are_seldom_helpful_by_reverse_cross_entropy(
    tmp_path: Path,
) -> None:
    """1,000 of SuperGen's SST-2 rows, a fifth of them with the other label."""
    root = Path(os.environ.get("TUTELAGE_REAL_DATA", "../shared/data"))
    path = root / "supergen/SST-2__synthetic_train.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"no real data at {path}")
    records = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    chance = random.Random(1)
    task = Task("sst", "classification", ("text",), (Label("0"), Label("1")))
    rows = [
        Example(str(i), {"text": record["text"]}, label=str(record["label"]))
        for i, record in enumerate(chance.sample(records, 1000))
    ]
    wrong = {row.id for row in rows if chance.random() < 0.2}
    rows = [
        replace(row, label="10"[int(str(row.label))]) if row.id in wrong else row for row in rows
    ]
    learner = find("learner", "linear")
    made = learner.make(learner.options(c=1.0), task=task)
    student = made.load(Path(made.fit(rows, [], seed=1, folder=tmp_path).folders["last"]))
    shares = {}
    for loss in ("rce", "ce"):
        found = critic(task, rows=50, loss=loss).review(student, (), rows, seed=1)
        shares[loss] = sum(w.example.id in wrong for w in found.rows) / len(found.rows)
    assert shares["rce"] < 0.1 < 0.2 < shares["ce"]
