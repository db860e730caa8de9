from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from tutelage.evaluation.metrics import measure, metrics_for
from tutelage.evaluation.scorecard import merge_folds, score
from tutelage.exceptions import UserError
from tutelage.recipe import PartSpec
from tutelage.records import Example, Label, Prediction, Task, Usage

TASK = Task("t", "classification", ("text",), (Label("yes"), Label("no")))
ROWS = [Example(str(i), {"text": "x"}, label=("yes", "no")[i % 2]) for i in range(8)]


def said(rows: list[Example], label: str | None = None) -> list[Prediction]:
    return [Prediction(row.id, label=label or row.label) for row in rows]


def test_a_card_holds_scores_predictions_and_their_context() -> None:
    card = score(
        TASK,
        ROWS,
        said(ROWS, "yes")[::-1],
        arm="explain",
        split="test",
        rule="last",
        student_seed=3,
        charged=Usage(requests=7),
        facts={"train_rows": 20},
    )
    assert card.scores["accuracy"] == 0.5
    assert card.scores["macro_f1"] == pytest.approx((2 * 4 / 12) / 2)
    assert card.scores["recall/yes"] == 1.0
    assert [p.id for p in card.predictions] == [row.id for row in ROWS]
    assert card.facts["train_rows"] == 20
    assert card.facts["scored_rows"] == 8
    assert card.facts["confusion"]["counts"] == [[4, 0, 0], [4, 0, 0]]
    assert json.loads(json.dumps(asdict(card)))["charged"]["requests"] == 7


def test_a_row_too_few_is_no_score() -> None:
    with pytest.raises(UserError, match="1 rows without a prediction"):
        score(TASK, ROWS, said(ROWS[1:]), arm="a", split="dev")


def test_folds_are_joined_by_row_and_scored_anew() -> None:
    cards = [
        score(TASK, part, answers, arm="a", split="test", charged=Usage(paid), facts={"f": 1})
        for part, answers, paid in (
            (ROWS[:5], said(ROWS[:5]), 2),
            (ROWS[5:], said(ROWS[5:], "yes"), 4),
        )
    ]
    other = score(TASK, ROWS, said(ROWS), arm="b", split="test")
    joined, alone = merge_folds(TASK, ROWS, [*cards, other])
    assert joined.scores == measure(TASK, ROWS, said(ROWS[:5]) + said(ROWS[5:], "yes"))
    assert joined.charged.requests == 4
    assert joined.facts["folds"] == 2
    assert joined.facts["f"] == 1
    assert alone is other


def test_folds_that_answer_the_same_row_are_refused() -> None:
    one = score(TASK, ROWS, said(ROWS), arm="a", split="test")
    with pytest.raises(UserError, match="8 rows were answered by more than one fold"):
        merge_folds(TASK, ROWS, [one, one])


def test_a_dev_row_of_several_folds_is_answered_by_the_first() -> None:
    first = score(TASK, ROWS[:5], said(ROWS[:5]), arm="a", split="dev")
    second = score(TASK, ROWS[3:], said(ROWS[3:], "yes"), arm="a", split="dev")
    (joined,) = merge_folds(TASK, ROWS, [first, second])
    assert joined.scores["accuracy"] == (5 + 1) / 8


def test_a_recipe_adds_metrics_by_name_and_sets_their_options() -> None:
    metrics = metrics_for(TASK, [PartSpec(name="accuracy", options={"count_unparseable": "drop"})])
    answers = [*said(ROWS[1:]), Prediction("0")]
    found = measure(TASK, ROWS, answers, metrics)
    assert found["accuracy"] == 7 / 8
    assert found["accuracy_answered"] == 1.0
    assert found["accuracy_answered_rows"] == 7
    with pytest.raises(UserError, match="Did you mean accuracy"):
        metrics_for(TASK, [PartSpec(name="acuracy")])
