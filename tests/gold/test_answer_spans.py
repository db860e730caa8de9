"""Answers in every layout in which data sets keep them, and what cannot be one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.exceptions import DataError
from tutelage.gold.answer_spans import AnswerColumns, WrongAnswer, occurrences, read_spans
from tutelage.gold.opening import Gold
from tutelage.records import Span

CONTEXT = "Ann met Bob. Bob met Cleo in Rome."
COLUMNS = AnswerColumns(("start", "answer_start"), "end")
Opened = Callable[..., tuple[Gold, ...]]
Write = Callable[[str, str | bytes], Path]


def read(cell: Any, context: str = CONTEXT, **cells: Any) -> tuple[Span, ...]:
    return read_spans(cell, cells, COLUMNS, context).spans


def test_squad_layout_in_all_its_forms() -> None:
    wanted = (Span("Bob", 13, 16), Span("Bob. Bob", 8, 16))
    columns = {"text": ["Bob", "Bob. Bob", "Bob"], "answer_start": [13, 8, 13]}
    assert read(columns) == wanted  # repeated references count once
    assert read(json.dumps(columns)) == wanted
    listed = [{"text": "Bob", "answer_start": 13}, {"text": "Bob. Bob", "answer_start": 8}]
    assert read(listed) == wanted
    assert read({"text": "Rome", "answer_start": 29}) == (Span("Rome", 29, 33),)


def test_flat_layout_with_or_without_its_end() -> None:
    assert read("Bob", start=8, end=11) == (Span("Bob", 8, 11),)
    assert read("Bob", start="13") == (Span("Bob", 13, 16),)
    assert read("Bob", answer_start=13.0) == (Span("Bob", 13, 16),)
    assert read(" Rome ", start=28) == (Span("Rome", 29, 33),)  # found once, white space aside


def test_text_alone_must_stand_once() -> None:
    assert read("Cleo") == (Span("Cleo", 21, 25),)
    assert read(["Cleo", "Rome"]) == (Span("Cleo", 21, 25), Span("Rome", 29, 33))
    assert read("[1]", "See [1].") == (Span("[1]", 4, 7),)
    with pytest.raises(WrongAnswer, match="'Bob' stands 2 times in its context"):
        read("Bob")
    with pytest.raises(WrongAnswer, match="'Paris' is not in its context"):
        read("Paris")


@pytest.mark.parametrize(
    "cell", [None, "", " ", [], "[]", {"text": [], "answer_start": []}, {"text": []}]
)
def test_nothing_means_no_answer(cell: Any) -> None:
    assert read(cell) == ()


def test_a_wrong_offset_is_mended_only_where_the_answer_stands_once() -> None:
    found = read_spans("Cleo", {"start": 3}, COLUMNS, CONTEXT)
    assert (found.spans, found.mended) == ((Span("Cleo", 21, 25),), True)
    assert not read_spans("Cleo", {"start": 21}, COLUMNS, CONTEXT).mended
    with pytest.raises(WrongAnswer, match=r"offset 3, and 2 times elsewhere"):
        read("Bob", start=3)
    with pytest.raises(WrongAnswer, match="offset 3, and nowhere in its context"):
        read("Paris", start=3)


def test_offsets_that_cannot_be() -> None:
    with pytest.raises(WrongAnswer, match="start 8 and end 12 hold 4 characters"):
        read("Bob", start=8, end=12)
    with pytest.raises(WrongAnswer, match="'first' is not a whole number"):
        read("Bob", start="first")
    with pytest.raises(WrongAnswer, match="2 texts and 1 offsets"):
        read({"text": ["Ann", "Bob"], "answer_start": [0]})
    with pytest.raises(WrongAnswer, match="holds a list, not a text"):
        read({"text": [["Ann"]], "answer_start": [0]})


@given(st.text(min_size=1, max_size=60), st.data())
def test_every_piece_of_a_context_is_found_at_its_offset(context: str, data: Any) -> None:
    start = data.draw(st.integers(0, len(context) - 1))
    end = data.draw(st.integers(start + 1, len(context)))
    piece = context[start:end]
    if not piece.strip():
        assert read({"text": piece, "answer_start": start}, context) == ()
        return
    (span,) = read({"text": piece, "answer_start": start}, context)
    assert span.text == piece.strip() == context[span.start : span.end]
    assert start <= span.start < span.end <= end
    assert span.start in occurrences(span.text, context)


# --- through the door ------------------------------------------------------------------------------


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_rows_of_a_question_task(write: Write, opened: Opened) -> None:
    write(
        "train.jsonl",
        lines(
            {"context": CONTEXT, "question": "Whom did Ann meet?", "answer": "Bob", "start": 8},
            {"context": CONTEXT, "question": "Where?", "answer": "Rome", "start": 0},
            {"context": CONTEXT, "question": "When?", "answer": ""},
        ),
    )
    (gold,) = opened({"kind": "span_qa"}, train="train.jsonl", cross_fit="off", carve={"test": 0})
    rows = (*gold.train, *gold.dev)
    assert {row.fields["question"]: row.answer for row in rows} == {
        "Whom did Ann meet?": ("Bob",),
        "Where?": ("Rome",),
        "When?": (),
    }
    assert all(row.label is None for row in rows)
    assert any("In 1 rows of the train source" in text for text in gold.facts["warnings"])


def test_columns_of_ones_own(write: Write, opened: Opened) -> None:
    write("train.csv", "passage,q,gold,at\nAnn met Bob.,Who?,Bob,8\n")
    (gold,) = opened(
        {"kind": "span_qa"},
        train="train.csv",
        columns={"context": "passage", "question": "q", "answer": "gold", "start": "at"},
        cross_fit="off",
        carve={"test": 0, "dev": 0},
    )
    assert gold.train[0].spans == (Span("Bob", 8, 11),)


def test_faults_name_file_and_line(write: Write, opened: Opened) -> None:
    write(
        "train.jsonl",
        lines(
            {"context": CONTEXT, "question": "Who?", "answer": "Bob", "start": 8},
            {"context": CONTEXT, "question": "Who?", "answer": "Bob", "start": 9},
            {"context": CONTEXT, "question": "Who?", "answer": "Dan"},
        ),
    )
    with pytest.raises(DataError) as found:
        opened({"kind": "span_qa"}, train="train.jsonl")
    assert "train.jsonl:2: The answer 'Bob' does not stand at its offset 9" in str(found.value)
    assert "train.jsonl:3: The answer 'Dan' is not in its context." in str(found.value)


def test_a_table_without_answers_is_told_of(write: Write, opened: Opened) -> None:
    write("train.jsonl", lines({"context": CONTEXT, "question": "Who?", "anser": "Bob"}))
    with pytest.raises(
        DataError, match=r"no column 'answer' for the answer\. Did you mean 'anser'"
    ):
        opened({"kind": "span_qa"}, train="train.jsonl")


@pytest.mark.real
def test_adqa_carved_by_context(real_data: Path, opened: Opened) -> None:
    """S3's AdQA test set has 3,000 rows; they are all that there is, so dev and test are carved."""
    (gold,) = opened(
        {"kind": "span_qa"},
        train=str(real_data / "s3_synthesis" / "AdQA__gold_test.jsonl.gz"),
        carve={"test": 1 / 6, "dev": 1 / 6, "by": "context"},
    )
    sizes = gold.facts["rows"]
    assert sum(sizes.values()) == 3000
    assert abs(sizes["dev"] - 500) < 60 and abs(sizes["test"] - 500) < 60
    for row in (*gold.train, *gold.dev):
        (span,) = row.spans or ()
        assert row.fields["context"][span.start : span.end] == span.text
    contexts = {
        role: {row.fields["context"] for row in getattr(gold, role)} for role in ("train", "dev")
    }
    assert not contexts["train"] & contexts["dev"]
