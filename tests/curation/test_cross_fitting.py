from __future__ import annotations

import numpy as np
import pytest

from tutelage.curation.cross_fitting import divided, out_of_fold
from tutelage.records import Example, Label, Task

TASK = Task("mood", "classification", ("text",), (Label("a"), Label("b"), Label("never")))


def rows(labels: str, text: str = "word {label}x") -> list[Example]:
    return [
        Example(str(i), {"text": text.format(label=label)}, label) for i, label in enumerate(labels)
    ]


def test_labels_are_dealt_out_evenly() -> None:
    targets = np.array([0] * 10 + [1] * 5)
    part = divided(targets, 5, seed=1)
    for fold in range(5):
        assert (targets[part == fold] == 0).sum() == 2
        assert (targets[part == fold] == 1).sum() == 1
    assert np.array_equal(part, divided(targets, 5, seed=1))
    assert not np.array_equal(part, divided(targets, 5, seed=2))


def test_no_row_is_judged_by_a_student_that_saw_it() -> None:
    """A row whose one word no other row has cannot be told: its own label would betray it."""
    given = [*rows("aabb" * 5), Example("odd", {"text": "singular"}, "a")]
    found = out_of_fold(given, TASK, folds=3, seeds=(0, 1))
    assert found is not None
    assert found.labels == ("a", "b")
    assert found.probabilities.sum(axis=1) == pytest.approx(1)
    assert found.probabilities[0, 0] > 0.7
    assert found.probabilities[-1, 0] == pytest.approx(0.5, abs=0.1)


def test_rows_beside_teach() -> None:
    found = out_of_fold(rows("aaaa"), TASK, folds=9, seeds=(0,), beside=rows("b" * 16))
    assert found is not None
    assert (found.probabilities[:, 0] > 0.5).all()


def test_nothing_to_tell_apart() -> None:
    assert out_of_fold(rows("a" * 20), TASK, folds=2, seeds=(0,)) is None
    assert out_of_fold(rows("ab"), TASK, folds=2, seeds=(0,)) is None
    assert out_of_fold([], TASK, folds=2, seeds=(0,), beside=rows("ab" * 20)) is None
    assert out_of_fold(rows("ab" * 10, "..."), TASK, folds=2, seeds=(0,)) is None
    lone = out_of_fold(rows("a" * 19 + "b"), TASK, folds=2, seeds=(0,))
    assert lone is not None and lone.probabilities.sum(axis=1) == pytest.approx(1)
