"""How fast Tutelage drives a teacher, next to a bare client in the same run.

    python benchmarks/teacher_speed.py --json

A mock server of fixed latency runs in its own process. A bare aiohttp client (workers that pull,
one encode, one decode, nothing kept) is the floor. Tutelage does the same with ledger, caps,
retries, time-outs and pacing on. Both take turns; medians are shown. `ratio_to_floor` compares
rates over the whole call, `ratio_to_ideal` with requests in flight / latency. Peak memory is taken
with 10,000 and with 100,000 requests, each in a fresh process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import orjson

HERE = Path(__file__).resolve()
PROMPT = (
    "Premise: The bakery in Mill Street opens at eight and closes at six on weekdays. "
    "Hypothesis number {}: One can buy bread there at seven in the evening. "
    "Does the premise entail the hypothesis, contradict it, or neither? Explain in two sentences."
)


async def floor(url: str, count: int, in_flight: int, folder: Path) -> int:
    """A bare client: what any design on aiohttp has to do."""
    import aiohttp

    numbers = iter(range(count))
    characters = 0

    async def work(http: aiohttp.ClientSession) -> None:
        nonlocal characters
        for number in numbers:
            messages = [{"role": "user", "content": PROMPT.format(number)}]
            body = orjson.dumps({"model": "mock", "max_tokens": 128, "messages": messages})
            async with http.post(f"{url}/chat/completions", data=body, headers=headers) as answer:
                reply = orjson.loads(await answer.read())
                characters += len(reply["choices"][0]["message"]["content"])

    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await asyncio.gather(*(work(http) for _ in range(in_flight)))
    return characters


async def tutelage(url: str, count: int, in_flight: int, folder: Path) -> int:
    """The product's own path, as a run uses it."""
    from tutelage.records import Message, Request, Sampling
    from tutelage.store.caps import Account, Limit, Limits
    from tutelage.store.ledger import Ledger
    from tutelage.teacher.endpoint import Endpoint
    from tutelage.teacher.prices import Price
    from tutelage.teacher.providers import EndpointOptions
    from tutelage.teacher.purchasing import Purchaser

    def requests() -> Iterator[Request]:
        sampling = Sampling(temperature=0.9, max_tokens=128)
        for number in range(count):
            yield Request((Message("user", PROMPT.format(number)),), sampling)

    characters = 0
    caps = Limits(study=Limit.of(usd=1000), arm=Limit.of(usd=1000), turn=Limit.of(requests=10**7))
    options = EndpointOptions(model="mock", endpoint=url, concurrency=in_flight)
    with Ledger.open(folder / "ledger.db", owner="benchmark") as ledger:
        async with Endpoint(options).open() as session:
            buyer = Purchaser(session, ledger, limits=caps, price=Price.per_million(0.15, 0.6))
            async with aclosing(buyer.ask(requests(), Account("study", "arm"))) as answers:
                async for answer in answers:
                    assert answer.reply is not None
                    characters += len(answer.reply.text)
    return characters


CLIENTS = {"floor": floor, "tutelage": tutelage}


def measure(client: str, url: str, count: int, in_flight: int, folder: Path) -> dict[str, float]:
    """One call in this process."""
    __import__("aiohttp")
    if client == "tutelage":
        __import__("tutelage.teacher.endpoint")
    began, cpu = time.perf_counter(), time.process_time()
    characters = asyncio.run(CLIENTS[client](url, count, in_flight, folder))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert characters > 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rate": count / seconds, "cpu_ms": 1000 * cpu / count, "peak_mb": peak}


def in_own_process(client: str, url: str, count: int, in_flight: int, core: int | None) -> Any:
    """`measure` in a fresh process, pinned to a core where there are several."""
    with tempfile.TemporaryDirectory() as folder:
        words = [client, url, str(count), str(in_flight), folder]
        done = subprocess.run(
            [*pinned(core), sys.executable, str(HERE), "--one", *words],
            check=True,
            capture_output=True,
            text=True,
        )
    return json.loads(done.stdout)


def pinned(core: int | None) -> list[str]:
    return [] if core is None else ["taskset", "-c", str(core)]


@contextmanager
def mock_server(latency: float, core: int | None) -> Iterator[str]:
    program = [sys.executable, str(HERE.with_name("mock_server.py")), "--latency", str(latency)]
    process = subprocess.Popen(
        [*pinned(core), *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.stdin.close()
        process.wait(10)


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Floor and Tutelage in turns, then memory at both sizes."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    client_core, server_core = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CLIENTS}
    with mock_server(arguments.latency, server_core) as url:
        for _ in range(arguments.rounds):
            for name, found in runs.items():
                found.append(
                    in_own_process(name, url, arguments.count, arguments.in_flight, client_core)
                )
        large = (
            in_own_process("tutelage", url, 100_000, arguments.in_flight, client_core)
            if arguments.memory
            else None
        )
    middle = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }
    ideal = arguments.in_flight / arguments.latency
    ratios = [
        ours["rate"] / bare["rate"]
        for ours, bare in zip(runs["tutelage"], runs["floor"], strict=True)
    ]
    return {
        "in_flight": arguments.in_flight,
        "latency_s": arguments.latency,
        "requests": arguments.count,
        "rounds": arguments.rounds,
        "floor_per_s": round(middle["floor"]["rate"]),
        "tutelage_per_s": round(middle["tutelage"]["rate"]),
        "ratio_to_floor": round(statistics.median(ratios), 3),
        "ratio_to_ideal": round(middle["tutelage"]["rate"] / ideal, 3),
        "floor_cpu_ms": round(middle["floor"]["cpu_ms"], 4),
        "tutelage_cpu_ms": round(middle["tutelage"]["cpu_ms"], 4),
        "peak_mb_10k": round(middle["tutelage"]["peak_mb"], 1),
        "peak_mb_100k": None if large is None else round(large["peak_mb"], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON line last")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        client, url, count, in_flight, folder = arguments.one
        print(json.dumps(measure(client, url, int(count), int(in_flight), Path(folder))))
        return
    facts = compare(arguments)
    for name, value in facts.items():
        print(f"{name:>18}  {value}")
    if arguments.json:
        print(json.dumps(facts))


if __name__ == "__main__":
    main()
