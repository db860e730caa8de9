import pytest

from tutelage.exceptions import DataError
from tutelage.records import Draft, Example, Fitted, Material, Moment, Origin, Refusal, Span
from tutelage.store.encoding import (
    decode,
    encode,
    read_records,
    rows_fingerprint,
    write_records,
)

ROW = Example(
    "a",
    {"text": "hi\u2028there"},
    label="x",
    scores={"x": 0.25},
    spans=(Span("hi", 0, 2),),
    origin=Origin(arm="s3", turn=1, requests=("request1-00",)),
)
DRAFTS = [Draft(0, 0, ROW, "raw"), Draft(1, 1, Material("topic", "t")), Draft(2, 2, Refusal("no"))]


def test_records_come_back_as_they_went(tmp_path):
    write_records(tmp_path / "drafts.jsonl", DRAFTS)
    assert read_records(tmp_path / "drafts.jsonl", Draft) == DRAFTS


def test_a_fitted_student_comes_back(tmp_path):
    fitted = Fitted({"last": "x"}, "last", (Moment(1, 0.5, None, {"loss": 1.0}),), {"steps": 3})
    assert decode(Fitted, encode(fitted)) == fitted


def test_a_changed_file_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "drafts.jsonl"
    path.write_text('{"number": 1}\n')
    with pytest.raises(DataError, match="holds a line that is no Draft") as error:
        read_records(path, Draft)
    assert "Delete the step" in error.value.do


def test_the_fingerprint_of_rows_heeds_order_and_content():
    assert rows_fingerprint(DRAFTS) == rows_fingerprint(list(DRAFTS))
    assert rows_fingerprint(DRAFTS) != rows_fingerprint(DRAFTS[::-1])
    assert rows_fingerprint([]) != rows_fingerprint(DRAFTS[:1])
