import json

import pytest

from tutelage.recipe import load_recipe
from tutelage.study.archive import PastRun
from tutelage.study.running import run_study
from tutelage.study.saved_rows import saved_rows
from tutelage.study.tracing import trace


def test_a_row_whose_reply_was_refused_is_found_by_its_order(small_recipe, tmp_path):
    """The draft of a refusal names no row; its order does."""
    replies = tmp_path / "replies.jsonl"
    rows = [
        {"text": f"text number {i} about {'cats' if i % 2 else 'dogs'}", "label": "ab"[i % 2]}
        for i in range(30)
    ]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, rows)))
    answers = [{**row, "reply": "I'm sorry, but I can't help with that." if i == 0 else "Because."}
               for i, row in enumerate(rows)]  # fmt: skip
    replies.write_text("\n".join(map(json.dumps, answers)))
    recipe = small_recipe(
        task={"kind": "classification"},
        gold={"train": "gold.jsonl", "cross_fit": "off"},
        teacher={"kind": "recorded", "path": "replies.jsonl", "reply": "reply", "key": ["text"]},
        arms={"explain": {"synthesis": "explain"}}, rivals=["majority"], primary="",
    )  # fmt: skip
    run_study(load_recipe(recipe, folder=tmp_path), tmp_path / "run")
    past = PastRun(tmp_path / "run")
    train = {row.draft.order: row for row in saved_rows(past)}
    lost = [row for row in train.values() if row.example is None]
    if not lost:  # the refused row was carved into dev or test
        pytest.skip("the refused row is not in train")
    known = {row.example.origin.source for row in train.values() if row.example}
    gold = [row for row in _train_rows(past) if row.id not in known]
    found = trace(past, gold[0].id)
    assert found.role == "train"
    assert found.passages[0].decision == "dropped"
    assert "refused" in found.passages[0].reason
    assert found.passages[0].exchanged[0].reply.startswith("I'm sorry")
    assert found.targets["explain"] == (gold[0].label,)


def _train_rows(past):
    from tutelage.study.tracing import _golds

    return _golds(past)[0].train


def test_gold_files_that_are_gone_leave_what_was_bought(finished, tmp_path, monkeypatch):
    row = next(row for row in saved_rows(PastRun(finished)) if row.arm == "explain")

    def gone(*_, **__):
        from tutelage.exceptions import DataError

        raise DataError("There is no file gold.csv.")

    monkeypatch.setattr("tutelage.study.tracing.load_gold", gone)
    found = trace(PastRun(finished), row.example.id)
    assert any("gold.csv" in note for note in found.notes)
    assert found.row.fields == row.example.fields
    assert found.passages[0].exchanged[0].messages


@pytest.mark.parametrize(
    ("objective", "targets"),
    [
        ("label_only", ("routine",)),
        ({"split_loss": {"label": 0.25}}, ("routine Rationale: few points",)),
        ("rationale_first", ("few points Answer: routine",)),
        ("multi_task", ("routine", "few points")),
    ],
)
def test_training_targets_in_words(finished, small_recipe, objective, targets):
    from tutelage.records import Example
    from tutelage.study.graduates import task_of
    from tutelage.study.tracing import _targets

    past = PastRun(finished)
    task = task_of(past)
    student = {"kind": "seq2seq", "objective": objective}
    past.__dict__["recipe"] = load_recipe(small_recipe(student=student)).recipe
    row = Example("1", {"text": "x"}, "routine", rationale="few points")
    assert _targets(past, task, "explain", row) == targets
