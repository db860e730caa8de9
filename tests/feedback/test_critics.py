from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from tutelage.contracts import Critic
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Example, Label, Origin, Prediction, Task, Weighted

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


def half_wrong(count: int) -> tuple[list[Example], Table]:
    """A pool of which a student that always says yes gets every second row wrong."""
    pool = [Example(str(i), {"text": f"row {i}"}, label=("yes", "no")[i % 2]) for i in range(count)]
    scores = {"yes": 0.75, "no": 0.25}
    return pool, Table({row.id: Prediction(row.id, "yes", scores=scores) for row in pool})


def test_errors_of_the_part_held_back_are_measured_and_never_named() -> None:
    pool, student = half_wrong(100)
    found = critic("errors").review(student, pool, [], seed=1)
    whole = critic("errors", hold_back=0.0).review(student, pool, [], seed=1)
    again = critic("errors").review(student, pool, [Example("new", {})], seed=2)
    assert found == again
    assert whole.measures == {"error_rate": 0.5, "errors": 50.0}
    assert found.measures["held_back"] == 30
    held_errors = found.measures["held_back_error_rate"] * 30
    assert found.measures["errors"] + held_errors == pytest.approx(50)
    assert {w.example.id for w in found.rows} < {w.example.id for w in whole.rows}


def test_errors_may_weigh_by_how_sure_the_student_was() -> None:
    pool, student = half_wrong(4)
    for way, weight in (("equal", 1.0), ("confidence", 0.75), ("margin", 0.5)):
        made = critic("errors", weights=way)
        assert {w.weight for w in made.review(student, pool, [], seed=1).rows} == {weight}
        assert made.needs == ("" if way == "equal" else "scores")
    with pytest.raises(UserError, match="multi_label"):
        critic("errors", replace(TASK, kind="multi_label"), weights="margin")
    with pytest.raises(UserError, match="probability of each label"):
        critic("errors", weights="margin").review(
            Table({"1": Prediction("1", "yes")}), POOL[1:2], [], seed=1
        )


def test_random_rows_can_be_as_many_as_errors_out_of_the_same_part() -> None:
    pool, student = half_wrong(100)
    errors = critic("errors").review(student, pool, [], seed=1)
    rival = critic("random_rows", rows="errors")
    one = rival.review(student, pool, [], seed=1)
    assert len(one.rows) == len(errors.rows) and one.measures == errors.measures
    assert {w.example.label for w in one.rows} == {"yes", "no"}
    whole = critic("errors", hold_back=0.0).review(student, pool, [], seed=1)
    held = {row.id for row in pool} - {w.example.id for w in _all_used(pool)}
    assert not held & {w.example.id for w in one.rows} and len(whole.rows) == 50


def _all_used(pool: list[Example]) -> list[Weighted]:
    """Every row that may be handed over: named as errors by a student that is always wrong."""
    wrong = Table({row.id: Prediction(row.id, None) for row in pool})
    return list(critic("errors").review(wrong, pool, [], seed=1).rows)


def test_random_rows_take_used_ones_again_where_errors_did() -> None:
    pool, student = half_wrong(10)
    varied = [Example(f"v{i}", {}, label="yes", origin=Origin(source=str(i))) for i in range(8)]
    found = critic("random_rows", rows="errors").review(student, pool, varied, seed=1)
    ids = [w.example.id for w in found.rows]
    assert set(ids[:2]) == {"8", "9"} and len(set(ids)) == 5
    with pytest.raises(UserError, match="reads: pool"):
        critic("random_rows", rows="errors", reads="unlabelled")


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
