from __future__ import annotations

from dataclasses import replace

import pytest

from tutelage.contracts import Predictor
from tutelage.evaluation.rivals import Majority, given_predictions, unanswered
from tutelage.exceptions import DataError
from tutelage.records import Example, Label, Prediction, Task

TASK = Task("t", "classification", ("text",), (Label("no"), Label("on"), Label("01")))
MULTI = replace(TASK, kind="multi_label")
ROWS = [Example("a", {"text": "x"}, label="on"), Example("b", {"text": "y"}, label="01")]


def test_majority_is_the_commonest_training_label() -> None:
    train = [Example(str(i), {}, label=label) for i, label in enumerate(["on", "01", "on", "no"])]
    rival = Majority(TASK, train)
    assert isinstance(rival, Predictor)
    assert [p.label for p in rival.predict(ROWS)] == ["on", "on"]
    assert rival.predict(ROWS)[0].scores == {"no": 0.25, "on": 0.5, "01": 0.25}
    assert Majority(TASK, []).predict(ROWS)[0].label == "no"


def test_majority_of_several_labels_is_the_commonest_set() -> None:
    train = [
        Example(str(i), {}, labels=labels)
        for i, labels in enumerate([("on", "no"), ("no", "on"), ("on",), ("on",), ("no", "on")])
    ]
    answer = Majority(MULTI, train).predict(ROWS)[0]
    assert set(answer.labels or ()) == {"no", "on"}
    assert answer.scores == {"no": 0.6, "on": 1.0, "01": 0.0}


def test_given_predictions_answer_by_id() -> None:
    rival = given_predictions(
        TASK,
        [
            {"id": "b", "label": "", "score_on": None},
            {"id": "a", "label": "on", "score_on": "0.75", "score_no": 0.25},
        ],
    )
    assert rival.predict(ROWS) == [
        Prediction("a", label="on", scores={"on": 0.75, "no": 0.25}),
        Prediction("b"),
    ]


def test_given_sets_of_labels_may_be_cells_or_lists() -> None:
    rival = given_predictions(
        MULTI,
        [{"id": "a", "label": "on, no"}, {"id": "b", "labels": ["01"]}, {"id": "c", "label": ""}],
    )
    rows = [*ROWS, Example("c", {})]
    assert [p.labels for p in rival.predict(rows)] == [("on", "no"), ("01",), ()]


def test_all_faults_of_a_table_are_told_at_once() -> None:
    with pytest.raises(DataError) as caught:
        given_predictions(
            TASK,
            [
                {"id": "a", "label": "maybe"},
                {"id": "", "label": "on"},
                {"id": "b"},
                {"id": "c", "label": "on", "score_off": 1, "score_on": "high"},
                {"id": "d", "label": "on"},
                {"id": "d", "label": "on"},
            ],
        )
    message = str(caught.value)
    for part in (
        "6 faults",
        "row 1: the task has no label 'maybe'",
        "row 2: it has no id",
        "row 3: it has no column label",
        "row 4: score_off names no label",
        "row 4: score_on is 'high'",
        "row 6: the id 'd' stands twice",
    ):
        assert part in message


def test_rows_without_a_given_prediction_are_named() -> None:
    with pytest.raises(DataError, match="1 of 2 rows have no given prediction: 'b'"):
        given_predictions(TASK, [{"id": "a", "label": "on"}]).predict(ROWS)


def test_given_texts_stand_in_the_column_target() -> None:
    task = Task("t", "generation", ("text",))
    rival = given_predictions(
        task, [{"id": "a", "target": " it rains "}, {"id": "b", "target": ""}]
    )
    assert rival.predict(ROWS) == [
        Prediction("a", text="it rains", target="it rains"),
        Prediction("b", text="", target=""),
    ]
    with pytest.raises(DataError, match="it has no column target") as told:
        given_predictions(task, [{"id": "a", "label": "x"}])
    assert "Columns: id and target." in str(told.value)


def test_a_teacher_never_sees_an_answer() -> None:
    row = replace(ROWS[0], rationale="because", scores={"on": 1.0}, tags={"hint": "on"})
    assert unanswered(row) == Example("a", {"text": "x"})
