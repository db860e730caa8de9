"""The recorded teacher, from options to replies, on small files and on the published ones."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from tutelage.exceptions import DataError, UserError
from tutelage.records import Label, Message, Reply, Request, Task, Usage
from tutelage.teacher.recorded import RecordedOptions, build, open_shelf
from tutelage.teacher.recordings import read_rows
from tutelage.teacher.templating import load

TASK = Task("t", "nli", ("premise", "hypothesis"), (Label("yes"), Label("no")))
REPO = Path(__file__).parents[2]
REAL = Path(os.environ.get("TUTELAGE_REAL_DATA", REPO / "../shared/data"))
ROWS = [
    {
        "premise": "It rains.",
        "hypothesis": "It is wet.",
        "why": "Rain is wet.",
        "in": 9,
        "cost": "0.002",
    },
    {
        "premise": "It rains.",
        "hypothesis": "It is dry.",
        "why": "Rain is not dry.",
        "in": 8,
        "cost": "",
    },
    {"premise": "It snows.", "hypothesis": "It is cold.", "why": None, "in": 7, "cost": ""},
]


class ListDesk:
    """Hands out a list of requests and keeps what came of them."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.waiting, self.replies, self.failed = list(requests), [], []

    def __aiter__(self) -> ListDesk:
        return self

    async def __anext__(self) -> Request:
        if not self.waiting:
            raise StopAsyncIteration
        return self.waiting.pop(0)

    def deliver(self, reply: Reply) -> None:
        self.replies.append(reply)

    async def again(self, request: Request, why: str, *, maybe_paid: bool) -> bool:
        raise AssertionError(why)

    def fail(self, request: Request, why: str, *, maybe_paid: bool) -> None:
        self.failed.append((request.messages[-1].content, why, maybe_paid))


def say(text: str) -> Request:
    return Request((Message("user", text),))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "why.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, ROWS)))
    return path


async def ask(options: RecordedOptions, folder: Path, *texts: str) -> ListDesk:
    async with build(options, task=TASK, folder=folder).open(()) as session:
        desk = ListDesk([session.resolve(say(text)) for text in texts])
        for request in desk.waiting:
            assert session.bound(request).requests == 1
        await session.answer(desk)
    return desk


async def test_columns_of_a_table_answer(table: Path) -> None:
    options = RecordedOptions(
        "why.jsonl", "why", key=("premise", "hypothesis"), prompt_tokens="in", usd="cost"
    )
    desk = await ask(
        options, table.parent, "If: It rains.\nThen: It is wet.", "It rains. It is dry."
    )
    assert [reply.text for reply in desk.replies] == ["Rain is wet.", "Rain is not dry."]
    assert [reply.usage for reply in desk.replies] == [Usage(1, 9, 0, 2_000_000), Usage(1, 8, 0, 0)]
    assert desk.replies[0].served_by.startswith("recorded/why-")


async def test_a_match_says_the_whole_prompt(table: Path) -> None:
    options = RecordedOptions("why.jsonl", "why", match="Why {premise}\n-> {hypothesis}?")
    desk = await ask(options, table.parent, "Why It rains. -> It is wet.?", "It rains. It is wet.")
    assert [reply.text for reply in desk.replies] == ["Rain is wet."]
    assert len(desk.failed) == 1


