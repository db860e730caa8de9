"""SetFit as a rival: which pairs there are, what is refused, and a real tuning where it is
installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Example, Label, Task
from tutelage.student import setfit
from tutelage.student.setfit import build, joined, label_of, most_pairs, pairing_rows
from tutelage.student.setfit_options import SetFitOptions

MOOD = Task("mood", "classification", ("text",), (Label("up"), Label("down")))
PAIR = Task("pair", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))
FINE = ("a fine day", "wonderful news", "what a treat", "happy as can be", "a lovely walk")
POOR = ("a poor day", "dreadful news", "what a bore", "as sad as can be", "an awful walk")


def row(i: int, text: str, label: str | None) -> Example:
    return Example(str(i), {"text": text}, label=label)


ROWS = [row(i, text, "up") for i, text in enumerate(FINE)] + [
    row(10 + i, text, "down") for i, text in enumerate(POOR)
]


def test_as_many_equal_pairs_as_unequal_ones() -> None:
    assert most_pairs(ROWS) == 2 * 25  # 10 + 10 equal pairs, 5 * 5 unequal ones
    assert most_pairs(ROWS[:8]) == 2 * 15  # 10 + 3, 5 * 3
    assert most_pairs([*ROWS[:5], ROWS[5]]) == 2 * 10  # 10 + 0, 5
    assert most_pairs(ROWS[:5]) == 0


def test_pairs_come_from_a_few_rows_of_each_label_drawn_by_the_seed() -> None:
    chosen = pairing_rows(ROWS, 3, seed=1)
    assert [r.label for r in chosen] == ["up"] * 3 + ["down"] * 3
    assert chosen == pairing_rows(ROWS, 3, seed=1)
    assert any(chosen != pairing_rows(ROWS, 3, seed=seed) for seed in (2, 3, 4))
    assert pairing_rows(ROWS, 99, seed=1) == ROWS


def test_a_soft_label_counts_as_its_likeliest_one() -> None:
    soft = Example("s", {"text": "so so"}, scores={"up": 0.4, "down": 0.6})
    assert label_of(soft) == "down"
    assert label_of(ROWS[0]) == "up"


def test_texts_of_a_pair_are_read_as_one() -> None:
    assert joined(Example("p", {"hypothesis": "b", "premise": "a"}), PAIR) == "a\nb"


def test_a_missing_package_is_named_before_anything_is_bought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(setfit, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"tutelage\[setfit\]"):
        build(SetFitOptions(), task=MOOD)


def test_only_tasks_with_one_label_a_row() -> None:
    several = Task("m", "multi_label", ("text",), MOOD.labels)
    with pytest.raises(UserError, match="does not learn a task of kind multi_label"):
        build(SetFitOptions(), task=several)
    assert find("learner", "setfit").paper == "arXiv 2209.11055"


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("setfit") is None, reason="needs the extra setfit")
def test_a_tuned_student_is_saved_without_pickle_and_answers_as_before(tmp_path: Path) -> None:
    learner = build(SetFitOptions(max_pairs=48, batch_size=8, c=10.0), task=MOOD)
    fitted = learner.fit(ROWS, ROWS, seed=1, folder=tmp_path / "first")
    assert fitted.facts["pairs"] == 48
    assert not [p for p in tmp_path.rglob("*") if p.suffix in (".pkl", ".bin", ".joblib", ".pt")]
    (tmp_path / "first").rename(tmp_path / "moved")
    answers = learner.load(tmp_path / "moved" / "last").predict(ROWS)
    assert [a.label for a in answers] == [r.label for r in ROWS]
    again = learner.fit(ROWS, ROWS, seed=1, folder=tmp_path / "second")
    same = learner.load(Path(again.folders["last"])).predict(ROWS)
    assert [a.scores for a in same] == [a.scores for a in answers]
