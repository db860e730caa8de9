"""Whole studies of writers against a live OpenAI-compatible server on this machine."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import tutelage
from tutelage.exceptions import UserError
from tutelage.store.ledger import Ledger

WORDS = [
    "bolt",
    "gear",
    "rope",
    "lamp",
    "tent",
    "boot",
    "mast",
    "keel",
    "sail",
    "oar",
    "map",
    "dial",
    "lens",
    "coil",
    "fuse",
    "pump",
    "vent",
    "seal",
    "rail",
    "tyre",
    "hull",
    "door",
    "roof",
    "pane",
    "tile",
    "beam",
    "joist",
    "plank",
    "nail",
    "screw",
]
Writer = Callable[[str, int, int], str]
"""(the wanted label's word, how often it was asked before, texts wanted) to a reply."""


class Server(ThreadingHTTPServer):
    """Writes what its writer says, and keeps its own books."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.writer: Writer = lambda label, time, count: ""
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][0]["content"]
        label = (re.search(r"Label: (\w+)", prompt) or ["", ""])[1]
        count = int((re.search(r"JSON array of (\d+)", prompt) or ["", "1"])[1])
        with self.server.lock:
            time = self.server.asked[label]
            self.server.asked[label] += 1
            self.server.bodies.append(body)
            text = self.server.writer(label, time, count)
        answer = {
            "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        }
        raw = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Nothing is said on standard error."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    thread = threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def text(label: str, number: int) -> str:
    """The `number`-th of 900 different texts for a label."""
    return f"My {WORDS[number % 30]} and {WORDS[number // 30]} are {label}."


def recipe(small_recipe: Any, server: Server, arms: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = small_recipe(
        teacher={
            "endpoint": server.url,
            "model": "tiny",
            "concurrency": 8,
            "prices": {"input": 1.0, "output": 2.0},
            "budget": {"usd": 1},
        },
        arms={"gold_only": {}, **arms},
        primary="",
        rivals=["majority"],
        seeds={"student": 1},
    )
    made["gold"] = {
        **made["gold"],
        "pool": {"world": "composition", "rows": 40},
        "unlabelled": None,
    }
    return made


def turns(outcome: Any, arm: str) -> list[dict[str, Any]]:
    unit = next(unit for unit in outcome.results["units"] if unit["arm"] == arm)
    found: list[dict[str, Any]] = unit["turns"]
    return found


def test_a_teacher_that_repeats_itself_half_of_the_time_meets_the_quota(
    small_recipe: Any, server: Server, tmp_path: Any
) -> None:
    server.writer = lambda label, time, count: text(label, time // 2)
    made = recipe(small_recipe, server, {"zerogen": {"synthesis": {"zerogen": {"rows": 60}}}})
    outcome = tutelage.run(made, tmp_path / "run")
    (turn,) = turns(outcome, "zerogen")
    assert turn["wanted"] == {"routine": 20, "watch": 20, "urgent": 20}
    assert turn["added"] == 60
    assert turn["lacking"] == {}
    assert 2 <= turn["waves"] <= 5
    assert sum(turn["decisions"].values()) == turn["drafts"]
    assert turn["added_by_label"] == turn["wanted"]
    rows = kept_rows(outcome)
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == 60
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        (total,) = [total for total in ledger.totals() if total.account.arm == "zerogen"]
    assert total.replies == total.charged.requests == turn["drafts"]
    assert total.paid.nanousd == total.replies * (100 * 1000 + 10 * 2000)


def kept_rows(outcome: Any) -> list[dict[str, Any]]:
    """Rows kept by the run's one buying arm."""
    rows = []
    for path in sorted((outcome.folder / "steps").glob("curate*/kept.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if row["origin"]["arm"]:
                rows.append({"id": row["id"], "label": row["label"], **row["fields"]})
    return rows


def test_a_teacher_that_knows_too_few_texts_leaves_an_account_of_what_lacks(
    small_recipe: Any, server: Server, tmp_path: Any
) -> None:
    server.writer = lambda label, time, count: text(label, time % (7 if label == "watch" else 99))
    made = recipe(small_recipe, server, {"zerogen": {"synthesis": {"zerogen": {"rows": 30}}}})
    outcome = tutelage.run(made, tmp_path / "run")
    (turn,) = turns(outcome, "zerogen")
    assert turn["added"] == 27
    assert turn["lacking"] == {"watch": 3}
    refused: Counter[str] = Counter()
    for one in turn["reasons"]:
        refused[one["check"]] += one["count"]
    assert refused == {"duplicate": turn["drafts"] - 27}
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        (total,) = [total for total in ledger.totals() if total.account.arm == "zerogen"]
    assert total.replies == turn["drafts"]


def test_lists_that_cannot_be_read_are_asked_for_once_more(
    small_recipe: Any, server: Server, tmp_path: Any
) -> None:
    """Every second reply is prose; one correction turn brings the list."""

    def writer(label: str, time: int, count: int) -> str:
        if "cannot be used" not in server.bodies[-1]["messages"][-1]["content"] and time % 2:
            return "I would rather tell you about my day."
        return json.dumps([text(label, 10 * time + i) for i in range(count)])

    server.writer = writer
    options = {"rows": 60, "texts_per_request": 5, "structured": True}
    made = recipe(small_recipe, server, {"zerogen": {"synthesis": {"zerogen": options}}})
    outcome = tutelage.run(made, tmp_path / "run")
    (turn,) = turns(outcome, "zerogen")
    assert (turn["added"], turn["lacking"], turn["waves"]) == (60, {}, 1)
    corrections = [body for body in server.bodies if len(body["messages"]) == 3]
    assert corrections
    assert turn["requests"] == 12 + len({body["seed"] for body in corrections})
    for body in server.bodies:
        schema = body["response_format"]["json_schema"]["schema"]
        assert list(schema["properties"]) == ["texts"]


def test_rounds_of_errors_and_their_rival_on_seeds_that_are_paid_once(
    small_recipe: Any, server: Server, tmp_path: Any
) -> None:
    server.writer = lambda label, time, count: text(label, time)
    extrapolate = {"extrapolate": {"seed": "plain", "seed_rows": 30, "rows": 12}}
    arms = {
        "zerogen": {"synthesis": {"zerogen": {"rows": 30}}},
        "errors": {"synthesis": extrapolate, "critic": "errors", "turns": 3},
        "random": {
            "synthesis": extrapolate,
            "critic": {"random_rows": {"rows": 6}},
            "turns": 3,
        },
    }
    made = recipe(small_recipe, server, arms)
    outcome = tutelage.run(made, tmp_path / "run")
    for arm in ("errors", "random"):
        assert [turn["added"] for turn in turns(outcome, arm)] == [30, 12, 12]
        assert all(turn["lacking"] == {} for turn in turns(outcome, arm))
    with Ledger.open(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        totals = {(t.account.arm, t.account.turn): t for t in ledger.totals()}
    # Each student of an arm with a critic buys for itself.
    seeds = [totals[arm, 0] for arm in ("zerogen", "errors [seed 1]", "random [seed 1]")]
    assert [total.charged.requests for total in seeds] == [30, 30, 30]
    assert [total.paid.requests for total in seeds] == [30, 0, 0]
    drafts = sum(turn["drafts"] for arm in ("errors", "random") for turn in turns(outcome, arm))
    assert sum(total.charged.requests for total in totals.values()) == drafts + 30


def test_an_endpoint_cannot_debias_and_is_not_asked(
    small_recipe: Any, server: Server, tmp_path: Any
) -> None:
    arms = {"zerogen": {"synthesis": {"zerogen": {"self_debiasing": {"decay": 100}}}}}
    made = recipe(small_recipe, server, arms)
    for go in (lambda: tutelage.plan(made), lambda: tutelage.run(made, tmp_path / "run")):
        with pytest.raises(UserError, match="cannot steer what it writes"):
            go()
    assert server.bodies == []


def test_a_plan_shows_what_several_texts_in_a_request_save(
    small_recipe: Any, server: Server, tmp_path: Any
) -> None:
    arms = {
        f"by_{k}": {"synthesis": {"zerogen": {"rows": 60, "texts_per_request": k}}}
        for k in (1, 5, 8)
    }
    plan = tutelage.plan(recipe(small_recipe, server, arms))
    requests = {arm.arm: arm.requests for arm in plan.arms}
    assert requests == {"gold_only": 0, "by_1": 60, "by_5": 12, "by_8": 9}


def test_a_plan_counts_the_stages_before_the_texts(small_recipe: Any, server: Server) -> None:
    arms = {
        "topics": {"synthesis": {"zerogen": {"rows": 60, "topics": 40}}},
        "reasons": {"synthesis": {"extrapolate": {"seed_rows": 30}}},
    }
    plan = tutelage.plan(recipe(small_recipe, server, arms))
    assert {arm.arm: arm.requests for arm in plan.arms} == {
        "gold_only": 0,
        "topics": 62,
        "reasons": 33,
    }