async def test_what_is_missing_fails_unpaid_and_shows_the_nearest_once(
    table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = RecordedOptions("why.jsonl", "why", key=("premise", "hypothesis"))
    with caplog.at_level(logging.WARNING):
        desk = await ask(options, table.parent, "It rains. It is late.", "It snows. It is cold.")
    (first, second) = desk.failed
    assert first[1:] == (
        "no recorded reply for draw 0 of this prompt; asked: 'It rains. It is late.'; "
        "nearest recorded: 'It rains. It is wet.'",
        False,
    )
    assert second[1] == "no recorded reply for draw 0 of this prompt (2 so far)"
    assert "2 of 2 requests have no reply" in caplog.text
    assert "It rains" not in caplog.text


async def test_names_change_with_what_would_be_answered(table: Path) -> None:
    def name_of(**options: Any) -> RecordedOptions:
        return RecordedOptions("why.jsonl", key=("premise", "hypothesis"), **options)

    names = []
    for options in (
        name_of(reply="why"),
        name_of(reply="premise"),
        name_of(reply="why", usd="cost"),
    ):
        async with build(options, task=TASK, folder=table.parent).open(()) as session:
            names.append(session.name)
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("recorded/why-")


async def test_a_file_of_requests_and_replies(tmp_path: Path) -> None:
    line = {
        "messages": [["user", "Why?"]],
        "completions": [{"text": "So."}],
        "usage": {"nanousd": 5},
    }
    (tmp_path / "replies.jsonl").write_bytes(orjson.dumps(line))
    desk = await ask(RecordedOptions("replies.jsonl"), tmp_path, "Why?", "Why not?")
    assert [(r.text, r.usage.nanousd) for r in desk.replies] == [("So.", 5)]
    assert [text for text, *_ in desk.failed] == ["Why not?"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "none.jsonl"}, "There is no file"),
        ({"path": "why.jsonl", "prompt": "a", "match": "b", "reply": "why"}, "prompt and match"),
        ({"path": "why.jsonl", "key": ("premise",)}, "but no reply"),
    ],
)
def test_mistakes_that_show_before_reading(
    table: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        build(RecordedOptions(**options), task=TASK, folder=table.parent)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reply": "wy", "key": ("premise",)}, "no column 'wy'(.|\n)*Did you mean why"),
        ({"reply": "why", "key": ("premis",)}, "Did you mean premise"),
        ({"reply": "why", "match": "{premise} {hypo}"}, "no column 'hypo'"),
        ({"reply": "why"}, "no column 'prompt'(.|\n)*Name a prompt column"),
        ({"reply": "why", "key": ("premise",), "usd": "hypothesis"}, "must hold numbers"),
        ({}, "reply 1 cannot be read(.|\n)*reply: COLUMN"),
    ],
)
def test_mistakes_that_show_on_opening(table: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_shelf(RecordedOptions("why.jsonl", **options), table)


# --- published data -------------------------------------------------------------------------------

real = pytest.mark.real
RELATIONS = {"entailment": "entails", "neutral": "is neutral to", "contradiction": "contradicts"}


def published(path: str) -> Path:
    if not (REAL / path).exists():
        pytest.skip(f"{REAL / path} is not here; set TUTELAGE_REAL_DATA")
    return REAL / path


def explain(row: Any) -> Request:
    texts = [row["premise"], row["hypothesis"]]
    given = {"texts": texts, "relation": RELATIONS[row["label"]]}
    return Request(EXPLAIN.messages(given))


EXPLAIN = load("explain_nli.v1")


@real
def test_emanli_dev_is_answered_by_its_own_prompts() -> None:
    path = published("emanli_r1/dev.jsonl.gz")
    rows = read_rows(path)
    shelf = open_shelf(RecordedOptions(str(path), "rationale"), path)
    found = [shelf.find(explain(row)) for row in rows]
    assert [f[0].completions[0].text for f in found] == [row["rationale"] for row in rows]


@real
def test_palm_rationales_of_esnli_are_found_by_premise_and_hypothesis() -> None:
    path = published("dsbs_esnli/train_first10k.jsonl.gz")
    options = RecordedOptions(str(path), "palm_rationale", key=("premise", "hypothesis"))
    rows = read_rows(path)
    requests = [explain(row) for row in rows[:4000]]
    start = time.process_time()
    shelf = open_shelf(options, path)
    found = [shelf.find(request) for request in requests]
    assert time.process_time() - start < 2
    told = [each[0].completions[0].text if each else None for each in found]
    times = Counter((row["premise"], row["hypothesis"]) for row in rows)
    for row, text in zip(rows[:4000], told, strict=True):
        if not row["palm_rationale"]:
            assert text is None
        elif times[row["premise"], row["hypothesis"]] == 1:
            assert text == row["palm_rationale"]
