"""Reading recordings, and finding the reply that a request asks for."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.exceptions import DataError
from tutelage.records import Completion, Message, Request, Sampling, Usage
from tutelage.teacher.recordings import (
    Recording,
    RepliesByContent,
    RepliesByPrompt,
    RepliesByRequest,
    digest,
    fold,
    nearest,
    read_rows,
)

ROWS = [{"prompt": "a, or\nb?", "text": 'He said "a".'}, {"prompt": "é?", "text": "2"}]


def say(text: str, **more: Any) -> Request:
    return Request((Message("user", text),), **more)


def record(text: str) -> Recording:
    return Recording((Completion(text),), Usage(1))


def texts(found: Any) -> list[str]:
    return [completion.text for each in found for completion in each.completions]


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "jsonl.gz", "csv.gz", "parquet"])
def test_all_kinds_of_tables_read_alike(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"replies.{ending}"
    lines = b"\n".join(map(orjson.dumps, ROWS))
    comma = '\ufeffprompt,text\r\n"a, or\nb?","He said ""a""."\r\né?,2\r\n'
    if ending == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    else:
        content = {
            "csv": comma.encode(),
            "tsv": comma.replace("prompt,", "prompt\t")
            .replace('",', '"\t')
            .replace("?,", "?\t")
            .encode(),
            "json": orjson.dumps(ROWS),
            "jsonl": b"\xef\xbb\xbf" + lines + b"\n\n",
        }[ending.removesuffix(".gz")]
        path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    assert read_rows(path) == ROWS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "a.jsonl:2 is not JSON"),
        ("a.jsonl", b"[1]\n", "a.jsonl:1 holds no object"),
        ("a.json", b'{"a": 1}', "does not hold a list"),
        ("a.json", b"nothing", "is not JSON"),
        ("a.csv", b"a,b\n\xff,1\n", "cannot be read"),
        ("a.jsonl.gz", b"plain", "cannot be read"),
        ("a.parquet", b"plain", "is not a parquet file"),
        ("a.xlsx", b"", "ending in .xlsx are not read"),
        ("a.csv", b'a,b\n"c\n', "is not csv"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_rows(tmp_path / name)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        read_rows(tmp_path / "none.jsonl")


def line(request: Request, text: str, **more: Any) -> dict[str, Any]:
    return {
        "request": request.hash,
        "model": request.model,
        "messages": [[m.role, m.content] for m in request.messages],
        "purchase": request.purchase,
        "draw": request.draw,
        "completions": [{"text": text}],
        **more,
    }


def test_a_reply_is_found_by_its_hash_whatever_the_session_is_called() -> None:
    bought = say("a", model="api.openai.com/gpt-4o-mini", purchase=3, draw=2)
    shelf = RepliesByRequest.of([line(bought, "A")], "f")
    assert texts(shelf.find(replace(bought, model="recorded/f-01234567"))) == ["A"]


def test_else_by_messages_in_order_of_purchase_and_draw() -> None:
    lines = [line(say("a", purchase=p, draw=d), f"{p}{d}") for p, d in [(1, 0), (0, 1), (0, 0)]]
    shelf = RepliesByRequest.of(
        [{k: v for k, v in each.items() if k != "request"} for each in lines], "f"
    )
    assert texts(shelf.find(say("a", draw=1))) == ["01"]
    assert texts(shelf.find(say("a", purchase=1))) == ["10"]
    warmer = Sampling(temperature=0.9)
    assert texts(shelf.find(say("a", purchase=9, draw=2, sampling=warmer))) == ["10"]
    assert not shelf.find(say("a", purchase=9, draw=3))
    assert not shelf.find(say("b"))


def test_a_line_keeps_usage_finish_and_tokens() -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "nanousd": 1250}
    tokens = [{"token": "A", "logprob": -0.5, "top": {"A": -0.5, "B": -1.0}}]
    completion = {"text": "A", "finish": "length", "tokens": tokens}
    row = line(say("a"), "A", usage=usage, completions=[completion])
    (found,) = RepliesByRequest.of([row], "f").find(say("a"))
    assert found.usage == Usage(1, 7, 2, 1250)
    assert found.completions[0].finish == "length"
    assert found.completions[0].tokens is not None
    assert found.completions[0].tokens[0].top == {"A": -0.5, "B": -1.0}


@pytest.mark.parametrize(
    "row", [{}, {"completions": []}, {"completions": [{}], "request": "r"}, {"completions": 1}]
)
def test_a_line_without_what_it_needs_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="f: reply 1 cannot be read"):
        RepliesByRequest.of([row], "f")


def test_the_kth_draw_of_a_prompt_takes_the_kth_reply() -> None:
    shelf = RepliesByPrompt(["a", "b", "a "], map(record, ["1", "2", "3"]))
    assert [texts(shelf.find(say("a", draw=k))) for k in range(3)] == [["1"], ["3"], []]


def test_several_completions_are_put_together_or_taken_as_recorded() -> None:
    three = Sampling(n=2)
    shelf = RepliesByPrompt(["a"] * 5, map(record, "12345"))
    found = [texts(shelf.find(say("a", draw=k, sampling=three))) for k in range(3)]
    assert found == [["1", "2"], ["3", "4"], []]
    both = Recording((Completion("1"), Completion("2")), Usage(1))
    assert texts(RepliesByPrompt(["a"], [both]).find(say("a", sampling=three))) == ["1", "2"]


def test_a_prompt_is_the_last_message_or_all_of_them() -> None:
    shelf = RepliesByPrompt(["You help.\n\nWhy?", "Where?"], map(record, "12"))
    chat = (Message("system", "You help."), Message("user", "Why?"))
    assert texts(shelf.find(Request(chat))) == ["1"]
    assert texts(shelf.find(Request((chat[0], Message("user", "Where?"))))) == ["2"]


KEYS = [
    ("A man rides a horse.", "A man sleeps."),
    ("A man rides a horse.", "A man sleeps. It rains."),
    ("A man rides a horse.", "An animal is there."),
    ("A man rides a horse", "Nobody."),
]


def test_all_cells_must_occur_and_the_longest_wins() -> None:
    shelf = RepliesByContent(KEYS, map(record, "1234"))
    assert texts(shelf.find(say("Premise: A man rides a horse.\nHypothesis: A man sleeps."))) == [
        "1"
    ]
    assert texts(shelf.find(say("A man rides\na horse. A man sleeps. It rains. Why?"))) == ["2"]
    assert texts(shelf.find(say("A man rides a horse. Nobody."))) == ["4"]
    assert not shelf.find(say("A man rides a horse. Something else."))


def test_the_row_that_ends_last_is_meant_and_earlier_ones_are_examples() -> None:
    shelf = RepliesByContent(KEYS, map(record, "1234"))
    prompt = " / ".join(" ".join(key) for key in (KEYS[1], KEYS[2]))
    assert texts(shelf.find(say(prompt))) == ["3"]


def test_rows_with_the_same_cells_are_draws() -> None:
    shelf = RepliesByContent([("one two",), ("one two",)], map(record, "12"))
    assert [texts(shelf.find(say("one two three", draw=k))) for k in range(3)] == [["1"], ["2"], []]


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.sampled_from("ab c.,!"), min_size=1), min_size=1, max_size=8, unique_by=fold
    )
)
def test_every_row_is_found_in_a_prompt_that_holds_only_it(cells: list[str]) -> None:
    cells = [cell for cell in cells if fold(cell)]
    shelf = RepliesByContent([(cell,) for cell in cells], map(record, cells))
    for cell in cells:
        assert texts(shelf.find(say(f"< {cell} >"))) == [cell]


def test_nearest_shares_most_words() -> None:
    assert nearest("the red cat sat", ["a dog", "the red cat", "the"]) == "the red cat"
    assert nearest("a", []) == ""


def test_digest_names_content_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    first = digest(path, "palm_rationale", "")
    assert len({first, digest(path, "palm_raw", ""), digest(path, "", "palm_rationale")}) == 3
    path.write_bytes(b"2")
    assert digest(path, "palm_rationale", "") != first
