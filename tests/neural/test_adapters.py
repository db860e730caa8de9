"""Adapters: they begin as nothing, and are refused on any base but their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

torch = pytest.importorskip("torch")

import peft
import transformers

from tutelage.exceptions import UserError
from tutelage.neural.adapter_bases import BASE, CONFIG, WEIGHTS, fingerprint
from tutelage.neural.adapters import (
    Lora,
    attention_layers,
    load_adapter,
    merge_adapter,
    put_lora,
    save_adapter,
)
from tutelage.neural.categorisation import Categoriser
from tutelage.neural.tuned_networks import Body, load_body

pytestmark = pytest.mark.train
FAMILIES = ["encoder", "seq2seq", "causal"]


def body(family: Any, place: Path | str) -> Body:
    return Body(family, str(place), ("pos", "neg"), max_source=32, max_target=8)


def logits(net: Any) -> Any:
    given = {"input_ids": torch.tensor([[5, 9, 7, 12], [8, 3, 4, 6]])}
    if not isinstance(net, Categoriser) and net.model.config.is_encoder_decoder:
        given["decoder_input_ids"] = torch.tensor([[0, 9], [0, 7]])
    net.model.eval()
    with torch.no_grad():
        return net.model(**given).logits


def spoil(model: Any) -> None:
    """Give every trained weight a random value."""
    torch.manual_seed(11)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.normal_(0, 0.3)


@pytest.fixture
def adapted(bases: dict[str, Path], tmp_path: Path) -> Any:
    """A causal network with an adapter that changes it, and where that adapter is saved."""
    net = load_body(body("causal", bases["causal"]))
    view = put_lora(net.model, Lora(rank=2), family="causal", base="tiny", seed=1)
    spoil(net.model)
    save_adapter(view, net.tokenizer, tmp_path / "adapter")
    return net, tmp_path / "adapter"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fresh_adapter_changes_nothing(family: Any, bases: dict[str, Path]) -> None:
    plain, net = (load_body(body(family, bases[family])) for _ in range(2))
    put_lora(net.model, Lora(), family=family, base="tiny", seed=1)
    assert torch.equal(logits(plain), logits(net))


@pytest.mark.parametrize("family", FAMILIES)
def test_saved_loaded_and_merged_it_answers_alike(
    family: Any, bases: dict[str, Path], tmp_path: Path
) -> None:
    net, again = (load_body(body(family, bases[family])) for _ in range(2))
    before = logits(net)
    view = put_lora(net.model, Lora(rank=2), family=family, base="tiny", seed=1)
    spoil(net.model)
    expected = logits(net)
    assert not torch.allclose(expected, before, atol=1e-2)
    save_adapter(view, net.tokenizer, tmp_path / "adapter")
    loaded = load_adapter(again.model, again.tokenizer, tmp_path / "adapter", base="tiny")
    assert torch.equal(logits(again), expected)
    again.model = merge_adapter(loaded)
    assert not any("lora" in name for name, _ in again.model.named_parameters())
    torch.testing.assert_close(logits(again), expected, atol=1e-5, rtol=0)


def test_an_adapter_draws_its_matrices_from_the_seed(bases: dict[str, Path]) -> None:
    def first(seed: int) -> Any:
        net = load_body(body("causal", bases["causal"]))
        put_lora(net.model, Lora(), family="causal", base="tiny", seed=seed)
        return next(w for name, w in net.model.named_parameters() if "lora_A" in name)

    assert torch.equal(first(1), first(1)) and not torch.equal(first(1), first(2))


def test_plain_peft_and_transformers_load_what_is_saved(
    adapted: Any, bases: dict[str, Path]
) -> None:
    net, folder = adapted
    expected = logits(net)
    base = transformers.AutoModelForCausalLM.from_pretrained(bases["causal"])
    with pytest.warns(FutureWarning, match="is_gradient_checkpointing"):
        net.model = peft.PeftModel.from_pretrained(base, str(folder))
    assert torch.equal(logits(net), expected)
    net.model = transformers.AutoModelForCausalLM.from_pretrained(bases["causal"])
    net.model.load_adapter(str(folder))
    assert torch.equal(logits(net), expected)


def test_only_the_trained_weights_are_in_the_file(adapted: Any) -> None:
    _, folder = adapted
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert sizes["adapter_model.safetensors"] < 10_000
    assert orjson.loads((folder / CONFIG).read_bytes())["base_model_name_or_path"] == "tiny"


# --- what is refused ------------------------------------------------------------------------------


def refused(bases: dict[str, Path], folder: Path, *, base: str = "tiny", **changes: Any) -> str:
    """What loading an adapter on a base says."""
    given = changes.pop("net", None) or load_body(body("causal", bases["causal"]))
    with pytest.raises(UserError) as caught:
        load_adapter(given.model, given.tokenizer, folder, base=base)
    assert caught.value.what and caught.value.why and caught.value.do
    return str(caught.value)


def test_a_base_with_other_weights_is_refused(adapted: Any, bases: dict[str, Path]) -> None:
    net = load_body(body("causal", bases["causal"]))
    with torch.no_grad():
        net.model.model.norm.weight[0] += 0.5
    assert "was tuned on another model" in refused(bases, adapted[1], net=net)


def test_the_same_weights_under_another_name_or_precision_are_the_same_base(
    adapted: Any, bases: dict[str, Path]
) -> None:
    net = load_body(replace(body("causal", bases["causal"]), in_bf16=True))
    assert fingerprint(net.model) == fingerprint(load_body(body("causal", bases["causal"])).model)
    load_adapter(net.model, net.tokenizer, adapted[1], base="moved/elsewhere")


def test_a_base_of_another_shape_is_refused(adapted: Any, bases: dict[str, Path]) -> None:
    net = load_body(body("causal", bases["causal"]))
    net.model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(net.tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
        )
    )
    assert "q_proj is (16, 16) there; the adapter is" in refused(bases, adapted[1], net=net)
    net.model = load_body(body("causal", bases["causal"])).model
    del net.model.model.layers[1]
    assert "has no layer model.layers.1.self_attn" in refused(bases, adapted[1], net=net)


def test_a_base_of_another_family_is_refused(adapted: Any, bases: dict[str, Path]) -> None:
    net = load_body(body("seq2seq", bases["seq2seq"]))
    net.tokenizer = adapted[0].tokenizer
    assert "has no layer model.layers.0" in refused(bases, adapted[1], net=net)


def test_another_vocabulary_is_refused(adapted: Any, bases: dict[str, Path]) -> None:
    net = load_body(body("causal", bases["causal"]))
    size = len(net.tokenizer)
    net.tokenizer.add_tokens(["<more>"])
    told = refused(bases, adapted[1], net=net)
    assert f"a vocabulary of {size} pieces, tiny one of {size + 1}" in told
    (adapted[1] / BASE).unlink()  # as from elsewhere: the tokenizer beside it tells
    assert f"a vocabulary of {size} pieces" in refused(bases, adapted[1], net=net)


def test_an_adapter_from_elsewhere_must_name_its_base(adapted: Any, bases: dict[str, Path]) -> None:
    (adapted[1] / BASE).unlink()
    told = refused(bases, adapted[1], base="org/other")
    assert "was tuned on tiny, and is put on org/other" in told
    assert "base_model_name_or_path" in told, "a base may have another name here"
    net = load_body(body("causal", bases["causal"]))
    load_adapter(net.model, net.tokenizer, adapted[1], base="somewhere/Tiny")


def test_a_folder_without_an_adapter_is_refused(bases: dict[str, Path], tmp_path: Path) -> None:
    assert "holds no adapter" in refused(bases, tmp_path)


def test_adapters_that_are_broken_or_no_lora_are_refused(
    adapted: Any, bases: dict[str, Path]
) -> None:
    config, weights = adapted[1] / CONFIG, adapted[1] / WEIGHTS
    whole, told = weights.read_bytes(), orjson.loads(config.read_bytes())
    weights.write_bytes(whole[:100])
    assert "cannot be read" in refused(bases, adapted[1])
    weights.write_bytes(whole)
    config.write_bytes(orjson.dumps(told | {"peft_type": "PREFIX_TUNING"}))
    assert "of the kind PREFIX_TUNING" in refused(bases, adapted[1])
    config.write_text("{")
    assert "cannot be read" in refused(bases, adapted[1])


def test_an_adapter_whose_settings_and_matrices_differ_in_rank_is_refused(
    adapted: Any, bases: dict[str, Path]
) -> None:
    config = adapted[1] / CONFIG
    told = orjson.loads(config.read_bytes())
    config.write_bytes(orjson.dumps(told | {"r": 4}))
    assert "has two ranks: 4 and 2" in refused(bases, adapted[1])
    config.write_bytes(orjson.dumps(told | {"r": 4, "rank_pattern": {"q_proj": 2, "v_proj": 2}}))
    net = load_body(body("causal", bases["causal"]))
    load_adapter(net.model, net.tokenizer, adapted[1], base="tiny")


@pytest.mark.filterwarnings("ignore")  # peft's own
@pytest.mark.parametrize("how", ["target_modules", "modules_to_save"])
def test_embeddings_that_an_adapter_brings_must_have_the_base_s_vocabulary(
    how: str, bases: dict[str, Path], tmp_path: Path
) -> None:
    net = load_body(body("causal", bases["causal"]))
    parts = {"target_modules": ["q_proj"]}
    parts[how] = [*parts.get(how, []), "embed_tokens"]
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=2, **parts)
    peft.get_peft_model(net.model, config).save_pretrained(tmp_path)
    again = load_body(body("causal", bases["causal"]))
    load_adapter(again.model, again.tokenizer, tmp_path, base=str(bases["causal"]))
    larger = load_body(body("causal", bases["causal"]))
    larger.model.resize_token_embeddings(500)
    told = refused(bases, tmp_path, net=larger, base=str(bases["causal"]))
    assert "embed_tokens" in told and "is (500, 32) there; the adapter is" in told


def test_an_unknown_layer_is_refused_with_a_hint(bases: dict[str, Path]) -> None:
    net = load_body(body("causal", bases["causal"]))
    with pytest.raises(UserError, match="no layer that is called 'q_project'") as caught:
        put_lora(net.model, Lora(targets=("q_project",)), family="causal", base="tiny", seed=1)
    assert "Did you mean q_proj?" in caught.value.do


# --- which layers ---------------------------------------------------------------------------------


def test_attention_is_found_where_peft_does_not_know_the_family() -> None:
    config = transformers.DistilBertConfig(
        vocab_size=20, dim=8, n_layers=1, n_heads=2, hidden_dim=8, num_labels=2
    )
    net = transformers.DistilBertForSequenceClassification(config)
    assert attention_layers(net) == ["k_lin", "out_lin", "q_lin", "v_lin"]
    put_lora(net, Lora(), family="encoder", base="tiny", seed=1)
    trained = {name.split(".lora_")[0] for name, w in net.named_parameters() if w.requires_grad}
    assert any("pre_classifier.modules_to_save" in name for name in trained)
    assert {name.rsplit(".", 1)[-1] for name in trained if "attention" in name} == {
        "q_lin",
        "k_lin",
        "v_lin",
        "out_lin",
    }


def test_layers_that_end_like_others_are_named_in_full() -> None:
    config = transformers.BertConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
    )
    found = attention_layers(transformers.BertModel(config))
    assert found == [
        f"encoder.layer.0.attention.{name}"
        for name in ("self.query", "self.key", "self.value", "output.dense")
    ]


def test_all_linear_layers_may_be_asked_for(bases: dict[str, Path]) -> None:
    net = load_body(body("causal", bases["causal"]))
    put_lora(net.model, Lora(targets=("all-linear",)), family="causal", base="tiny", seed=1)
    adapted = {n.split(".")[-4] for n, _ in net.model.named_parameters() if "lora_A" in n}
    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
