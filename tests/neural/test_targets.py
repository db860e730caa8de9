"""Where the label part of a target begins and ends, objective by objective."""

from __future__ import annotations

import pytest

from tutelage.exceptions import TrainingError, UserError
from tutelage.neural.targets import (
    Layout,
    Objective,
    check_labels,
    read_objective,
    source_text,
)
from tutelage.records import Example, Task

END = 1
LABELS = {"Entailment": [10, 11, 12], "Neutral": [13, 14]}
WHY = [50, 51, 52]


def layout(objective, max_target: int = 100) -> Layout:
    return Layout(read_objective(objective), LABELS, [20, 21], [30], END, max_target)


def shape(objective, rationale=WHY, label="Entailment", max_target=100):
    return [
        (e.target, e.label_from, e.label_to)
        for e in layout(objective, max_target).targets(label, rationale)
    ]


def test_label_only_counts_the_end() -> None:
    assert shape("label_only") == [([10, 11, 12, END], 0, 4)]


def test_split_loss_has_all_pieces_of_the_label_and_no_more_in_the_label_part() -> None:
    assert shape("split_loss") == [([10, 11, 12, 20, 21, 50, 51, 52, END], 0, 3)]


def test_a_row_without_rationale_is_all_label() -> None:
    assert shape("split_loss", None) == [([10, 11, 12, END], 0, 4)]
    assert shape("multi_task", None) == [([10, 11, 12, END], 0, 4)]


def test_rationale_first_ends_with_label_and_end() -> None:
    assert shape("rationale_first") == [([50, 51, 52, 30, 10, 11, 12, END], 4, 8)]


def test_multi_task_is_two_sequences() -> None:
    assert shape("multi_task") == [([10, 11, 12, END], 0, 4), ([50, 51, 52, END], 0, 0)]


def test_first_token_is_position_zero() -> None:
    assert shape("first_token") == [([10, 11, 12, 20, 21, 50, 51, 52, END], 0, 1)]
    assert read_objective("first_token").padded


def test_the_published_baseline_counts_all_positions() -> None:
    assert shape({"label_only": {"padded": True}}, max_target=400) == [([10, 11, 12, END], 0, 400)]


@pytest.mark.parametrize("objective", ["split_loss", "rationale_first", "multi_task"])
def test_a_long_rationale_is_cut_and_a_label_never_is(objective) -> None:
    why = list(range(100, 200))
    for target, start, stop in shape(objective, why, max_target=12):
        assert len(target) <= 12 and target[-1] == END
        if stop:
            assert target[start : start + 3] == [10, 11, 12]
    made = layout(objective, 12)
    assert made.is_cut("Entailment", why) and not made.is_cut("Entailment", [100])


@pytest.mark.parametrize("objective", ["split_loss", "rationale_first", "multi_task"])
def test_is_cut_agrees_with_what_is_cut(objective) -> None:
    made = layout(objective, 12)
    for length in range(1, 14):
        why = list(range(100, 100 + length))
        kept = max(sum(x >= 100 for x in e.target) for e in made.targets("Neutral", why))
        assert made.is_cut("Neutral", why) == (kept < length)


# --- labels ---------------------------------------------------------------------------------------


def test_equal_labels_stop_the_run() -> None:
    with pytest.raises(TrainingError, match=r"'a' and 'b' cannot be told apart: \[5\] and \[5\]"):
        check_labels({"a": [5], "b": [5], "c": [6]})


def test_a_label_that_begins_another_stops_the_run() -> None:
    with pytest.raises(TrainingError, match="cannot be told apart"):
        check_labels({"not": [5], "other": [4], "not at all": [5, 6, 7]})


def test_equal_first_pieces_matter_to_the_first_token_loss_alone() -> None:
    labels = {"so good": [5, 6], "so bad": [5, 7]}
    check_labels(labels)
    with pytest.raises(TrainingError, match="begin with the same piece"):
        check_labels(labels, first_only=True)


# --- objectives and texts -------------------------------------------------------------------------


def test_factors() -> None:
    assert read_objective("split_loss") == Objective("split_loss", 0.5, 0.5)
    assert read_objective({"split_loss": {"rationale": 0.75}}) == Objective(
        "split_loss", 0.25, 0.75
    )
    assert read_objective({"multi_task": {"alpha": 0.3}}) == Objective("multi_task", 0.3, 0.7)
    assert read_objective({"split_loss": None}) == Objective("split_loss", 0.5, 0.5)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("split_los", "Did you mean split_loss"),
        ({"split_loss": {"lable": 0.5}}, "Did you mean label"),
        ({"split_loss": {"label": 0.5, "rationale": 0.6}}, "must sum to 1"),
        ({"split_loss": {"label": 1.5}}, "must not be negative"),
        ({"split_loss": {}, "label_only": {}}, "one name, not 2"),
    ],
)
def test_objectives_that_cannot_be(value, message) -> None:
    with pytest.raises(UserError, match=message):
        read_objective(value)


def test_source_of_a_pair_and_of_a_single_text() -> None:
    pair = Task("t", "nli", ("premise", "hypothesis"))
    row = Example("1", {"hypothesis": "H.", "premise": "P."})
    assert source_text(pair, row) == "Premise: P. Hypothesis: H."
    alone = Task("t", "classification", ("text",))
    assert source_text(alone, Example("1", {"text": "A b."})) == "A b."
    named = Task("t", "classification", ("subject_line", "body"))
    row = Example("1", {"subject_line": "s", "body": "b"})
    assert source_text(named, row) == "Subject line: s Body: b"
