"""Kill a run at random moments and resume it: nothing recorded is bought again, nothing changes.

    python benchmarks/kill.py --kills 20 --json
    python benchmarks/kill.py --study rounds --kills 30 --json
    python benchmarks/kill.py --study tuned --kills 20 --json

`--study rounds` is S3: seed rows, then two rounds of variations of the student's errors, with a
student trained in each; `--study tuned` has a model in the run's own process, pre-trained, tuned,
and asked for labels and new rows; the other study buys rationales and labels.

A live OpenAI-compatible server in this process answers as a pure function of the prompt and counts
what it is asked. One run goes undisturbed. Then runs of the same recipe in fresh folders are killed
with SIGKILL at uniformly random moments of their lives and started again until they finish, until
so many kills have struck. After each kill the ledger is read; at the end

- no request whose reply was in the ledger at a kill was ever sent again, by the server's count and
  by the ledger's own, and each such reply is still the same;
- `report.json` equals the undisturbed one's outside its clock fields.

Exits with 1 where either fails. Prints one JSON line last.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tutelage.store.ledger import Ledger
from tutelage.teacher.wire import seed_of

RATIONALES = """\
name: killed
task: {{kind: classification, labels: [routine, watch, urgent]}}
gold:
  train: {{world: composition, rows: 90}}
  dev: {{world: composition, rows: 40}}
  test: {{world: composition, rows: 60}}
  unlabelled: {{world: composition, rows: 150}}
teacher:
  endpoint: {url}
  model: tiny
  concurrency: 8
  budget: {{usd: 1, requests: 5000}}
student:
  config: {{d_model: 32, layers: 1, decoder_layers: 1, heads: 2, d_ff: 64, vocab_size: 600}}
  steps: 40
  batch_size: 8
  learning_rate: 2e-3
  max_source: 96
  max_target: 64
  rationale_rows: 4
arms:
  label_only: {{}}
  explain:
    synthesis: explain
    objective: {{split_loss: {{label: 0.25, rationale: 0.75}}}}
  annotate:
    synthesis: {{annotate: {{rows: 40, choose: uncertainty}}}}
    critic: uncertainty
    turns: 2
rivals: [majority, teacher_zero_shot]
primary: explain > label_only
seeds: {{student: 2}}
"""
ROUNDS = """\
name: killed
task: {{kind: classification, labels: [positive, negative]}}
gold:
  train: {{world: reviews, rows: 120}}
  pool: train
  dev: {{world: reviews, rows: 40}}
  test: {{world: reviews, rows: 60}}
teacher:
  endpoint: {url}
  model: tiny
  concurrency: 8
  budget: {{usd: 1, requests: 5000}}
student: {{kind: linear, bootstrap: true}}
arms:
  gold_only: {{}}
  extrapolate:
    synthesis: {{extrapolate: {{seed_rows: 80, reasons: 6, rows: 40, waves: 3}}}}
    critic: errors
    turns: 3
    gold: last
  goldgen:
    synthesis: {{goldgen: {{rows: 60, texts_per_request: 3}}}}
    gold: false
rivals: [majority]
primary: extrapolate > gold_only
seeds: {{student: 2}}
"""
TUNED = """\
name: killed
task: {{kind: classification, labels: [positive, negative]}}
gold:
  train: {{world: reviews, rows: 120}}
  dev: {{world: reviews, rows: 30}}
  test: {{world: reviews, rows: 60}}
  fraction: 0.4
  unlabelled: rest
teachers:
  tuned:
    kind: tuned
    family: causal
    config: {{d_model: 48, layers: 2, heads: 4, d_ff: 128, vocab_size: 600}}
    pretrain: {{steps: 30}}
    teaches: both
    forms: [label]
    template: fields.v1
    epochs: 12
    max_source: 96
    max_target: 64
    answer_batch: 8
student: {{kind: linear, bootstrap: true}}
checks: [format, duplicate]
arms:
  gold_only: {{}}
  both:
    teacher: tuned
    synthesis:
      in_turns:
        parts:
          - annotate: {{template: fields.v1}}
          - generate: {{rows: 30, waves: 2, max_tokens: 48}}
    turns: 2
rivals:
  majority: {{}}
  tuned: {{kind: teacher, teacher: tuned, template: fields.v1}}
primary: both > gold_only
seeds: {{student: 2}}
"""
STUDIES = {"rationales": RATIONALES, "rounds": ROUNDS, "tuned": TUNED}
LABELS = ("routine", "watch", "urgent")
WORDS = (
    "warm", "dull", "brave", "stale", "kind", "grim", "bright", "slow", "sweet", "harsh", "fresh",
    "weak", "story", "scene", "cast", "voice", "song", "light", "plot", "pace", "joke", "end",
)  # fmt: skip
LATENCY = 0.03


class Teacher:
    """Answers over HTTP as a pure function of the messages, and counts each of them."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.url = ""
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length:")[1].split("\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                self.asked[key(body["messages"], body["seed"])] += 1
                await asyncio.sleep(LATENCY)
                answer = json.dumps(reply(body["messages"], body["seed"])).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    + f"Content-Length: {len(answer)}\r\n\r\n".encode()
                    + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def key(messages: list[dict[str, str]], seed: int) -> str:
    """A purchase as the server sees it: what is asked, and the seed that tells draws apart."""
    return json.dumps([[[m["role"], m["content"]] for m in messages], seed])


