from __future__ import annotations

import pytest

from tutelage.exceptions import UserError
from tutelage.gold.tasks import check_repeated, make_task, some_labels
from tutelage.recipe import LabelSpec, TaskSpec


def spec(
    kind: str = "classification", labels: dict[str, str] | None = None, **more: object
) -> TaskSpec:
    made = {name: LabelSpec(words=words) for name, words in (labels or {}).items()}
    return TaskSpec(kind=kind, labels=made, **more)  # type: ignore[arg-type]


def test_nli_needs_nothing_said() -> None:
    task = make_task(spec("nli"))
    assert task.fields == ("premise", "hypothesis")
    assert task.label_names == ("entailment", "neutral", "contradiction")
    assert [label.said for label in task.labels] == ["Entailment", "Neutral", "Contradiction"]
    assert (task.name, task.metric) == ("nli", "accuracy")


def test_nli_labels_of_ones_own_keep_their_words() -> None:
    task = make_task(spec("nli", {"entailment": "", "contradiction": "No"}))
    assert [label.said for label in task.labels] == ["Entailment", "No"]
    glue = make_task(spec("nli", {"entailment": "", "not_entailment": ""}))
    assert [label.said for label in glue.labels] == ["entailment", "not_entailment"]


def test_labels_are_read_and_sorted_where_none_is_listed() -> None:
    task = make_task(spec(), iter(["no", "01", "no", "true"]))
    assert task.label_names == ("01", "no", "true") and task.fields == ("text",)
    assert make_task(spec("multi_label"), ["a", "b"]).metric == "macro_f1"
    assert make_task(spec(metric="mcc"), ["a", "b"]).metric == "mcc"


def test_listed_labels_keep_their_order() -> None:
    assert make_task(spec(labels={"z": "", "a": ""}), ["q"]).label_names == ("z", "a")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"a": "Yes", "b": " yes "}, "'a' and 'b' are both said ' yes '"),
        ({"spam": "", "Spam": ""}, "'spam' and 'Spam' are both said 'Spam'"),
        ({"a": "x y", "b": "X\n y"}, "'a' and 'b' are both said"),
        ({"a": " ", "b": ""}, "'a' is said with no word"),
    ],
)
def test_label_words_that_collide(labels: dict[str, str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        make_task(spec(labels=labels))


@pytest.mark.parametrize("count", [0, 1, 201])
def test_two_to_200_labels(count: int) -> None:
    with pytest.raises(UserError, match=f"The train rows have {count} label"):
        make_task(spec(), [f"l{i}" for i in range(count)])
    assert len(make_task(spec(), [f"l{i}" for i in range(200)]).labels) == 200


def test_fields_that_cannot_be() -> None:
    with pytest.raises(UserError, match="names a field twice"):
        make_task(spec(fields=("a", "a")), "ab")
    with pytest.raises(UserError, match="cannot hold label"):
        make_task(spec(fields=("text", "label")), "ab")


def test_a_question_task_has_two_fields_and_no_labels() -> None:
    task = make_task(TaskSpec(kind="span_qa"))
    assert (task.fields, task.labels, task.metric) == (("context", "question"), (), "f1")
    assert make_task(TaskSpec(kind="span_qa", metric="em")).metric == "em"
    with pytest.raises(UserError, match="has 1 fields: text"):
        make_task(TaskSpec(kind="span_qa", fields=("text",)))
    with pytest.raises(UserError, match="lists labels for a task of kind span_qa"):
        make_task(TaskSpec(kind="span_qa", labels={"a": {}}))
    with pytest.raises(UserError, match="cannot hold answer"):
        make_task(TaskSpec(kind="span_qa", fields=("text", "answer")))


def test_a_generation_task_has_no_labels_and_is_compared_by_chrf() -> None:
    task = make_task(TaskSpec(kind="generation"))
    assert (task.fields, task.labels, task.metric) == (("text",), (), "chrf")
    assert make_task(TaskSpec(kind="generation", metric="rouge_l")).metric == "rouge_l"
    with pytest.raises(UserError, match="lists labels for a task of kind generation"):
        make_task(TaskSpec(kind="generation", labels={"a": {}, "b": {}}))
    with pytest.raises(UserError, match="cannot hold references"):
        make_task(TaskSpec(kind="generation", fields=("text", "references")))


def test_a_column_of_texts_is_not_taken_for_labels() -> None:
    texts = {f"{i} " + "word " * 30: 1 for i in range(200)}
    with pytest.raises(UserError, match=r"Is 'text' the label's column\? 200 of the 200") as told:
        check_repeated(texts, "text")
    assert len(told.value.what) < 200
    assert "{label: COLUMN}" in told.value.do and "task.labels" in told.value.do
    rare = dict.fromkeys("abcdef", 1)
    with pytest.raises(UserError, match="6 of the 11"):
        check_repeated({**rare, **dict.fromkeys("ghijk", 2)}, "label")
    check_repeated({**rare, **dict.fromkeys("ghijkl", 2)}, "label")
    check_repeated(dict.fromkeys("abcdefghi", 1), "label")


def test_few_labels_stand_in_a_message_and_none_of_them_whole() -> None:
    assert some_labels(["x" * 40, "y" * 41]) == f"{'x' * 40}, {'y' * 37}..."
    assert some_labels([*"abcdef"]) == "a, b, c, d, e and 1 more"
    with pytest.raises(UserError, match=r"201 labels: l0, l1, l10?0?, .* and 196 more\."):
        make_task(spec(), [f"l{i}" for i in range(201)])
