"""A chat completions server of fixed latency that does next to nothing else.

    python benchmarks/mock_server.py --latency 0.02

prints its port, then serves until its standard input is closed. `GET /count` answers with how many
completions it gave. One process, one core; one timer serves all answers that are due, since with a
fixed latency they are due in the order of arrival.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections import deque

import orjson

TEXT = (
    "The premise says that the shop closes at six, and the hypothesis says that one can buy bread "
    "there at seven. Both cannot be true on the same day, so the hypothesis contradicts it."
)
BODY = orjson.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "mock",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100},
    }
)


def response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


ANSWER = response(BODY)


class Answers:
    """All answers that are still to be sent, in the order in which they are due."""

    def __init__(self, latency: float) -> None:
        self.latency, self.count = latency, 0
        self._due: deque[tuple[float, asyncio.Transport]] = deque()
        self._loop = asyncio.get_running_loop()

    def add(self, transport: asyncio.Transport) -> None:
        at = self._loop.time() + self.latency
        if not self._due:
            self._loop.call_at(at, self._send)
        self._due.append((at, transport))

    def _send(self) -> None:
        now = self._loop.time()
        while self._due and self._due[0][0] <= now + 0.0002:
            self._due.popleft()[1].write(ANSWER)
            self.count += 1
        if self._due:
            self._loop.call_at(self._due[0][0], self._send)


class Connection(asyncio.Protocol):
    def __init__(self, answers: Answers) -> None:
        self._answers, self._buffer = answers, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            if buffer.startswith(b"GET /count"):
                self._transport.write(response(str(self._answers.count).encode()))
                buffer = buffer[end + 4 :]
                continue
            at = buffer.find(b"ontent-Length:", 0, end)
            stop = buffer.find(b"\r\n", at)
            whole = end + 4 + int(buffer[at + 14 : stop])
            if len(buffer) < whole:
                break
            buffer = buffer[whole:]
            self._answers.add(self._transport)
        self._buffer = buffer


async def serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    answers = Answers(latency)
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    asyncio.run(serve(parser.parse_args().latency))


if __name__ == "__main__":
    main()
