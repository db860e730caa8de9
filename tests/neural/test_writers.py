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
from tutelage.neural.writers import load_writer, try_adapter

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
