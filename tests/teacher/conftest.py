"""A local OpenAI-compatible server that keeps its own books and misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from tutelage.records import Message, Request, Sampling
from tutelage.store.ledger import Ledger
from tutelage.teacher.endpoint import Endpoint
from tutelage.teacher.prices import Price
from tutelage.teacher.providers import EndpointOptions, Timeouts

INPUT_PICO, OUTPUT_PICO = 150_000, 600_000
"""What the server charges for a token, in pico-dollars: 0.15 and 0.60 dollars per million."""


@dataclass
class Say:
    """How to answer one sending; the default is a proper completion."""

    status: int = 200
    body: Any = None
    """JSON or bytes instead of a completion."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    """Close the connection in the middle of the body."""
    hang_up: bool = False
    """Close the connection without an answer."""
    usage: bool = True
    text: str | None = None


Script = Callable[[int, dict[str, Any], dict[str, str]], Say | None]
"""(number of the sending, body, headers) to how to answer."""


class TeacherServer:
    """Counts what it is asked and what it would put on the bill."""

    def __init__(self) -> None:
        self.script: Script = lambda *_: None
        self.gate: Callable[[], Awaitable[None]] | None = None
        self.requests = self.completions = self.tokens = self.nanousd = 0
        self.in_flight = self.most_in_flight = self.connections = 0
        self.last_target = ""
        self.last_headers: dict[str, str] = {}
        self.bodies: list[dict[str, Any]] = []
        self.keys: Counter[str] = Counter()
        self.url = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=1 << 24, ssl=tls
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                pairs = (line.partition(":") for line in head[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                self.last_target, self.last_headers = head[0].split()[1], headers
                raw = await reader.readexactly(int(headers.get("content-length", "0")))
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    go_on = await self._answer(json.loads(raw), headers, writer)
                finally:
                    self.in_flight -= 1
                if not go_on:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(
        self, body: dict[str, Any], headers: dict[str, str], writer: asyncio.StreamWriter
    ) -> bool:
        self.requests += 1
        self.bodies.append(body)
        self.keys[headers.get("authorization", "")] += 1
        say = self.script(self.requests, body, headers) or Say()
        if self.gate is not None:
            await self.gate()
        if say.delay:
            await asyncio.sleep(say.delay)
        if say.hang_up:
            return False
        payload = self._payload(say, body)
        extra = "".join(f"{name}: {value}\r\n" for name, value in say.headers.items())
        head = f"HTTP/1.1 {say.status} X\r\nContent-Length: {len(payload)}\r\n{extra}\r\n"
        writer.write(head.encode() + (payload[: len(payload) // 2] if say.cut else payload))
        await writer.drain()
        return not say.cut

    def _payload(self, say: Say, body: dict[str, Any]) -> bytes:
        if isinstance(say.body, bytes):
            return say.body
        if say.body is not None or say.status != 200:
            return orjson.dumps(say.body or {"error": {"message": f"status {say.status}"}})
        most = body.get("max_tokens") or body.get("max_completion_tokens")
        prompt = sum(len(m["content"].encode()) for m in body["messages"])
        written = 1 + (prompt * 7 + body.get("seed", 0)) % most
        self.completions += 1
        self.tokens += prompt + written
        self.nanousd += -(-(prompt * INPUT_PICO + written * OUTPUT_PICO) // 1000)
        text = say.text if say.text is not None else f"reply {body.get('seed')}"
        answer: dict[str, Any] = {
            "model": "tiny-2026",
            "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        }
        if say.usage:
            answer["usage"] = {"prompt_tokens": prompt, "completion_tokens": written}
        return orjson.dumps(answer)


@pytest.fixture
async def server() -> AsyncIterator[TeacherServer]:
    teacher = TeacherServer()
    await teacher.start()
    yield teacher
    await teacher.stop()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterable[Ledger]:
    with Ledger.open(tmp_path / "ledger.db", owner="run") as opened:
        yield opened


@pytest.fixture
def asked() -> Callable[..., Request]:
    """Makes a request as a synthesizer does."""

    def make(text: str, *, draw: int = 0, max_tokens: int = 20, **sampling: Any) -> Request:
        drawn = Sampling(temperature=0.9, max_tokens=max_tokens, **sampling)
        return Request((Message("user", text),), drawn, draw=draw)

    return make


@pytest.fixture
def connect(server: TeacherServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Opens a session with the server that loses no time."""
    monkeypatch.setattr("tutelage.teacher.endpoint.BACKOFF", 0.002)

    def make(**changes: Any) -> Any:
        given: dict[str, Any] = {
            "model": "tiny",
            "endpoint": server.url,
            "timeout": Timeouts(connect=2.0, first_byte=2.0, total=4.0),
            "concurrency": 8,
        }
        return Endpoint(EndpointOptions(**(given | changes))).open()

    return make


@pytest.fixture
def say() -> type[Say]:
    return Say


@pytest.fixture
def price() -> Price:
    """What the server charges."""
    return Price(INPUT_PICO, OUTPUT_PICO)


@pytest.fixture
def ledgers(tmp_path: Path) -> Iterable[Callable[[str], Ledger]]:
    """Opens ledgers by name: `ledgers("second")`."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(Ledger.open(tmp_path / f"{name}.db", owner="run"))
