from __future__ import annotations

from dataclasses import replace

import pytest

from tutelage.evaluation.influence import check_metric, row_values
from tutelage.evaluation.metrics import measure, metrics_for
from tutelage.evaluation.text_quality import TextQuality, lengths, loops, references_of
from tutelage.exceptions import DataError, UserError
from tutelage.records import Example, Prediction, Task

TASK = Task("t", "generation", ("subject", "words"), metric="chrf")
MAT = "the cat sat on the mat"


def row(name: str, *references: str, subject: str = "cat", words: str = "mat sit") -> Example:
    fields = {"subject": subject, "words": words}
    return Example(name, fields, target=references[0], references=references)


def said(name: str, text: str | None) -> Prediction:
    return Prediction(name, target=text)


GOLD = [
    row("a", MAT, "on the mat sat a cat"),
    row("b", "a dog"),
    row("c", "it sits"),
    row("d", "x y"),
]
SAID = [said("a", MAT), said("b", " "), said("c", "Cat  mat sit"), said("d", None)]


def test_generation_is_measured_by_text_quality() -> None:
    assert [metric.name for metric in metrics_for(TASK)] == ["text_quality"]
    found = measure(TASK, GOLD, SAID)
    assert set(found) >= {"bleu", "chrf", "rouge_1", "rouge_2", "rouge_l", "words", "unparseable"}


def test_rouge_is_that_of_the_best_reference_of_each_measure() -> None:
    gold = [row("a", "the cat sat on the mat", "near mat")]
    found = TextQuality().score(TASK, gold, [said("a", "the cat near the mat")])
    assert found["rouge_1"] == pytest.approx(2 * 4 / 5 * 4 / 6 / (4 / 5 + 4 / 6))
    assert found["rouge_2"] == pytest.approx(2 * 2 / 4 * 2 / 5 / (2 / 4 + 2 / 5))  # first reference
    assert found["rouge_l"] == pytest.approx(2 * 4 / 5 * 4 / 6 / (4 / 5 + 4 / 6))
    gold = [row("a", "quite another text", "the cat near the mat")]
    assert TextQuality().score(TASK, gold, [said("a", "the cat near the mat")])["rouge_2"] == 1


def test_texts_that_say_nothing_are_counted() -> None:
    found = TextQuality().score(TASK, GOLD, SAID)
    assert found["empty"] == 0.5
    assert found["unparseable"] == 0.25
    assert found["copied"] == 0.25  # all fields one after the other, in another case
    assert found["distinct"] == 0.75
    assert found["loops"] == 0
    one_field = TextQuality().score(TASK, GOLD[:1], [said("a", "MAT sit")])
    assert one_field["copied"] == 1


def test_a_text_that_says_the_same_again_and_again_loops() -> None:
    assert loops("BremenBremenBremenBremenBremenBremen")
    assert loops("the dog runs in the park " * 3)
    assert not loops("the dog runs in the park and the cat runs in the park too")
    assert not loops("ha ha ha")


def test_lengths_are_held_against_the_mean_of_the_references() -> None:
    found = lengths(["a b c", ""], [("x y", "x y z w"), ("x y z",)])
    assert found == {"words": 1.5, "words_ratio": 0.5}  # 3 of 3 + 3
    assert lengths(["a"], [("?",)])["words_ratio"] == 1


def test_every_measure_of_overlap_has_row_values() -> None:
    scores = TextQuality().score(TASK, GOLD, SAID)
    for metric in ("bleu", "chrf", "rouge_1", "rouge_2", "rouge_l"):
        assert row_values(TASK, GOLD, SAID, metric=metric).mean() == pytest.approx(scores[metric])
    with pytest.raises(UserError, match="Name one of bleu, chrf, rouge_1"):
        row_values(TASK, GOLD, SAID, metric="accuracy")


def test_a_metric_on_which_arms_cannot_be_compared_is_refused_before_anything_is_bought() -> None:
    check_metric(TASK)
    with pytest.raises(UserError, match="Name one of bleu, chrf"):
        check_metric(replace(TASK, metric="accuracy"))
    with pytest.raises(UserError, match="Name one of accuracy, macro_f1 as"):
        check_metric(Task("t", "classification", ("text",), metric="micro_f1"))


def test_each_reference_counts_once_and_a_target_is_one() -> None:
    assert references_of([row("a", "x", "x", "", "y"), Example("b", {}, target="z")]) == [
        ("x", "y"),
        ("z",),
    ]
    with pytest.raises(DataError, match="1 rows have no text to write, such as 'b'"):
        references_of([row("a", "x"), Example("b", {})])
