import pytest

from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Material, Refusal, Task, Verdict
from tutelage.study.archive import PastRun
from tutelage.study.saved_rows import SavedRow, flat_row, saved_rows, write_rows

TASK = Task("t", "classification", ("text", "order"))


def saved(content, verdict):
    return SavedRow("a", 1, 0, 0, Draft(0, 5, content, "raw"), verdict)


def test_each_purchase_stands_once_whatever_the_number_of_students(finished):
    rows = list(saved_rows(PastRun(finished)))
    assert len(rows) == 40 + 20
    assert [row.draft.order for row in rows[:40]] == list(range(40))


def test_arms_that_bought_nothing_have_no_rows(finished):
    assert list(saved_rows(PastRun(finished), ["gold_only"])) == []


def test_a_mended_row_is_the_one_that_was_trained_on():
    old, new = Example("1", {"text": "x", "order": "y"}, "a"), Example("1", {"text": "z"}, "a")
    row = saved(old, Verdict(0, "mended", "refusal", "quotes", new))
    assert row.kept
    assert row.example == new


def test_a_dropped_row_stays_readable_and_a_refusal_says_why():
    example = Example("1", {"text": "x", "order": "y"}, "a", scores={"a": 1.0})
    dropped = flat_row(saved(example, Verdict(0, "dropped", "duplicate", "again")), TASK)
    assert (dropped["text"], dropped["decision"], dropped["reason"]) == ("x", "dropped", "again")
    refused = flat_row(saved(Refusal("sorry"), Verdict(0, "dropped", "synthesis", "sorry")), TASK)
    assert (refused["id"], refused["text"], refused["reason"]) == ("", None, "sorry")
    material = flat_row(saved(Material("topic", "cats"), Verdict(0, "kept", "synthesis")), TASK)
    assert material["reason"] == "topic: cats"
    assert not saved(Material("topic", "cats"), Verdict(0, "kept", "synthesis")).kept


def test_a_written_text_stands_in_the_column_target(tmp_path):
    task = Task("t", "generation", ("text",))
    row = saved(Example("1", {"text": "x"}, target="y"), Verdict(0, "kept", "all checks"))
    flat = flat_row(row, task)
    assert flat["target"] == "y" and "label" not in flat
    assert list(flat)[:3] == ["id", "text", "target"]
    refused = saved(Refusal("sorry"), Verdict(0, "dropped", "synthesis", "sorry"))
    assert flat_row(refused, task)["target"] is None
    assert write_rows(tmp_path / "rows.csv", [row, refused], task) == 2
    assert (tmp_path / "rows.csv").read_text("utf-8").startswith("id,text,target,rationale,")


def test_a_text_field_keeps_its_name_beside_the_origin():
    row = flat_row(saved(Example("1", {"text": "x", "order": "y"}, "a"),
                         Verdict(0, "kept", "all checks")), TASK)  # fmt: skip
    assert (row["order"], row["tutelage_order"]) == ("y", 5)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_an_empty_file_is_written_too(tmp_path, ending):
    path = tmp_path / f"rows.{ending}"
    assert write_rows(path, [], TASK) == 0
    assert path.exists()


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"not written as \.txt"):
        write_rows(tmp_path / "rows.txt", [], TASK)
