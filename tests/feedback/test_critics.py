from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from tutelage.contracts import Critic
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Example, Label, Origin, Prediction, Task

TASK = Task("t", "classification", ("text",), (Label("yes"), Label("no")))
POOL = [Example(str(i), {"text": "x"}, label=("yes", "no")[i % 2]) for i in range(6)]


@dataclass
class Table:
    """A student that answers from a table."""

    answers: dict[str, Prediction]

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        return [self.answers[row.id] for row in examples]


def critic(name: str, task: Task = TASK, **options: object) -> Critic:
    plugin = find("critic", name)
    made: Critic = plugin.make(plugin.options(**options), task=task)
    return made


def test_errors_are_the_wrong_rows_with_what_was_said() -> None:
    said = ["yes", "yes", None, "no", "yes", "no"]
    student = Table({str(i): Prediction(str(i), label=s) for i, s in enumerate(said)})
    found = critic("errors").review(student, POOL, [], seed=1)
    assert [(w.example.id, w.weight, w.reason) for w in found.rows] == [
        ("1", 1.0, "predicted yes"),
        ("2", 1.0, "predicted nothing readable"),
    ]
    assert found.measures == {"error_rate": 2 / 6, "errors": 2.0}


def test_multi_label_errors_are_rows_whose_set_is_not_exact() -> None:
    task = replace(TASK, kind="multi_label")
    pool = [Example("a", {}, labels=("yes", "no")), Example("b", {}, labels=("yes",))]
    student = Table({"a": Prediction("a", labels=("no", "yes")), "b": Prediction("b", labels=())})
    found = critic("errors", task).review(student, pool, [], seed=1)
    assert [w.reason for w in found.rows] == ["predicted no label"]


def test_errors_need_a_labelled_pool() -> None:
    for pool in ([], [Example("a", {"text": "x"})]):
        with pytest.raises(UserError, match="no labelled pool"):
            critic("errors").review(Table({}), pool, [], seed=1)


def test_uncertainty_names_the_smallest_margins_first_and_skips_what_was_bought() -> None:
    sure = [0.9, 0.5, 0.6, 0.99, 0.7, 0.55]
    student = Table(
        {str(i): Prediction(str(i), scores={"yes": p, "no": 1 - p}) for i, p in enumerate(sure)}
    )
    rows = [replace(row, label=None) for row in POOL]
    bought = [Example("made", {}, label="yes", origin=Origin(source="5"))]
    found = critic("uncertainty", rows=2).review(student, rows, bought, seed=1)
    assert [w.example.id for w in found.rows] == ["1", "2"]
    assert [w.weight for w in found.rows] == pytest.approx([1.0, 0.8])
    assert critic("uncertainty").reads == "unlabelled"


def test_uncertainty_of_several_labels_is_that_of_the_least_sure_one() -> None:
    task = replace(TASK, kind="multi_label")
    student = Table(
        {
            "a": Prediction("a", scores={"yes": 0.9, "no": 0.55}),
            "b": Prediction("b", scores={"yes": 0.2, "no": 0.1}),
        }
    )
    rows = [Example("b", {}), Example("a", {})]
    found = critic("uncertainty", task).review(student, rows, [], seed=1)
    assert [w.example.id for w in found.rows] == ["a", "b"]


def test_uncertainty_needs_scores() -> None:
    with pytest.raises(UserError, match="probabilities"):
        critic("uncertainty").review(
            Table({"0": Prediction("0", label="yes")}), POOL[:1], [], seed=1
        )


def test_random_rows_are_distinct_repeatable_and_new_in_each_turn() -> None:
    rows = [Example(str(i), {"text": "x"}) for i in range(50)]
    one = critic("random_rows", rows=10).review(Table({}), rows, [], seed=3)
    ids = [w.example.id for w in one.rows]
    assert len(set(ids)) == 10
    assert one == critic("random_rows", rows=10).review(Table({}), rows, [], seed=3)
    kept = [replace(w.example, label="yes") for w in one.rows]
    two = critic("random_rows", rows=10).review(Table({}), rows, kept, seed=3)
    assert not {w.example.id for w in two.rows} & set(ids)
    assert len(critic("random_rows", rows=99).review(Table({}), rows, [], seed=3).rows) == 50
