"""SQuAD's exact match and token F1, against values worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.answer_matching import Match, match, match_of, normalised
from tutelage.evaluation.influence import row_values
from tutelage.evaluation.metrics import measure
from tutelage.evaluation.rivals import Guess, given_predictions
from tutelage.evaluation.scorecard import score
from tutelage.evaluation.slicing import slices
from tutelage.evaluation.span_answers import SpanAnswers
from tutelage.evaluation.standings import Contender, comparisons, table
from tutelage.exceptions import DataError, UserError
from tutelage.records import Example, Prediction, Span, Task

TASK = Task("qa", "span_qa", ("context", "question"), metric="f1")


def row(id_: str, *answers: str, context: str = "c", **tags: str) -> Example:
    spans = tuple(Span(answer, 0, len(answer)) for answer in answers)
    return Example(id_, {"context": context, "question": "q"}, spans=spans, tags=tags)


def said(id_: str, answer: str | None) -> Prediction:
    if answer is None:
        return Prediction(id_)
    return Prediction(id_, spans=(Span(answer),) if answer else ())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The Moor", "moor"),
        ("  a  cat,\tan  owl & the dog!  ", "cat owl dog"),
        ("theatre", "theatre"),  # articles are whole words
        ("St. James' Park", "st james park"),
        ("U.S.A.", "usa"),  # marks vanish, they are no blanks
        ("10-12", "1012"),
        ("Ärzte — «ja»", "ärzte — «ja»"),  # ASCII punctuation alone, as in the official script
        ("The", ""),
    ],
)
def test_normalisation(text: str, wanted: str) -> None:
    assert normalised(text) == wanted


@pytest.mark.parametrize(
    ("answer", "references", "exact", "f1"),
    [
        ("Town Moor", ["the Town Moor"], 1, 1),
        ("Moor", ["Town Moor"], 0, 2 / 3),  # P 1/1, R 1/2
        ("the Town Moor in Newcastle", ["Town Moor"], 0, 2 / 3),  # P 2/4, R 2/2
        ("new new york", ["new york"], 0, 0.8),  # repeated words count as often as both have them
        ("Paris", ["Town Moor"], 0, 0),
        ("in May 1990", ["1990", "May 1990", "June"], 0, 0.8),  # the best reference: P 2/3, R 2/2
        ("May", ["1990", "may"], 1, 1),
        ("", [], 1, 1),
        ("", ["Town Moor"], 0, 0),
        ("Town Moor", [], 0, 0),
        ("the", [], 1, 1),  # nothing is left of it
        ("x", ["the", "x y"], 0, 2 / 3),  # an empty reference is passed over beside others
    ],
)
def test_match_by_hand(answer: str, references: list[str], exact: float, f1: float) -> None:
    found = match(answer, references)
    assert found.exact == exact
    assert found.f1 == pytest.approx(f1)


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=4))
def test_f1_is_at_least_exact_match_and_a_copy_is_right(answer: str, references: list[str]) -> None:
    found = match(answer, references)
    assert 0 <= found.exact <= found.f1 <= 1
    assert match(answer, [*references, answer]).exact == 1 or not normalised(answer)


ROWS = [row("1", "Town Moor"), row("2", "1990", "May 1990"), row("3"), row("4"), row("5", "Rome")]
SAID = ["the moor", "in May 1990", "", "Rome", None]
"""Exact: 0 0 1 0 0; F1: 2/3, .8, 1, 0, 0."""


def predictions(answers: list[str | None] = SAID) -> list[Prediction]:
    return [said(r.id, a) for r, a in zip(ROWS, answers, strict=True)]


def test_scores_of_a_set_by_hand() -> None:
    found = SpanAnswers().score(TASK, ROWS, predictions())
    assert found == pytest.approx(
        {
            "f1": (2 / 3 + 0.8 + 1) / 5,
            "em": 0.2,
            "unparseable": 0.2,
            "f1/answerable": (2 / 3 + 0.8) / 3,
            "em/answerable": 0.0,
            "em/unanswerable": 0.5,
            "unanswerable_rows": 2,
        }
    )
    everywhere = SpanAnswers().score(TASK, ROWS[:2], predictions()[:2])
    assert set(everywhere) == {"f1", "em", "unparseable"}


def test_an_unreadable_answer_is_wrong_even_where_there_is_none_to_give() -> None:
    assert match_of(row("1"), Prediction("1", text="I am not sure")) == Match(0.0, 0.0)


def test_row_values_have_the_score_as_their_mean() -> None:
    for metric in ("f1", "em"):
        values = row_values(TASK, ROWS, predictions()[::-1], metric=metric)
        assert values.mean() == pytest.approx(measure(TASK, ROWS, predictions())[metric])
    assert row_values(TASK, ROWS, predictions(), metric="em").tolist() == [0, 0, 1, 0, 0]
    with pytest.raises(UserError, match="cannot be compared on 'accuracy'"):
        row_values(TASK, ROWS, predictions(), metric="accuracy")
    with pytest.raises(DataError, match="1 rows have no answer spans"):
        SpanAnswers().score(TASK, [Example("1", {})], [said("1", "x")])


def test_two_arms_are_compared_row_by_row() -> None:
    rows = [row(str(i), "Town Moor", context=f"c{i // 2}") for i in range(40)]
    good = [said(r.id, "Town Moor") for r in rows]
    fair = [said(r.id, "Moor") for r in rows]
    cards = [
        score(TASK, rows, answers, arm=arm, split="dev", student_seed=seed)
        for arm, answers in (("good", good), ("fair", fair))
        for seed in (1, 2)
    ]
    first, second = table(TASK, rows, cards, by="context")
    assert (first.metric, first.mean, second.mean) == ("f1", 1.0, pytest.approx(2 / 3))
    assert second.interval is not None and second.interval.point == pytest.approx(2 / 3)
    pair = [(Contender("good"), Contender("fair"))]
    (by_f1,) = comparisons(TASK, rows, cards, pair, by="context")
    (by_em,) = comparisons(TASK, rows, cards, pair, metric="em")
    assert by_f1.difference == pytest.approx(1 / 3) and not by_f1.within_seeds
    assert by_em.difference == 1 and [w.won for w in by_em.within_seeds] == [40, 40]


def test_slices_show_token_f1_by_tag_and_for_questions_without_an_answer() -> None:
    rows = [row("1", "Town Moor", hard="yes"), row("2", hard="yes"), row("3", "Rome", hard="no")]
    card = score(
        TASK, rows, [said("1", "Moor"), said("2", ""), said("3", None)], arm="a", split="dev"
    )
    found = {(s.name, s.value): s.interval.point for s in slices(TASK, rows, [card])}
    assert found == pytest.approx(
        {("label", "no answer"): 1, ("hard", "yes"): 5 / 6, ("hard", "no"): 0}
    )


# --- rivals ----------------------------------------------------------------------------------------


def test_a_guess_is_the_longest_run_of_capitals_that_was_not_asked_about() -> None:
    context = "Once the Royal Shakespeare Company met Bob Geldof and Alan."
    asked = Example("1", {"context": context, "question": "Who met Bob Geldof?"})
    (found,) = Guess(TASK).predict([asked])
    assert found.spans == (Span("Royal Shakespeare Company", 9, 34),)
    known = Example("2", {"context": context, "question": "The Royal Shakespeare Company met?"})
    assert Guess(TASK).predict([known])[0].answer == ("Bob Geldof",)
    assert Guess(TASK).predict([row("3", context="no name")])[0].spans == ()


def test_given_answers_of_questions() -> None:
    given_ = given_predictions(TASK, [{"id": 1, "answer": "Moor"}, {"id": "2", "answer": None}])
    found = given_.predict([row("1"), row("2")])
    assert [p.spans for p in found] == [(Span("Moor"),), ()]
    with pytest.raises(DataError, match="row 1: it has no column answer"):
        given_predictions(TASK, [{"id": "1", "label": "x"}])


def test_exact_values_are_floats_for_every_row() -> None:
    values = row_values(TASK, ROWS, predictions(), metric="f1")
    assert values.dtype == np.float64 and values.shape == (5,)
