from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from tutelage.evaluation.alignment import align, indicators
from tutelage.evaluation.classification import (
    Accuracy,
    MacroF1,
    PerClass,
    confusion,
    label_scores,
)
from tutelage.evaluation.influence import row_values
from tutelage.evaluation.metric_options import AccuracyOptions
from tutelage.evaluation.multilabel import MultiLabel
from tutelage.exceptions import DataError, UserError
from tutelage.records import Example, Label, Prediction, Task

NAMES = ("no", "on", "01")
TASK = Task("t", "classification", ("text",), tuple(Label(n) for n in NAMES))
MULTI = Task("m", "multi_label", ("text",), tuple(Label(n) for n in NAMES))


def rows(labels: list[str]) -> list[Example]:
    return [Example(str(i), {"text": "x"}, label=label) for i, label in enumerate(labels)]


def said(labels: list[str | None]) -> list[Prediction]:
    return [Prediction(str(i), label=label) for i, label in enumerate(labels)]


def test_an_unparseable_answer_is_wrong_and_stays_in_the_denominator() -> None:
    gold, answers = rows(["no", "no", "on", "01"]), said(["no", None, "on", "on"])
    assert Accuracy().score(TASK, gold, answers) == {"accuracy": 0.5, "unparseable": 0.25}


def test_as_published_drops_it_and_reports_its_own_denominator() -> None:
    gold = rows(["no"] * 1000)
    answers = said(["no"] * 436 + ["on"] * 563 + [None])
    card = Accuracy(AccuracyOptions("drop")).score(TASK, gold, answers)
    assert card["accuracy_answered"] == pytest.approx(436 / 999)  # the figure of the authors' log
    assert card["accuracy_answered_rows"] == 999
    assert card["accuracy"] == 0.436


def test_a_label_that_the_task_does_not_have_counts_as_no_answer() -> None:
    assert Accuracy().score(TASK, rows(["no"]), said(["maybe"])) == {
        "accuracy": 0.0,
        "unparseable": 1.0,
    }


def test_f1_and_per_class_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    gold = [NAMES[i] for i in rng.integers(0, 3, 200)]
    answers = [NAMES[i] for i in rng.integers(0, 3, 200)]
    expected = sk.precision_recall_fscore_support(gold, answers, labels=NAMES, zero_division=0)
    found = PerClass().score(TASK, rows(gold), said(list(answers)))
    for i, name in enumerate(NAMES):
        for what, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
            assert found[f"{what}/{name}"] == pytest.approx(values[i])
    assert MacroF1().score(TASK, rows(gold), said(list(answers)))["macro_f1"] == pytest.approx(
        sk.f1_score(gold, answers, labels=NAMES, average="macro")
    )


def test_macro_f1_averages_over_the_labels_in_gold() -> None:
    gold, answers = ["no", "no", "on"], ["no", "01", "on"]
    expected = sk.f1_score(gold, answers, labels=["no", "on"], average="macro")
    assert MacroF1().score(TASK, rows(gold), said(list(answers)))["macro_f1"] == pytest.approx(
        expected
    )


def test_confusion_has_a_column_for_unparseable_answers() -> None:
    table = confusion(TASK, rows(["no", "no", "on"]), said(["no", None, "01"]))
    assert table.counts == ((1, 0, 0, 1), (0, 0, 1, 0), (0, 0, 0, 0))
    assert table.to_facts()["columns"] == [*NAMES, "unparseable"]


def test_multi_label_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    truth, answers = rng.random((60, 3)) < 0.4, rng.random((60, 3)) < 0.4
    pick = lambda line: tuple(n for n, on in zip(NAMES, line, strict=True) if on)  # noqa: E731
    gold = [Example(str(i), {"text": ""}, labels=pick(line)) for i, line in enumerate(truth)]
    predictions = [Prediction(str(i), labels=pick(line)) for i, line in enumerate(answers)]
    card = MultiLabel().score(MULTI, gold, predictions)
    assert card["micro_f1"] == pytest.approx(sk.f1_score(truth, answers, average="micro"))
    assert card["macro_f1"] == pytest.approx(sk.f1_score(truth, answers, average="macro"))
    assert card["subset_accuracy"] == pytest.approx(sk.accuracy_score(truth, answers))
    assert card["hamming_loss"] == pytest.approx(sk.hamming_loss(truth, answers))


def test_an_unreadable_multi_label_answer_is_wrong_even_where_no_label_applies() -> None:
    gold = [Example("a", {"text": ""}, labels=()), Example("b", {"text": ""}, labels=("no",))]
    card = MultiLabel().score(MULTI, gold, [Prediction("a"), Prediction("b", labels=("no",))])
    assert card["subset_accuracy"] == 0.5
    assert card["hamming_loss"] == 0.5
    assert card["unparseable"] == 0.5


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "micro_f1", "subset_accuracy"])
def test_row_values_average_to_the_score(metric: str) -> None:
    rng = np.random.default_rng(2)
    gold = rows([NAMES[i] for i in rng.integers(0, 3, 90)])
    answers = said([None if i == 3 else NAMES[i] for i in rng.integers(0, 4, 90)])
    table = indicators(TASK, gold, answers)
    expected = {
        "accuracy": table.right.mean(),
        "subset_accuracy": table.right.mean(),
        "macro_f1": label_scores(table)[2].mean(),
        "micro_f1": 2 * (table.gold & table.said).sum() / (table.gold.sum() + table.said.sum()),
    }[metric]
    assert row_values(TASK, gold, answers, metric=metric).mean() == pytest.approx(expected)


def test_the_spread_of_macro_f1_is_that_of_a_bootstrap() -> None:
    rng = np.random.default_rng(3)
    gold = rng.choice(3, 600, p=[0.6, 0.3, 0.1])
    answers = np.where(rng.random(600) < 0.7, gold, rng.integers(0, 3, 600))
    values = row_values(
        TASK, rows([NAMES[i] for i in gold]), said([NAMES[i] for i in answers]), metric="macro_f1"
    )
    tables = [
        np.bincount(3 * gold[pick] + answers[pick], minlength=9).reshape(3, 3)
        for pick in rng.integers(0, 600, (2000, 600))
    ]
    resampled = [np.mean(2 * np.diag(t) / (t.sum(axis=0) + t.sum(axis=1))) for t in tables]
    assert values.std() / np.sqrt(600) == pytest.approx(np.std(resampled), rel=0.06)


def test_a_metric_without_row_values_is_refused() -> None:
    with pytest.raises(UserError, match="macro_f1"):
        row_values(TASK, rows(["no"]), said(["no"]), metric="bleu")


def test_predictions_are_matched_by_id() -> None:
    gold = rows(["no", "on"])
    assert [p.label for p in align(gold, said(["no", "on"])[::-1])] == ["no", "on"]


def test_every_mismatch_is_named_at_once() -> None:
    gold = rows(["no", "on", "on"])
    wrong = [Prediction("0"), Prediction("0"), Prediction("9")]
    with pytest.raises(UserError) as caught:
        align(gold, wrong)
    message = str(caught.value)
    assert "2 rows without a prediction ('1', '2')" in message
    assert "1 predictions without a row ('9')" in message
    assert "1 ids predicted more than once ('0')" in message


def test_gold_without_a_known_label_is_refused() -> None:
    with pytest.raises(DataError, match="no label"):
        indicators(TASK, [Example("a", {"text": ""})], [Prediction("a")])
    with pytest.raises(DataError, match="'yes'"):
        indicators(TASK, [Example("a", {"text": ""}, label="yes")], [Prediction("a")])
