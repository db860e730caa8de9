"""A run against an OpenAI-compatible server that nobody here wrote: `transformers serve`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("fastapi")
pytestmark = [pytest.mark.live, pytest.mark.train]

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


def test_a_run_ends_with_student_and_report(
    tmp_path: Path, endpoint: str, tiny_model: Path, tutelage: Any
):
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


def test_the_probe_believes_replies(tmp_path: Path, endpoint: str, tiny_model: Path, tutelage: Any):
    (tmp_path / "live.yaml").write_text(RECIPE.format(url=endpoint, model=tiny_model))
    done = tutelage("check", "live.yaml", "--online", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    # measurements: this server takes `n` and `logprobs` without a word and heeds neither.
    works = {
        finding["name"]: finding["ok"] for finding in found["teachers"][0]["online"]["findings"]
    }
    assert works["n"] is False
    assert works["logprobs"] is False
    assert works["usage"] is True


def test_the_server_is_the_one_of_transformers():
    assert shutil.which("transformers", path=str(Path(sys.executable).parent))
