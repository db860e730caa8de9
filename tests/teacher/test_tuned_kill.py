"""kill -9 of a purchase with a tuned teacher, for real: while it is tuned, while it answers rows, and
while it writes them. The next life goes on, and all is as if nothing had happened."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tutelage.neural.causal import CausalShape, fresh_causal
from tutelage.records import Completion
from tutelage.store.caps import Account
from tutelage.store.ledger import Ledger

pytestmark = [pytest.mark.train, pytest.mark.slow]

BUYER = """
import asyncio, sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from tutelage.records import Example, Label, Sampling, Task
from tutelage.store.caps import Account
from tutelage.store.ledger import Ledger
from tutelage.teacher.annotator import AnnotatorOptions, ask
from tutelage.teacher.composing import compose
from tutelage.teacher.purchasing import Purchaser
from tutelage.teacher.tuned import build
from tutelage.teacher.tuned_options import LoraOptions, PretrainingOptions, TeacherShape, TunedOptions
from tutelage.teacher import tutoring

def telling(*given, tune=tutoring.tune, progress, **more):
    def tell(event):
        progress(event)
        print("step", flush=True)
    return tune(*given, progress=tell, **more)

tutoring.tune = telling
TASK = Task("mood", "classification", ("text",), (Label("good"), Label("bad")))
ASKED = AnnotatorOptions(template="fields.v1", logprobs=2)
SHAPE = TeacherShape(d_model=32, layers=2, heads=2, d_ff=64, vocab_size=500, positions=128)
BODIES = {
    "adapter": {"model": "base", "lora": LoraOptions(rank=4)},
    "fresh": {"config": SHAPE, "pretrain": PretrainingOptions(steps=100)},
}

def rows(count):
    words = {"good": "fine", "bad": "dull"}
    return [
        Example(str(k), {"text": f"the thing number {k} is {words[label]}"}, label)
        for k in range(count) for label in [("good", "bad")[k % 2]]
    ]

async def buy(session, ledger, requests, told):
    purchaser = Purchaser(session, ledger)
    async with aclosing(purchaser.ask(requests, Account("s", "a"))) as answers:
        async for answer in answers:
            assert answer.reply is not None, answer.why
            print(told, flush=True)
    print("sent", purchaser.snapshot().sent, flush=True)

async def main():
    folder, body = Path(sys.argv[1]), BODIES[sys.argv[2]]
    options = TunedOptions(
        family="causal", teaches="both", template="fields.v1", steps=240, batch_size=8,
        learning_rate=6e-3, max_source=96, max_target=24, precision="fp32", answer_batch=2, **body,
    )
    answering = [replace(ask(TASK, row, options=ASKED), purchase=1) for row in rows(40)]
    drawn = Sampling(temperature=0.9, max_tokens=20)
    writing = [
        replace(compose(TASK, label=("good", "bad")[k % 2], sampling=drawn), purchase=1, draw=k // 2)
        for k in range(40)
    ]
    teacher = build(options, task=TASK, folder=folder.parent)
    with Ledger.open(folder / "ledger.db", owner="run") as ledger:
        async with teacher.open(rows(24), dev=rows(6), folder=folder / "teachers") as session:
            print("ready", flush=True)
            await buy(session, ledger, answering, "answered")
            await buy(session, ledger, writing, "written")

asyncio.run(main())
"""


@dataclass
class Life:
    """One process, and what it said until it ended or was killed."""

    folder: Path
    body: str

    async def live(self, word: str = "", *, count: int = 1, delay: float = 0.0) -> list[str]:
        """Kill it `delay` seconds after it said `word` for the `count`-th time, or let it end."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", BUYER, str(self.folder), self.body),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        said: list[str] = []
        while line := (await process.stdout.readline()).decode().strip():
            said.append(line)
            if word and said.count(word) == count:
                try:
                    await asyncio.wait_for(process.wait(), timeout=delay)
                except TimeoutError:
                    process.kill()
                break
        code = await process.wait()
        assert code == (-9 if word else 0), said
        return said


Said = dict[str, tuple[Completion, ...]]


def replies(folder: Path) -> Said:
    with Ledger.open(folder / "ledger.db", read_only=True) as ledger:
        return {reply.request: reply.completions for _, reply, _ in ledger.purchases()}


def assert_alike(found: Said, wanted: Said) -> None:
    """The same texts; the last digits of log-probabilities depend on the batch."""
    assert found.keys() == wanted.keys()
    for request, completions in wanted.items():
        for one, other in zip(found[request], completions, strict=True):
            assert (one.text, one.finish) == (other.text, other.finish)
            for a, b in zip(one.tokens or (), other.tokens or (), strict=True):
                assert a.token == b.token and a.top == pytest.approx(b.top, abs=1e-5)


def weights(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "teachers").rglob("*.safetensors"))
    }


@pytest.mark.parametrize("body", ["adapter", "fresh"])
async def test_a_killed_purchase_goes_on_as_if_nothing_had_happened(
    body: str, tmp_path: Path
) -> None:
    shape = CausalShape(d_model=32, layers=1, heads=2, d_ff=64, vocab_size=400, positions=128)
    fresh_causal(shape, ["the thing number is fine or dull"], seed=1).save(tmp_path / "base")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir(), killed.mkdir()
    assert (await Life(whole, body).live())[-1] == "sent 40"
    chance = random.Random(body)
    life = Life(killed, body)
    for count in (chance.randrange(10, 60), chance.randrange(60, 120)):
        await life.live("step", count=count, delay=chance.uniform(0.0, 0.05))
        assert not replies(killed), "killed while it was tuned"
    kept: Said = {}
    for word, count in (
        ("answered", chance.randrange(1, 30)),
        ("written", chance.randrange(1, 30)),
    ):
        await life.live(word, count=count, delay=chance.uniform(0.0, 0.05))
        now = replies(killed)
        assert kept.items() <= now.items()
        kept = now
    said = await life.live()
    sent = sum(int(line.split()[1]) for line in said if line.startswith("sent"))
    assert sent == 80 - len(kept), "no recorded reply is bought again"
    with Ledger.open(killed / "ledger.db", owner="run") as ledger:
        assert not ledger.presumed(), "nobody bills what died with the process"
        assert ledger.balance(Account("s", "a"))[0].tokens == ledger.totals()[0].paid.tokens
    assert_alike(replies(killed), replies(whole))
    assert weights(killed) == weights(whole)
