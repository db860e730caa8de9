from __future__ import annotations

import random
from typing import Any

import pytest

from tutelage.exceptions import DataError, UserError

PLAIN = {"cross_fit": "off", "carve": {"test": 0, "dev": 0}}
NLI = {"kind": "nli"}


def test_ids_of_their_own_or_by_content(write: Any, opened: Any) -> None:
    write("own.csv", "uid,text,label\n7,x,a\n,y,b\n")
    gold = opened(train="own.csv", columns={"id": "uid"}, **PLAIN)[0]
    assert gold.train[0].id == "7" and gold.train[1].id.startswith("r-")
    lines = ["x,a", "y,b", "x,a", "x,b", "x,a"]
    write("one.csv", "text,label\n" + "\n".join(lines))
    write("two.csv", "text,label\n" + "\n".join(random.Random(0).sample(lines, 5)))
    one, two = (opened(train=f, **PLAIN)[0].train for f in ("one.csv", "two.csv"))
    assert {r.id for r in one} == {r.id for r in two} and len({r.id for r in one}) == 5
    first = one[0].id
    assert [r.id for r in one if r.label == "a" and r.fields["text"] == "x"] == [
        first,
        f"{first}-2",
        f"{first}-3",
    ]


def test_repeated_ids_are_a_fault(write: Any, opened: Any) -> None:
    write("rows.csv", "id,text,label\n1,x,a\n1,y,b\n")
    with pytest.raises(DataError, match=r"rows\.csv:3: The id '1' stands for more than one row"):
        opened(train="rows.csv", **PLAIN)


def test_a_missing_column_names_the_nearest_and_all(write: Any, opened: Any) -> None:
    write("rows.csv", "premises,hypothesis,gold\nx,y,neutral\n")
    with pytest.raises(DataError) as caught:
        opened(NLI, train="rows.csv", **PLAIN)
    assert (
        "no column 'premise' for the text field 'premise'. Did you mean 'premises'?"
        in caught.value.what
    )
    assert "no column 'label' for the label." in caught.value.what
    assert "Its columns are: premises, hypothesis, gold." in caught.value.why
    assert "{premise: premises}" in caught.value.do
    columns = {"premise": "premises", "label": "gold"}
    assert opened(NLI, train="rows.csv", columns=columns, **PLAIN)[0].train[0].label == "neutral"


def test_columns_that_are_named_must_be_there(write: Any, opened: Any) -> None:
    write("rows.csv", "text,label\nx,a\ny,b\n")
    for options in (
        {"columns": {"id": "uid"}},
        {"tags": ["uid"]},
        {"columns": {"rationale": "uid"}},
    ):
        with pytest.raises(DataError, match="no column 'uid'"):
            opened(train="rows.csv", **PLAIN, **options)
    with pytest.raises(UserError, match=r"maps 'txt', which no row has"):
        opened(train="rows.csv", **PLAIN, columns={"txt": "text"})
    with pytest.raises(UserError, match="two fields from one column"):
        opened(NLI, train="rows.csv", **PLAIN, columns={"premise": "hypothesis"})


def test_unknown_labels_are_counted(write: Any, opened: Any) -> None:
    body = "".join(f"p{i},h,{'Neutrl' if i % 2 else 'neutral'}\n" for i in range(20))
    write("rows.csv", "premise,hypothesis,label\n" + body)
    with pytest.raises(DataError) as caught:
        opened(NLI, train="rows.csv", **PLAIN)
    assert caught.value.what == (
        "rows.csv:3: Unknown label 'Neutrl'. The nearest known one is 'neutral'. "
        "(10 rows: lines 3, 5, 7, 9, 11, ...)"
    )
    assert "entailment, neutral, contradiction" in caught.value.why


def test_no_more_than_twenty_kinds_of_fault_are_gathered(write: Any, opened: Any) -> None:
    write("rows.csv", "text,label\n" + "".join(f"x{i},l{i}\n" for i in range(500)))
    with pytest.raises(DataError, match="at least 20 faults") as caught:
        opened({"labels": {"a": {}, "b": {}}}, train="rows.csv", **PLAIN)
    assert len(caught.value.what.splitlines()) == 21


