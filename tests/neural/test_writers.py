"""Adapters tried on a model that is not loaded: what its files tell, on this machine alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.adapter_bases import BASE
from tutelage.neural.adapters import Lora, put_lora, save_adapter
from tutelage.neural.causal import CausalShape, load_causal
from tutelage.neural.pretraining import fresh_writer
from tutelage.neural.tuning_plan import Tuning
from tutelage.neural.writers import load_writer, try_adapter, try_tuning

pytestmark = pytest.mark.train


@pytest.fixture
def hollow(bases: dict[str, Path], tmp_path: Path) -> dict[str, str]:
    """The bases without their weights: whoever loads one fails."""
    for family in ("causal", "seq2seq"):
        files = shutil.ignore_patterns("*.safetensors")
        shutil.copytree(bases[family], tmp_path / "hollow" / family, ignore=files)
    return {family: str(tmp_path / "hollow" / family) for family in ("causal", "seq2seq")}


@pytest.fixture
def adapter(bases: dict[str, Path], tmp_path: Path) -> Path:
    """An adapter of the causal base, as others than we leave it: without a note of the base."""
    net = load_causal(str(bases["causal"]))
    view = put_lora(net.model, Lora(rank=2), family="causal", base="org/causal", seed=1)
    save_adapter(view, net.tokenizer, tmp_path / "adapter")
    (tmp_path / "adapter" / BASE).rename(tmp_path / "note")
    return tmp_path / "adapter"


@pytest.fixture
def snapshot(hollow: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The causal base in the hub's cache, as acme/causal."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "cache" / "models--acme--causal"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("abc")
    shutil.copytree(hollow["causal"], place / "snapshots" / "abc")
    return place / "snapshots" / "abc"


def refused(model: Any, adapter: Path, **how: Any) -> str:
    with pytest.raises(UserError) as caught:
        try_adapter(str(model), adapter, **how)
    return str(caught.value)


def test_an_adapter_that_fits_is_taken_and_no_weight_is_read(
    hollow: dict[str, str], adapter: Path
) -> None:
    assert try_adapter(hollow["causal"], adapter) == ""
    with pytest.raises(UserError, match="cannot be loaded"):
        load_writer(hollow["causal"], precision="fp32", batch_size=1, length=8)


def test_what_files_tell_is_told(hollow: dict[str, str], adapter: Path, tmp_path: Path) -> None:
    assert "is no encoder" in refused(hollow["causal"], adapter, family="seq2seq")
    assert "Family causal" in refused(hollow["seq2seq"], adapter, family="causal")
    shutil.copytree(hollow["causal"], tmp_path / "other")
    assert "was tuned on org/causal, and is put on" in refused(tmp_path / "other", adapter)
    shape = CausalShape(d_model=16, layers=2, heads=2, d_ff=32, vocab_size=400, positions=64)
    texts = ["it is good", "it is bad"]
    fresh_writer(shape, texts, seed=1, dropout=0.0).save(tmp_path / "small" / "causal")
    assert "a vocabulary of" in refused(tmp_path / "small" / "causal", adapter)
    (adapter / "tokenizer_config.json").unlink()
    told = refused(tmp_path / "small" / "causal", adapter)
    assert "q_proj is (16, 16) there; the adapter is" in told
    assert "has no layer model.layers.0" in refused(hollow["seq2seq"], adapter)


def test_a_known_base_may_have_another_name_and_its_weights_are_looked_at_when_it_is_loaded(
    hollow: dict[str, str], adapter: Path, tmp_path: Path
) -> None:
    (tmp_path / "note").rename(adapter / BASE)
    shutil.copytree(hollow["causal"], tmp_path / "moved")
    assert try_adapter(str(tmp_path / "moved"), adapter) == ""


def test_of_a_model_that_is_not_here_the_name_is_compared(
    adapter: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    assert try_adapter("acme/Causal", adapter) == "the model acme/Causal is not on this machine yet"
    assert "was tuned on org/causal" in refused("acme/other", adapter)
    (adapter / "adapter_model.safetensors").unlink()
    assert "holds no adapter" in refused("acme/causal", adapter)


def test_a_damaged_tokenizer_is_not_taken_for_a_model_that_is_not_here(
    adapter: Path, snapshot: Path
) -> None:
    assert try_adapter("acme/causal", adapter) == ""
    (snapshot / "tokenizer.json").write_text("{")
    assert "cannot be loaded" in refused("acme/causal", adapter)
    (snapshot / "tokenizer.json").unlink()  # as after a look at the configuration alone
    assert "is not on this machine yet" in try_adapter("acme/causal", adapter)
    assert "cannot be loaded" in refused("no/such/id", adapter)


@pytest.mark.parametrize(
    ("base", "family", "more", "told"),
    [
        ("masking", "causal", {}, "Family causal continues a text"),
        ("seq2seq", "causal", {}, "Family causal continues a text"),
        ("seq2seq", "seq2seq", {"pretrain_steps": 3}, "cannot be pre-trained"),
        ("masking", "seq2seq", {"lora": Lora()}, "LoRA cannot teach"),
        ("seq2seq", "seq2seq", {"vocabulary": "used"}, "cannot be trimmed"),
        ("causal", "causal", {"lora": Lora()}, ""),
        ("masking", "seq2seq", {"pretrain_steps": 3, "vocabulary": "used"}, ""),
        ("masking", "encoder", {"lora": Lora()}, ""),
    ],
)
def test_a_model_that_cannot_be_tuned_so_is_told_by_its_files(
    base: str, family: Any, more: Any, told: str, hollow: dict[str, str], masking_encoder: Path
) -> None:
    plan = Tuning(family, {**hollow, "masking": str(masking_encoder)}[base], **more)
    if not told:
        assert try_tuning(plan) == ""
        return
    with pytest.raises(UserError, match=told) as caught:
        try_tuning(plan)
    assert caught.value.what and caught.value.why and caught.value.do


def test_of_a_model_that_is_not_here_or_is_made_from_nothing_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    here = try_tuning(Tuning("causal", "acme/none"))
    assert here == "the model acme/none is not on this machine yet"
    assert try_tuning(Tuning("causal", shape=CausalShape())) == ""
