"""A teacher behind a live OpenAI-compatible server answers questions; a span reader learns them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

import tutelage
from tutelage.study.archive import find_run
from tutelage.study.saved_rows import saved_rows
from tutelage.study.tracing import trace

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # tests share the machine
COLOURS = ("red", "blue", "green")


class Teacher(BaseHTTPRequestHandler):
    """Answers with the colour of the last context, and gives up on every context with `fog`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        context = re.findall(r"^Context: (.*)$", body["messages"][0]["content"], re.MULTILINE)[-1]
        colour = next(word for word in context.split() if word in COLOURS)
        said = "It cannot be seen." if "fog" in context else f'"{colour.capitalize()}".'
        answer = {
            "choices": [{"message": {"content": said}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 50, "completion_tokens": 2},
        }
        raw = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Nothing is said on standard error."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Teacher)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def rows(start: int, count: int, *, known: bool = True) -> bytes:
    found = []
    for i in range(start, start + count):
        colour, place = COLOURS[i % 3], ("fog", "rain", "sun", "wind")[i % 4]
        row = {
            "id": f"r{i}",
            "context": f"box {i} in {place} is {colour} once",
            "question": "which?",
        }
        found.append(row | ({"answer": colour} if known else {}))
    return b"".join(orjson.dumps(row) + b"\n" for row in found)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, url: str) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("questions")
    sources = {"train": rows(0, 12), "dev": rows(100, 12), "test": rows(200, 12)}
    gold: dict[str, Any] = {}
    for role, content in {**sources, "unlabelled": rows(300, 24, known=False)}.items():
        (folder / f"{role}.jsonl").write_bytes(content)
        gold[role] = str(folder / f"{role}.jsonl")
    shape = {"d_model": 16, "layers": 1, "heads": 2, "d_ff": 32, "vocab_size": 300}
    return {
        "task": "span_qa",
        "gold": gold,
        "teacher": {
            "endpoint": url,
            "model": "tiny",
            "prices": {"input": 1.0, "output": 2.0},
            "budget": {"usd": 1},
        },
        "student": {"kind": "span_reader", "config": shape, "steps": 3, "max_source": 40,
                    "stride": 4, "max_question": 8},
        "arms": {"gold_only": {}, "annotate": {"synthesis": {"annotate": {"shots": 1}}}},
        "rivals": ["guess", "teacher_zero_shot"],
        "primary": "annotate > gold_only",
        "seeds": {"student": 1},
    }  # fmt: skip


@pytest.fixture(scope="module")
def done(recipe: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> tutelage.RunOutcome:
    return tutelage.run(recipe, tmp_path_factory.mktemp("out") / "run", final=True)


def test_copied_answers_are_kept_and_the_others_told(done: tutelage.RunOutcome) -> None:
    found = list(saved_rows(find_run(done.folder)))
    kept = [row for row in found if row.kept]
    assert (len(found), len(kept)) == (24, 18)
    for row in kept:
        assert row.example is not None and row.example.spans
        (span,) = row.example.spans
        assert row.example.fields["context"][span.start : span.end] == span.text in COLOURS
        assert row.example.origin.requests
    assert {row.verdict.reason for row in found if not row.kept} == {"no answer is in the context"}
    (turn,) = next(u for u in done.results["units"] if u["arm"] == "annotate")["turns"]
    assert (turn["drafts"], turn["added"], turn["rows"]) == (24, 18, 30)


def test_the_teacher_itself_stands_in_the_table(done: tutelage.RunOutcome) -> None:
    scores = {s["arm"]: s["scores"] for s in done.results["standings"] if s["rule"] == ""}
    assert scores["teacher_zero_shot"] == {"f1": 0.75, "em": 0.75, "unparseable": 0.25}
    assert scores["guess"]["em"] == 0
    assert "It cannot be seen." not in done.report.read_text("utf8")


def test_an_annotated_question_can_be_followed(done: tutelage.RunOutcome) -> None:
    found = trace(find_run(done.folder), "r301")
    (passage,) = found.passages
    assert passage.result is not None and passage.result.answer == ("blue",)
    assert passage.exchanged[0].reply == '"Blue".'
    assert found.targets == {"annotate": ("blue",)}


def test_a_pilot_asks_about_gold_questions(recipe: dict[str, Any], tmp_path: Path) -> None:
    found = tutelage.preview(recipe, score=8, ledger=tmp_path / "ledger.sqlite")
    pilot = found.score
    assert pilot is not None
    assert (pilot.rows, pilot.right, pilot.unreadable) == (
        8,
        8 - pilot.unreadable,
        pilot.unreadable,
    )
    assert pilot.student is None and pilot.better is None and pilot.confusion is None
    shown = tutelage.preview(recipe, ledger=tmp_path / "ledger.sqlite", buy=True, arms=["annotate"])
    assert any((one.parsed or "").startswith("answer ") for one in shown.prompts)