@pytest.mark.parametrize("content", ["", "text,label\n", "\n\n"])
def test_an_empty_file(write: Any, opened: Any, content: str) -> None:
    write("rows.csv", content)
    with pytest.raises(DataError, match=r"rows\.csv: there are no rows\."):
        opened(train="rows.csv", **PLAIN)


def test_empty_texts_and_labels_and_odd_cells(write: Any, opened: Any) -> None:
    write(
        "rows.jsonl",
        '{"text":"x","label":"a"}\n{"text":" ","label":"a"}\n{"text":null,"label":"b"}\n'
        '{"text":["x"],"label":"b"}\n{"text":"y","label":""}\n{"text":"z","label":["a"]}\n'
        '{"sentence":"y","label":"b"}\n',
    )
    with pytest.raises(DataError) as caught:
        opened({"labels": {"a": {}, "b": {}}}, train="rows.jsonl", **PLAIN)
    told = caught.value.what
    assert "rows.jsonl:2: The text 'text' is empty. (2 rows: lines 2, 3)" in told
    assert "rows.jsonl:4: 'text' holds a list, not a text." in told
    assert "rows.jsonl:5: The label 'label' is empty." in told
    assert "rows.jsonl:6: 'label' holds a list, not a label." in told
    assert "rows.jsonl:7: The row has no 'text'; it has sentence, label." in told


def test_multi_label_cells(write: Any, opened: Any) -> None:
    write(
        "rows.jsonl",
        '{"text":"1","labels":["b","a","b"]}\n{"text":"2","labels":[]}\n{"text":"3","labels":"c; a"}\n'
        '{"text":"4","labels":"[\\"c\\"]"}\n{"text":"5","labels":null}\n{"text":"6","labels":""}\n',
    )
    gold = opened({"kind": "multi_label"}, train="rows.jsonl", labels_separator=";", **PLAIN)[0]
    assert gold.task.label_names == ("a", "b", "c")
    assert [row.labels for row in gold.train] == [("a", "b"), (), ("a", "c"), ("c",), (), ()]
    assert gold.facts["labels"]["train"] == {"a": 2, "b": 1, "c": 2}


def test_rationales_and_tags(write: Any, opened: Any) -> None:
    write(
        "rows.jsonl",
        '{"text":"1","label":"a","why":"so","kind":["x",1]}\n{"text":"2","label":"b","why":"","kind":null}\n',
    )
    gold = opened(train="rows.jsonl", columns={"rationale": "why"}, tags=["kind"], **PLAIN)[0]
    assert [(r.rationale, dict(r.tags)) for r in gold.train] == [
        ("so", {"kind": '["x",1]'}),
        (None, {}),
    ]


@pytest.mark.parametrize(
    ("columns", "read"), [({}, ["so", None]), ({"rationale": None}, [None, None])]
)
def test_rationales_can_be_left_unread(write: Any, opened: Any, columns: Any, read: Any) -> None:
    write("rows.csv", "text,label,rationale\n1,a,so\n2,b,\n")
    (gold,) = opened(train="rows.csv", columns=columns, **PLAIN)
    assert [row.rationale for row in gold.train] == read


def test_rows_stops_reading(write: Any, opened: Any) -> None:
    write("rows.jsonl", '{"text":"1","label":"a"}\n{"text":"2","label":"b"}\nbroken\n')
    gold = opened(train={"path": "rows.jsonl", "rows": 2}, **PLAIN)[0]
    assert len(gold.train) == 2


def test_a_glob_reads_all_files_and_names_the_faulty(write: Any, opened: Any) -> None:
    write("a.csv", "text,label\nx,a\n")
    write("b.csv", "text,label\ny,b\n")
    assert len(opened(train="*.csv", **PLAIN)[0].train) == 2
    write("a.csv", "text,label\n,a\n")
    write("b.csv", "txt,label\ny,b\n")
    with pytest.raises(DataError) as caught:
        opened({"labels": {"a": {}, "b": {}}}, train="*.csv", **PLAIN)
    assert "a.csv:2: The text 'text' is empty." in caught.value.what
    assert "b.csv: There is no column 'text'" in caught.value.what
