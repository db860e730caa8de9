"""What a model takes, worked by hand; and what is told where it does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import transformers

from tutelage.exceptions import UserError
from tutelage.neural import memory
from tutelage.neural.causal import CausalShape, fresh_causal
from tutelage.neural.families import Sizes, fresh_transducer
from tutelage.neural.memory import check_fits, free_bytes, needed
from tutelage.neural.tuning_plan import Tuning
from tutelage.neural.writers import check_tuning_fits

pytestmark = pytest.mark.train

CPU = torch.device("cpu")
LLAMA = transformers.LlamaConfig(
    architectures=["LlamaForCausalLM"],
    vocab_size=100,
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    tie_word_embeddings=True,
)
# q and o: 16 x 16; k and v: 16 x 8 (two of four heads); three of the MLP: 16 x 32; two norms
LAYER = 2 * 16 * 16 + 2 * 16 * 8 + 3 * 16 * 32 + 2 * 16
PARAMETERS = 100 * 16 + 2 * LAYER + 16
# rank x (in + out) of the same matrices
ADAPTERS = 2 * 4 * (2 * 32 + 2 * 24 + 3 * 48)


def test_writing_takes_the_weights_and_keys_and_values() -> None:
    need = needed(LLAMA, torch.bfloat16, training=False, batch_size=3, length=50)
    assert need.parameters == PARAMETERS == 6288
    assert need.weights == 2 * PARAMETERS
    # keys and values, two layers, two heads of width 4, three rows of 50 pieces, two bytes
    assert need.cache == 2 * 2 * 2 * 4 * 3 * 50 * 2
    assert (need.trained, need.gradients, need.moments) == (0, 0, 0)
    assert need.total == need.weights + need.cache


def test_tuning_all_weights_takes_four_times_as_much() -> None:
    need = needed(LLAMA, torch.float32, training=True, batch_size=3, length=50)
    assert (need.trained, need.cache) == (PARAMETERS, 0)
    assert (need.weights, need.gradients, need.moments) == (
        4 * PARAMETERS,
        4 * PARAMETERS,
        8 * PARAMETERS,
    )
    assert need.total == 16 * PARAMETERS


def test_lora_trains_its_matrices_in_fp32() -> None:
    need = needed(LLAMA, torch.bfloat16, training=True, lora=True, rank=4)
    assert need.trained == ADAPTERS
    assert need.total == 2 * PARAMETERS + 4 * ADAPTERS + 4 * ADAPTERS + 8 * ADAPTERS


def test_size_of_every_family_is_that_of_the_real_model() -> None:
    texts = ["one two", "red"]
    shape = CausalShape(d_model=16, layers=1, heads=2, d_ff=32, vocab_size=300, positions=64)
    causal = fresh_causal(shape, texts, seed=1)
    sizes = Sizes(d_model=16, layers=2, decoder_layers=1, heads=2, d_ff=32, vocab_size=300)
    paired = fresh_transducer(sizes, texts, seed=1)
    encoder = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=30,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        )
    )
    for model in (causal.model, paired.model, encoder):
        need = needed(model.config, torch.float32, training=False)
        assert need.parameters == sum(p.numel() for p in model.parameters())
    # one decoder layer keeps the keys and values of what is written and of the source
    need = needed(paired.model.config, torch.float32, training=False, batch_size=2, length=10)
    assert need.cache == 2 * (2 * 16) * 2 * 10 * 4


def test_a_family_without_attention_keeps_no_keys() -> None:
    config = transformers.MambaConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        state_size=4,
        architectures=["MambaForCausalLM"],
    )
    need = needed(config, torch.float32, training=False, batch_size=2, length=10)
    assert (need.total, need.cache) == (need.weights, 0)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A configuration alone: nothing else may be read."""
    LLAMA.save_pretrained(tmp_path)
    return str(tmp_path)


def test_a_model_that_fits_is_let_pass(folder: str) -> None:
    need = check_fits(folder, torch.float32, device=CPU, training=True)
    assert need.total == 16 * PARAMETERS


def test_a_model_that_does_not_fit_is_refused_with_what_would(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda _: 60_000)
    with pytest.raises(UserError) as caught:
        check_fits(folder, torch.float32, device=CPU, training=True)
    assert caught.value.what == (
        f"{folder!r} needs 100.6 kB of memory to be tuned here: 25.2 kB weights, 25.2 kB "
        "gradients, 50.3 kB Adam's moments."
    )
    assert caught.value.why == "60.0 kB are free on cpu."
    # LoRA of rank 8 takes 16 bytes for each of 2 x 2048 numbers: 65.5 kB, too much as well
    assert caught.value.do == "What would fit: a model of about 3.7 thousand parameters."
    monkeypatch.setattr(memory, "free_bytes", lambda _: 95_000)
    with pytest.raises(
        UserError, match=r"What would fit: LoRA of rank 8 \(90.7 kB\); LoRA of rank"
    ):
        check_fits(folder, torch.float32, device=CPU, training=True)
    monkeypatch.setattr(memory, "free_bytes", lambda _: 20_000)
    with pytest.raises(UserError, match=r"to be run here: .*\n.*\n.*precision: bf16 \(12.6 kB\)"):
        check_fits(folder, torch.float32, device=CPU, training=False)


def test_a_config_that_does_not_fit_is_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = Sizes(d_model=10, layers=2, decoder_layers=3, heads=2, d_ff=20, vocab_size=300)
    # an encoder layer: 4 x 10 x 10 + 2 x 10 x 20; a decoder layer 400 more; 16 bytes for each
    needs = {"encoder": 2 * 800 * 16, "seq2seq": (2 * 800 + 3 * 1200) * 16}
    shape = CausalShape(d_model=10, layers=2, heads=1, d_ff=20)
    for family, need in (*needs.items(), ("causal", 2 * 1000 * 16)):
        given = shape if family == "causal" else sizes
        monkeypatch.setattr(memory, "free_bytes", lambda _, free=need: free)
        check_tuning_fits(Tuning(family, shape=given))  # type: ignore[arg-type]
        monkeypatch.setattr(memory, "free_bytes", lambda _, free=need - 1: free)
        with pytest.raises(UserError, match=r"at least .* parameters.*\n.*\n.*fewer layers"):
            check_tuning_fits(Tuning(family, shape=given))  # type: ignore[arg-type]


def test_free_memory_heeds_the_limit_of_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, used = tmp_path / "max", tmp_path / "current"
    monkeypatch.setattr(memory, "LIMITS", ((tmp_path / "none", used), (limit, used)))
    used.write_text("1000\n")
    limit.write_text("5000\n")
    assert free_bytes(CPU) == 4000
    stat = tmp_path / "memory.stat"  # files that stay in memory while nobody needs it are no use
    stat.write_text("anon 300\nfile 700\ninactive_file 400\nactive_file 300\n")
    assert free_bytes(CPU) == 4700
    stat.write_text("inactive_file 1\ntotal_inactive_file 500\ntotal_active_file 100\n")
    assert free_bytes(CPU) == 4600
    limit.write_text("max\n")
    assert free_bytes(CPU) > 10**6


@pytest.mark.gpu
def test_free_memory_of_a_gpu() -> None:
    assert 0 < free_bytes(torch.device("cuda", 0)) <= torch.cuda.mem_get_info(0)[1]