def reply(messages: list[dict[str, str]], seed: int) -> dict[str, Any]:
    prompt = messages[-1]["content"]
    text = written(prompt, seed) if "Write" in prompt or "reasons" in prompt else said(prompt)
    return {
        "model": "tiny",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())},
    }


def written(prompt: str, seed: int) -> str:
    """Texts, or a list of reasons, where the prompt asks for them; every fifth repeats another."""
    chance = random.Random(f"{prompt}{seed}" if seed % 5 else prompt)
    count = next((int(word) for word in prompt.split() if word.isdigit()), 1)
    texts = [" ".join(chance.choices(WORDS, k=12)) + "." for _ in range(count)]
    return json.dumps(texts) if "JSON" in prompt else "\n".join(texts)


def said(prompt: str) -> str:
    """A label, or an explanation where the prompt asks for one."""
    number = int(hashlib.sha256(prompt.encode()).hexdigest(), 16)
    text = LABELS[number % 3]
    if "explain" in prompt.lower() or "why" in prompt.lower():
        words = prompt.split()
        text = "Because " + " ".join(words[number % 7 : number % 7 + 12]) + "."
    return text


def start(recipe: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tutelage", "run", str(recipe), "--out", str(folder)]
    return subprocess.Popen(
        [*command, "--final", "--yes"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    output, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"the run failed with {process.returncode}:\n{output.decode()[-3000:]}")


def recorded(ledger: Path) -> dict[str, tuple[str, int]]:
    """Text and number of sendings of each reply in the ledger, by the `key` of its request."""
    if not ledger.exists():
        return {}
    with Ledger.open(ledger, read_only=True) as book:
        return {
            key(
                [{"role": m.role, "content": m.content} for m in request.messages], seed_of(request)
            ): (reply.text, reply.usage.requests)
            for request, reply, _ in book.purchases()
        }


def facts(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    report.pop("clock")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--study", choices=STUDIES, default="rationales")
    parser.add_argument("--json", action="store_true", help="the last line is JSON in any case")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    teacher = Teacher()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        recipe = base / "killed.yaml"
        recipe.write_text(STUDIES[options.study].format(url=teacher.url))
        began = time.monotonic()
        finish(start(recipe, base / "undisturbed" / "run"))
        span = time.monotonic() - began
        expected = facts(base / "undisturbed" / "run")
        print(f"undisturbed: {span:.1f} s, {teacher.asked.total()} requests", flush=True)
        outcome = strike(options.kills, chance, span, recipe, base, teacher, expected)
    outcome = {"seconds_undisturbed": round(span, 1), **outcome}
    print(json.dumps(outcome))
    raise SystemExit(1 if outcome["bought_again"] or outcome["reports_changed"] else 0)


def strike(
    kills: int,
    chance: random.Random,
    span: float,
    recipe: Path,
    base: Path,
    teacher: Teacher,
    expected: dict[str, Any],
) -> dict[str, Any]:
    struck = runs = again = changed = resent = 0
    phases: Counter[str] = Counter()
    while struck < kills:
        folder = base / f"run-{runs}" / "run"
        runs += 1
        teacher.asked.clear()
        at_kill: list[tuple[dict[str, tuple[str, int]], Counter[str]]] = []
        while True:
            process = start(recipe, folder)
            try:
                process.wait(timeout=chance.uniform(0.2, span))
                finish(process)
                break
            except subprocess.TimeoutExpired:
                if struck == kills:
                    finish(process)
                    break
                process.send_signal(signal.SIGKILL)
                process.communicate()
                struck += 1
                at_kill.append((recorded(folder.parent / "ledger.sqlite"), teacher.asked.copy()))
                phases[phase(folder)] += 1
        final = recorded(folder.parent / "ledger.sqlite")
        for known, before in at_kill:
            again += sum(teacher.asked[k] > before[k] or final[k] != known[k] for k in known)
        resent += sum(count - 1 for count in teacher.asked.values())
        if facts(folder) != expected:
            changed += 1
        print(f"run {runs}: {len(at_kill)} kills, {struck} of {kills}", flush=True)
    return {
        "kills": struck,
        "runs": runs,
        "phases": dict(phases),
        "bought_again": again,
        "sent_again_without_recorded_reply": resent,
        "reports_changed": changed,
    }


def phase(folder: Path) -> str:
    """What the run said it was doing when it was struck."""
    try:
        return str(json.loads((folder / "status.json").read_text()).get("phase", "starting"))
    except FileNotFoundError:
        return "starting"


if __name__ == "__main__":
    main()
