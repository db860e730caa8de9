"""kill -9 while buying, for real: another process, another server, the ledger between two lives."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tutelage.store.caps import Account
from tutelage.store.ledger import Ledger

BUYER = """
import asyncio, sys
from tutelage.records import Message, Request, Sampling
from tutelage.store.caps import Account
from tutelage.store.ledger import Ledger
from tutelage.teacher.endpoint import Endpoint
from tutelage.teacher.providers import EndpointOptions
from tutelage.teacher.purchasing import Purchaser

async def main():
    options = EndpointOptions(model="tiny", endpoint=sys.argv[2], concurrency=32)
    requests = [Request((Message("user", f"p{k}"),), Sampling(max_tokens=20)) for k in range(600)]
    with Ledger.open(sys.argv[1], owner="run") as ledger:
        async with Endpoint(options).open() as session:
            async for answer in Purchaser(session, ledger).ask(requests, Account("s", "a")):
                assert answer.reply is not None

asyncio.run(main())
"""


async def life(path: Path, url: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", BUYER, str(path), url)


async def test_a_killed_run_pays_again_for_no_recorded_reply(server, say, tmp_path):
    path = tmp_path / "ledger.db"
    server.script = lambda *_: say(delay=0.003)
    for moment in (1, 90, 333):
        reached = asyncio.Event()

        async def gate(moment=moment, reached=reached) -> None:
            if server.requests >= moment:
                reached.set()

        server.gate = gate
        process = await life(path, server.url)
        await reached.wait()
        process.kill()
        await process.wait()
        while server.in_flight:  # the server finishes what it was asked
            await asyncio.sleep(0.001)
    server.gate = None
    before = server.requests
    with Ledger.open(path, owner="run") as ledger:
        recorded = ledger.totals()[0].replies
        presumed = ledger.presumed()
        assert 0 < len(presumed) <= 3 * 32
        # Whatever reached the server is either recorded or presumed paid.
        assert recorded <= before <= recorded + len(presumed)
        assert ledger.balance(Account("s", "a"))[0].requests == recorded + len(presumed)
    process = await life(path, server.url)
    assert await process.wait() == 0
    assert server.requests - before == 600 - recorded
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.totals()[0].replies == 600
        assert len(ledger.presumed()) == len(presumed)
