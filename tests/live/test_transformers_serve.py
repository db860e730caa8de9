"""A run against an OpenAI-compatible server that nobody here wrote: `transformers serve`."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("fastapi")
pytestmark = [pytest.mark.live, pytest.mark.train]

CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
WORDS = "the rotor hums and the valve is dry so the note is routine watch urgent because of it"
STARTS_WITHIN = 120.0
ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal model of a few thousand parameters with random weights."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([WORDS], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    fast.chat_template = CHAT
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(fast),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            bos_token_id=0,
            eos_token_id=1,
        )
    )
    folder = tmp_path_factory.mktemp("served") / "tiny"
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def endpoint(tiny_model: Path) -> Iterator[str]:
    """The base URL of a live server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(tiny_model)]
    log = tiny_model.parent / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
            env=ENVIRONMENT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the server did not answer in time")


RECIPE = """\
name: live
task: {{kind: classification, labels: [routine, watch, urgent]}}
gold:
  train: {{world: composition, rows: 24}}
  dev: {{world: composition, rows: 20}}
  test: {{world: composition, rows: 20}}
  unlabelled: {{world: composition, rows: 40}}
teacher:
  endpoint: {url}
  model: {model}
  concurrency: 2
  budget: {{requests: 200, usd: 1}}
student:
  config: {{d_model: 32, layers: 1, decoder_layers: 1, heads: 2, d_ff: 64, vocab_size: 600}}
  steps: 6
  batch_size: 8
  max_source: 64
  max_target: 48
  rationale_rows: 2
arms:
  label_only: {{}}
  explain:
    synthesis: {{explain: {{max_tokens: 12}}}}
    objective: {{split_loss: {{label: 0.25, rationale: 0.75}}}}
  annotate:
    synthesis: {{annotate: {{rows: 8}}}}
rivals: [majority, teacher_zero_shot]
primary: explain > label_only
seeds: {{student: 2}}
"""


def tutelage(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tutelage", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_ends_with_student_and_report(tmp_path: Path, endpoint: str, tiny_model: Path):
    (tmp_path / "live.yaml").write_text(RECIPE.format(url=endpoint, model=tiny_model))
    done = tutelage("run", "live.yaml", "--final", "--yes", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    run = tmp_path / "runs" / "live"
    assert "explain" in (run / "report.html").read_text(encoding="utf-8")
    report = json.loads((run / "report.json").read_text())
    assert report["split"] == "test"
    students = list(run.glob("steps/fit-*/**/model.safetensors"))
    assert len(students) >= 2 * 3, "two seeds of three arms"
    again = tutelage("run", "live.yaml", "--final", "--yes", "--json", folder=tmp_path)
    assert again.returncode == 0, again.stderr[-3000:]
    said = tutelage("predict", str(run), "--text", "the rotor hums", "--json", folder=tmp_path)
    assert said.returncode == 0, said.stderr[-3000:]


def test_the_probe_believes_replies(tmp_path: Path, endpoint: str, tiny_model: Path):
    (tmp_path / "live.yaml").write_text(RECIPE.format(url=endpoint, model=tiny_model))
    done = tutelage("check", "live.yaml", "--online", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    # measurements: this server takes `n` and `logprobs` without a word and heeds neither.
    works = {finding["name"]: finding["ok"] for finding in found["online"]["findings"]}
    assert works["n"] is False
    assert works["logprobs"] is False
    assert works["usage"] is True


def test_the_server_is_the_one_of_transformers():
    assert shutil.which("transformers", path=str(Path(sys.executable).parent))
