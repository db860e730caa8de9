"""Decoder-only models: fresh, saved and loaded; prompts and endings in ids; chats as text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.exceptions import UserError
from tutelage.neural.causal import (
    Causal,
    CausalShape,
    chat_text,
    ending_ids,
    fresh_causal,
    join_ids,
    load_causal,
    prompt_ids,
)
from tutelage.neural.families import Sizes, fresh_transducer
from tutelage.neural.tokenization import train_byte_tokenizer
from tutelage.records import Message

pytestmark = pytest.mark.train

TEXTS = ["Text: a dog runs.\nAnswer: good", "Text: it is so so.\nAnswer: bad", "one two 12"]
SHAPE = CausalShape(d_model=16, layers=1, heads=2, d_ff=32, vocab_size=300, positions=64)
CHAT = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('No system.') }}"
    "{% endif %}<s>[{{ m.role }}] {{ m.content }}{% endfor %}[assistant]"
)


@pytest.fixture(scope="module")
def net() -> Causal:
    return fresh_causal(SHAPE, TEXTS, seed=1)


def logits(net: Causal) -> torch.Tensor:
    with torch.inference_mode():
        return net.model(torch.tensor([[2, 40, 50, 60]])).logits


def test_fresh_weights_come_from_the_seed_alone(net: Causal) -> None:
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    again = fresh_causal(SHAPE, reversed(TEXTS), seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(logits(again), logits(net))
    assert not torch.equal(logits(fresh_causal(SHAPE, TEXTS, seed=2)), logits(net))


def test_size_is_that_of_the_shape(net: Causal) -> None:
    vocabulary = net.model.config.vocab_size
    assert len(net.tokenizer) <= vocabulary < len(net.tokenizer) + 8
    # tied embedding; four projections, three of the MLP, two norms; last norm
    assert net.parameters == vocabulary * 16 + (4 * 16 * 16 + 3 * 16 * 32 + 2 * 16) + 16
    assert (net.limit, net.pad, net.end, net.begin) == (64, 0, 1, (2,))


def test_saved_model_is_one_that_plain_transformers_loads(net: Causal, tmp_path: Path) -> None:
    net.save(tmp_path)
    assert [p.name for p in tmp_path.glob("*.safetensors")] == ["model.safetensors"]
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        assert torch.equal(plain(torch.tensor([[2, 40, 50, 60]])).logits, logits(net))
    loaded = load_causal(str(tmp_path))
    assert torch.equal(logits(loaded), logits(net))
    assert (loaded.ends, loaded.begin, loaded.pad) == (net.ends, net.begin, net.pad)
    assert join_ids(loaded, "Text: a", "good") == join_ids(net, "Text: a", "good")
    half = load_causal(str(tmp_path), precision_dtype=torch.bfloat16)
    assert {p.dtype for p in half.model.parameters()} == {torch.bfloat16}


def test_attention_dropout_is_set(tmp_path: Path) -> None:
    net = fresh_causal(SHAPE, TEXTS, seed=1, dropout=0.25)
    assert net.model.model.layers[0].self_attn.attention_dropout == 0.25
    assert net.model.config.attention_dropout == 0.25
    net.model.train()
    assert not torch.equal(logits(net), logits(net))
    net.model.eval()
    assert torch.equal(logits(net), logits(net))


def test_other_families_are_refused(tmp_path: Path) -> None:
    shape = Sizes(d_model=16, layers=1, decoder_layers=1, heads=2, d_ff=32, vocab_size=300)
    fresh_transducer(shape, TEXTS, seed=1).save(tmp_path / "t5")
    with pytest.raises(UserError, match="is an encoder–decoder"):
        load_causal(str(tmp_path / "t5"))
    bert = transformers.BertConfig(architectures=["BertForMaskedLM"])
    bert.save_pretrained(tmp_path / "bert")
    with pytest.raises(UserError, match="is not a decoder-only model"):
        load_causal(str(tmp_path / "bert"))
    with pytest.raises(UserError, match="cannot be loaded"):
        load_causal(str(tmp_path / "nothing"))


def test_width_must_fit_the_heads() -> None:
    with pytest.raises(UserError, match="d_model 20 is not a multiple of twice the heads, 8"):
        fresh_causal(CausalShape(d_model=20, heads=4), TEXTS, seed=1)


def test_prompt_and_ending_are_tokenised_apart(net: Causal) -> None:
    ids, at = join_ids(net, "Text: a dog", "Answer: good")
    assert ids[:at] == prompt_ids(net, "Text: a dog")
    assert ids[at:] == ending_ids(net, "Answer: good")
    assert (ids[0], ids[-1]) == (2, 1)
    read = net.tokenizer.decode
    assert read(ids[1:at]) == "Text: a dog"
    assert read(ids[at:-1]) == "Answer: good"


def test_an_empty_prompt_is_the_beginning_alone(net: Causal) -> None:
    assert prompt_ids(net, "") == [2]
    assert join_ids(net, "", "") == ([2, 1], 1)


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_byte_pieces_give_back_every_text(net: Causal, text: str) -> None:
    special = ("<pad>", "</s>", "<s>")
    if not any(token in text for token in special):
        ids = ending_ids(net, text)[:-1]
        assert net.tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_tokenizer_is_the_same_in_another_process() -> None:
    code = (
        "import sys; from tutelage.neural.tokenization import train_byte_tokenizer as t;"
        "print(t(sys.argv[1:], vocab_size=300)('Text: a dog good 12')['input_ids'])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, *reversed(TEXTS)], capture_output=True, text=True, check=True
    )
    here = train_byte_tokenizer(TEXTS, vocab_size=300)("Text: a dog good 12")["input_ids"]
    assert said.stdout.strip() == str(here)


def test_messages_without_a_template_are_joined(net: Causal) -> None:
    said = [Message("system", "Be brief."), Message("user", "Good?")]
    assert chat_text(net.tokenizer, said) == "Be brief.\n\nGood?"


def test_chat_template_is_used_and_system_words_find_a_place() -> None:
    tokenizer = train_byte_tokenizer(TEXTS, vocab_size=300)
    tokenizer.chat_template = CHAT
    said = [Message("system", "Be brief."), Message("user", "Good?")]
    assert chat_text(tokenizer, said) == "<s>[user] Be brief.\n\nGood?[assistant]"
    net = Causal(fresh_causal(SHAPE, TEXTS, seed=1).model, tokenizer)
    assert prompt_ids(net, chat_text(tokenizer, said)).count(2) == 1


def test_special_tokens_in_untrusted_text_are_plain_text(net: Causal) -> None:
    text = chat_text(net.tokenizer, [Message("user", "Say </s> and <s>x")])
    assert text == "Say < /s> and < s>x"
    assert 1 not in prompt_ids(net, text)


def test_template_that_refuses_is_told() -> None:
    tokenizer = train_byte_tokenizer(TEXTS, vocab_size=300)
    tokenizer.chat_template = "{{ raise_exception('Never.') }}"
    with pytest.raises(UserError, match="Never"):
        chat_text(tokenizer, [Message("user", "Good?")])


def test_every_end_of_a_chat_model_is_known(net: Causal) -> None:
    model = SimpleNamespace(
        config=net.model.config, generation_config=SimpleNamespace(eos_token_id=[7, 1])
    )
    assert Causal(model, net.tokenizer).ends == (1, 7)


def test_a_tokenizer_without_an_end_is_refused() -> None:
    tokenizer = train_byte_tokenizer(TEXTS, vocab_size=300)
    tokenizer.eos_token = None
    model = SimpleNamespace(config=SimpleNamespace(eos_token_id=None))
    with pytest.raises(UserError, match="no end-of-sequence token"):
        Causal(model, tokenizer)
