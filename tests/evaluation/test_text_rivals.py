from __future__ import annotations

import pytest

from tutelage.contracts import Predictor
from tutelage.evaluation.text_rivals import Copy, Nearest
from tutelage.exceptions import DataError, RecipeError
from tutelage.recipe import load_recipe
from tutelage.records import Example, Task

TASK = Task("t", "generation", ("subject", "words"))


def row(name: str, subject: str, words: str, target: str = "") -> Example:
    return Example(name, {"words": words, "subject": subject}, target=target or None)


TRAIN = [
    row("1", "dog", "ball catch", "A dog catches a ball."),
    row("2", "cat", "sofa sleep", "A cat sleeps on a sofa."),
    row("3", "dog", "ball catch", "Never said: the first of equals answers."),
]


def test_copy_repeats_the_fields_in_the_order_of_the_task() -> None:
    rival = Copy(TASK)
    assert isinstance(rival, Predictor)
    (said,) = rival.predict([row("a", "dog", "run park")])
    assert (said.id, said.target, said.text) == ("a", "dog run park", "dog run park")


def test_nearest_answers_with_the_target_of_the_nearest_train_row() -> None:
    rival = Nearest(TASK, TRAIN)
    assert isinstance(rival, Predictor)
    said = rival.predict([row("a", "cat", "bed sleep"), row("b", "dog", "ball throw")])
    assert [p.target for p in said] == ["A cat sleeps on a sofa.", "A dog catches a ball."]
    assert rival.predict([]) == []


def test_nearest_of_a_row_that_shares_no_word_is_the_first() -> None:
    (said,) = Nearest(TASK, TRAIN).predict([row("a", "?", "!")])
    assert said.target == "A dog catches a ball."


def test_nearest_takes_the_first_reference_where_there_is_no_target() -> None:
    train = [Example("1", {"subject": "a", "words": "b"}, references=("x", "y")), TRAIN[0]]
    (said,) = Nearest(TASK, train).predict([row("q", "a", "b")])
    assert said.target == "x"


def test_nearest_needs_a_target() -> None:
    with pytest.raises(DataError, match="No train row has a target"):
        Nearest(TASK, [row("1", "a", "b")]).predict(TRAIN)


def recipe(**more: object) -> dict[str, object]:
    return {
        "task": {"kind": "generation"},
        "gold": {"train": "train.csv"},
        "student": {"kind": "generator"},
        "arms": {"gold_only": {}},
        **more,
    }


def test_tasks_with_texts_to_write_have_these_rivals_unless_others_are_named() -> None:
    assert [r.kind for r in load_recipe(recipe()).recipe.rivals.values()] == ["copy", "nearest"]
    assert list(load_recipe(recipe(rivals=["nearest"])).recipe.rivals) == ["nearest"]
    assert load_recipe(recipe(rivals={})).recipe.rivals == {}


@pytest.mark.parametrize(
    ("kind", "rival", "instead"),
    [
        ("generation", "majority", "write `copy` or `nearest`"),
        ("classification", "copy", "write `majority`"),
        ("span_qa", "nearest", "write `guess`"),
    ],
)
def test_rivals_of_other_tasks_are_refused(kind: str, rival: str, instead: str) -> None:
    student = {"generation": "generator", "span_qa": "span_reader"}.get(kind, "linear")
    with pytest.raises(RecipeError, match=f"does not fit {kind}: {instead}"):
        load_recipe(recipe(task={"kind": kind}, student={"kind": student}, rivals=[rival]))
