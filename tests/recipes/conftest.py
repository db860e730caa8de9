"""A well-behaved OpenAI-compatible server whose replies depend on nothing but the request."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterator, Mapping
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

THINGS = [
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
]
ENDS = ["at sea", "on the hill", "after a week", "for my sister", "in the rain", "this morning"]


def reply_to(body: Mapping[str, Any]) -> str:
    """A label, a list or a text, as the prompt asks for; the same for the same prompt and seed."""
    prompt = body["messages"][-1]["content"]
    told = json.dumps([body["messages"], body.get("seed")], sort_keys=True)
    chance = random.Random(sha256(told.encode()).digest())
    if "Reply with exactly one of these labels" in prompt:
        return str(chance.choice(re.findall(r"^- (\w+)", prompt, re.MULTILINE)))
    if listed := re.search(r"JSON array of (\d+)|consider (\d+) reasons", prompt):
        count = int(listed[1] or listed[2])
        return json.dumps(
            [f"{chance.choice(THINGS)} no. {chance.random():.8f}" for _ in range(count)]
        )
    return _text(prompt, chance)


def _text(prompt: str, chance: random.Random) -> str:
    wanted = re.findall(r"\b(pos|positive|neg|negative)\b", prompt)
    good = wanted[-1].startswith("pos") if wanted else chance.random() < 0.5
    words = [chance.choice(THINGS) for _ in range(4)]
    word = "good" if good == (chance.random() < 0.9) else "bad"
    return f"The {' and the '.join(words)} were {word} to have {chance.choice(ENDS)}."


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = reply_to(body)
        choice: dict[str, Any] = {"message": {"content": text}, "finish_reason": "stop"}
        if body.get("logprobs"):
            words = re.findall(r"\S+\s*", text)
            tokens = [{"token": word, "logprob": -len(word) / 10} for word in words]
            choice["logprobs"] = {"content": tokens}
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        raw = json.dumps({"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Nothing is said on standard error."""


@pytest.fixture(scope="module")
def writing_server() -> Iterator[str]:
    """Its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    thread.join()
    server.server_close()
