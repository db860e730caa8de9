from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tutelage.evaluation.scorecard import score
from tutelage.evaluation.significance import compare, interval, mcnemar
from tutelage.evaluation.slicing import slices
from tutelage.evaluation.standings import (
    PURCHASES,
    Contender,
    choose_grid,
    comparisons,
    contenders,
    score_matrix,
    table,
)
from tutelage.exceptions import UserError
from tutelage.records import Example, Label, Prediction, Scorecard, Task, Usage

TASK = Task("t", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))
ROWS = [
    Example(
        str(i),
        {"premise": f"p{i // 4}", "hypothesis": f"h{i}"},
        label=("yes", "no")[i % 2],
        tags={"length": "long" if i % 3 else "short"},
    )
    for i in range(120)
]
FLIP = {"yes": "no", "no": "yes"}


def card(arm: str, share: float, seed: int, *, purchase: int = 1, **more: object) -> Scorecard:
    rng = np.random.default_rng([seed, purchase, int(1000 * share)])
    answers = [
        Prediction(r.id, label=r.label if ok else FLIP[str(r.label)])
        for r, ok in zip(ROWS, rng.random(len(ROWS)) < share, strict=True)
    ]
    given = {"split": "test", "rule": "last", "charged": Usage(requests=10 * purchase), **more}
    return score(TASK, ROWS, answers, arm=arm, student_seed=seed, purchase_seed=purchase, **given)


CARDS = [card(arm, share, s) for arm, share in (("a", 0.9), ("b", 0.6)) for s in (1, 2, 3)]


def test_a_matrix_holds_seeds_by_rows_in_the_order_of_rows() -> None:
    group = contenders(CARDS[::-1])[Contender("a", "", "last")]
    assert [c.student_seed for c in group] == [1, 2, 3]
    matrix = score_matrix(TASK, ROWS[:10], group, metric="accuracy")
    assert matrix.shape == (3, 10)
    first = {p.id: p.label for p in group[0].predictions}
    assert matrix[0].tolist() == [float(first[r.id] == r.label) for r in ROWS[:10]]


def test_the_table_shows_means_with_intervals_over_rows_and_seeds() -> None:
    lines = table(TASK, ROWS, CARDS, by="premise")
    assert [line.contender.arm for line in lines] == ["a", "b"]
    line = lines[0]
    matrix = score_matrix(TASK, ROWS, CARDS[:3], metric="accuracy")
    assert line.interval == interval(matrix, groups=[r.fields["premise"] for r in ROWS])
    assert line.mean == pytest.approx(matrix.mean())
    assert line.spread == pytest.approx(matrix.mean(axis=1).std(ddof=1))
    assert (line.student_seeds, line.purchase_seeds, line.rows) == ((1, 2, 3), (1,), 120)
    assert line.charged.requests == 10
    assert json.loads(json.dumps(line.to_facts()))["interval"]["point"] == line.mean


def test_macro_f1_has_an_interval_too_and_other_metrics_none() -> None:
    (line, _) = table(TASK, ROWS, CARDS, metric="macro_f1")
    assert line.interval is not None
    assert line.interval.point == pytest.approx(line.mean)
    assert table(TASK, ROWS, CARDS, metric="brier")[0].interval is None
    assert table(TASK, ROWS, CARDS, metric="brier")[0].mean is None


def test_several_purchases_are_the_independent_draws() -> None:
    cards = [card("a", 0.8, s, purchase=p) for p in (1, 2) for s in (1, 2, 3)]
    (line,) = table(TASK, ROWS, cards)
    assert score_matrix(TASK, ROWS, cards, metric="accuracy").shape == (2, 120)
    assert line.interval is not None
    assert line.interval.covers == PURCHASES
    assert line.charged.requests == 15  # the mean of two purchases


