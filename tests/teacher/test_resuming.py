"""kill -9 while buying, for real: another process, another server, the ledger between two lives; and
a teacher that dies with its process, whose unfinished answers nobody bills."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tutelage.store.caps import Account
from tutelage.store.ledger import Ledger
from tutelage.teacher.corpus import CorpusSession
from tutelage.teacher.endpoint import EndpointSession
from tutelage.teacher.local import LocalSession
from tutelage.teacher.recorded import RecordedSession
from tutelage.teacher.scripted import ScriptedSession
from tutelage.teacher.tuned import TunedSession

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


DYING = """
import asyncio, os, signal, sys
from pathlib import Path
from tutelage.records import Message, Request, Sampling
from tutelage.store.caps import Account
from tutelage.store.ledger import Ledger
from tutelage.teacher.prices import Price
from tutelage.teacher.purchasing import Purchaser
from tutelage.teacher.scripted import ScriptedOptions, build
from tutelage.teacher.worlds import find_world

async def main():
    requests = [Request((Message("user", f"p{k}"),), Sampling(max_tokens=20)) for k in range(9)]
    options = ScriptedOptions()
    teacher = build(options, task=find_world(options.world).task, folder=Path())
    with Ledger.open(sys.argv[1], owner="run") as ledger:
        async with teacher.open(()) as session:
            session.reply = mortal(session.reply)
            purchaser = Purchaser(session, ledger, price=Price.per_million(1, 1))
            async for answer in purchaser.ask(requests, Account("s", "a")):
                assert answer.reply is not None

def mortal(say):
    def reply(request):
        if request.messages[0].content == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)
        return say(request)
    return reply

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


async def test_what_a_teacher_in_the_killed_process_did_not_answer_is_on_no_bill(tmp_path):
    path = tmp_path / "ledger.db"
    for last in ("p4", "p4", "p7", "never"):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, str(path), last)
        assert await process.wait() == (0 if last == "never" else -9)
    with Ledger.open(path, owner="run") as ledger:
        (total,) = ledger.totals()
        study = ledger.balance(Account("s", "a"))[0]
        assert total.replies == 9 and not ledger.presumed()
        assert (study.tokens, study.nanousd) == (total.paid.tokens, total.paid.nanousd)
        assert study.requests == 9 + 3 and study.nanousd > 0


def test_the_ledger_is_told_which_teachers_answer_in_this_process():
    here = (CorpusSession, LocalSession, RecordedSession, ScriptedSession, TunedSession)
    assert all(session.answers_here for session in here)
    assert not hasattr(EndpointSession, "answers_here")