def test_comparisons_are_paired_and_adjusted_together() -> None:
    a, b = Contender("a", "", "last"), Contender("b", "", "last")
    one, other = comparisons(TASK, ROWS, CARDS, [(a, b), (b, a)])
    alone = compare(
        score_matrix(TASK, ROWS, CARDS[:3], metric="accuracy"),
        score_matrix(TASK, ROWS, CARDS[3:], metric="accuracy"),
        names=("a last", "b last"),
    )
    assert replace(one, p_adjusted=None, within_seeds=()) == alone
    assert [w.student_seed for w in one.within_seeds] == [1, 2, 3]
    right = score_matrix(TASK, ROWS, CARDS, metric="accuracy")
    assert one.within_seeds[1].p == mcnemar(right[1], right[4])
    assert (other.within_seeds[0].won, other.within_seeds[0].lost) == (
        one.within_seeds[0].lost,
        one.within_seeds[0].won,
    )
    assert one.p_adjusted == pytest.approx(2 * one.p)
    assert (one.verdict, other.verdict) == ("gain", "loss")
    facts = json.loads(json.dumps(one.to_facts()))
    assert facts["sentence"] == "gain"
    assert facts["equivalence_p"] > 0.5


def test_a_teacher_that_answered_some_rows_is_compared_on_those() -> None:
    part = ROWS[:40]
    answers = [Prediction(r.id, label=r.label) for r in part]
    teacher = score(TASK, part, answers, arm="teacher", split="test")
    (found,) = comparisons(
        TASK, ROWS, [*CARDS, teacher], [(Contender("a", "", "last"), Contender("teacher"))]
    )
    assert found.rows == 40
    assert found.seeds == (3, 1)
    assert table(TASK, ROWS, [teacher])[0].rows == 40


def test_a_row_that_is_given_twice_counts_once() -> None:
    assert table(TASK, [*ROWS, *ROWS[:9]], CARDS) == table(TASK, ROWS, CARDS)
    assert slices(TASK, [*ROWS, *ROWS[:9]], CARDS[:3]) == slices(TASK, ROWS, CARDS[:3])


def test_a_pair_without_scores_is_named() -> None:
    with pytest.raises(UserError, match="no scores of 'c'"):
        comparisons(TASK, ROWS, CARDS, [(Contender("c"), Contender("a", "", "last"))])


def test_grid_points_are_chosen_on_dev_by_the_primary_rule() -> None:
    dev = [
        card("a", share, 1, grid=grid, rule=rule, split="dev")
        for grid, rule, share in (
            ("lr=1", "last", 0.7),
            ("lr=2", "last", 0.95),
            ("lr=1", "dev_loss", 0.99),
        )
    ]
    assert choose_grid(dev, rules={"a": "last"}, metric="accuracy") == {
        "a": Contender("a", "lr=2", "last")
    }
    with pytest.raises(UserError, match="on dev"):
        choose_grid(CARDS, rules={}, metric="accuracy")


def test_slices_count_labels_and_tags() -> None:
    found = slices(TASK, ROWS, CARDS[:3])
    assert [(s.name, s.value, s.rows) for s in found] == [
        ("label", "no", 60),
        ("label", "yes", 60),
        ("length", "long", 80),
        ("length", "short", 40),
    ]
    matrix = score_matrix(TASK, ROWS, CARDS[:3], metric="accuracy")
    assert found[3].interval.point == pytest.approx(matrix[:, ::3].mean())


def test_slices_are_held_against_a_reference_row_by_row() -> None:
    better, worse = CARDS[:3], CARDS[3:]
    found = slices(TASK, ROWS, better, against=worse)
    shorts = [row for row in ROWS if row.tags["length"] == "short"]
    own, other = (score_matrix(TASK, shorts, c, metric="accuracy") for c in (better, worse))
    gap = found[3].gap
    assert gap is not None and found[3].value == "short"
    assert gap.difference == pytest.approx(own.mean() - other.mean())
    assert gap.low < gap.difference < gap.high
    assert all(s.gap is None for s in slices(TASK, ROWS, better))
    assert all(s.gap is None for s in slices(TASK, ROWS[:4], better, against=worse))


def test_rows_can_only_be_grouped_by_what_they_have() -> None:
    with pytest.raises(UserError, match="'topic'"):
        table(TASK, ROWS, CARDS, by="topic")
