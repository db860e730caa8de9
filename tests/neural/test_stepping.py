"""Models of several builders write as their own `generate` does, side by side and alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import tokenizers
import transformers

from tutelage.exceptions import UserError
from tutelage.neural.causal import Causal, prompt_ids
from tutelage.neural.continuation import Wanted, score_endings, write
from tutelage.neural.families import Transducer, load_transducer
from tutelage.neural.stepping import read_prompts
from tutelage.neural.tokenization import train_byte_tokenizer, train_word_pieces

pytestmark = pytest.mark.train

TEXTS = ["The review is good: a dog runs.", "The review is bad: it is so so.", "one two red"]
PROMPTS = ["The review is good:", "x", "a dog runs. a dog runs", "one two red so so it is good"]
IDS = {"vocab_size": 280, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
SHAPE: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
CONFIGS = {
    "learned positions": transformers.GPT2Config(
        n_embd=16, n_layer=2, n_head=2, n_positions=96, **IDS
    ),
    "positions with an offset": transformers.OPTConfig(
        hidden_size=16,
        ffn_dim=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        word_embed_proj_dim=16,
        max_position_embeddings=96,
        **IDS,
    ),
    "positions by bias": transformers.BloomConfig(hidden_size=16, n_layer=2, n_head=2, **IDS),
    "windows in turn": transformers.Gemma3TextConfig(
        sliding_window=8, head_dim=8, num_key_value_heads=1, **SHAPE, **IDS
    ),
}


def spread(model: Any) -> Any:
    torch.manual_seed(0)
    for weights in model.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.3)
    return model.eval()


def tokenizer() -> Any:
    """Of so many pieces as the models know: none is silent."""
    made = train_byte_tokenizer(TEXTS, vocab_size=280)
    assert len(made) == 280
    return made


def wanted() -> list[Wanted]:
    drawn = [Wanted(p, 7, temperature=1.0, max_new=30) for p in PROMPTS[:2]]
    return [*(Wanted(p, 1, temperature=0.0, max_new=20) for p in PROMPTS), *drawn]


def check_alone_and_together(net: Causal | Transducer) -> list[str]:
    alone = [w.text for w in write(net, wanted(), batch_size=1, precision="fp32")]
    together = write(net, wanted()[::-1], batch_size=6, precision="fp32")
    assert [w.text for w in together][::-1] == alone
    return alone[: len(PROMPTS)]


@pytest.mark.parametrize("kind", CONFIGS)
def test_causal_models_of_every_kind_write_as_generate_does(kind: str) -> None:
    model = spread(transformers.AutoModelForCausalLM.from_config(CONFIGS[kind]))
    net = Causal(model, tokenizer())
    for prompt, text in zip(PROMPTS, check_alone_and_together(net), strict=True):
        ids = torch.tensor([prompt_ids(net, prompt)])
        found = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=20,
            pad_token_id=0,
            eos_token_id=1,
        )[0, ids.shape[1] :]
        assert net.tokenizer.decode(found, skip_special_tokens=True) == text


def test_bart_begins_with_its_lead() -> None:
    made = tokenizer()
    made.backend_tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 1)]
    )
    config = transformers.BartConfig(
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=96,
        decoder_start_token_id=1,
        forced_eos_token_id=None,
        **IDS,
    )
    model = spread(transformers.BartForConditionalGeneration(config))
    net = Transducer(model, made)
    assert net.lead == [2]
    for prompt, text in zip(PROMPTS, check_alone_and_together(net), strict=True):
        found = model.generate(
            input_ids=torch.tensor(read_prompts(net, [prompt])),
            do_sample=False,
            num_beams=1,
            max_new_tokens=21,
            forced_bos_token_id=2,
        )[0, 2:]
        assert net.tokenizer.decode(found, skip_special_tokens=True).startswith(text)
    [told] = write(net, wanted()[:1], batch_size=1, precision="fp32")
    ending = told.tokens[0].token
    [[score]] = score_endings(net, PROMPTS[:1], [ending], batch_size=1, precision="fp32")
    assert score < told.tokens[0].logprob


def test_an_encoder_with_a_warm_started_decoder_writes(tmp_path: Path) -> None:
    made = train_word_pieces(TEXTS, vocab_size=120)
    config = transformers.BertConfig(
        vocab_size=len(made), max_position_embeddings=64, **{**SHAPE, "num_hidden_layers": 3}
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    made.save_pretrained(tmp_path)
    net = load_transducer(str(tmp_path), seed=1)
    spread(net.model)
    assert any(check_alone_and_together(net))


def test_a_source_longer_than_the_encoder_is_cut(tmp_path: Path) -> None:
    made = train_word_pieces(TEXTS, vocab_size=120)
    config = transformers.BertConfig(vocab_size=len(made), max_position_embeddings=12, **SHAPE)
    transformers.BertModel(config).save_pretrained(tmp_path)
    made.save_pretrained(tmp_path)
    net = load_transducer(str(tmp_path), seed=1)
    [ids] = read_prompts(net, ["a dog runs " * 9])
    assert (len(ids), ids[-1]) == (12, net.end)
    [told] = write(
        net, [Wanted("a dog runs " * 9, 1, 1.0, max_new=40)], batch_size=1, precision="fp32"
    )
    assert told.prompt_tokens == 12
    assert told.completion_tokens <= 12


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_weights_in_bf16_write_and_score(tiny_net: Any, precision: str) -> None:
    model = spread(transformers.AutoModelForCausalLM.from_config(CONFIGS["learned positions"]))
    for net in (Causal(model, tokenizer()), tiny_net):
        net.model.to(torch.bfloat16)
        told = write(net, wanted(), batch_size=3, precision=precision)
        assert all(token.logprob <= 0 for one in told for token in one.tokens)
        scores = score_endings(net, PROMPTS, ["good", "bad"], batch_size=3, precision=precision)
        assert (scores < 0).all()


def test_a_model_without_keys_and_values_is_refused() -> None:
    config = transformers.MambaConfig(hidden_size=16, num_hidden_layers=1, state_size=4, **IDS)
    net = Causal(transformers.AutoModelForCausalLM.from_config(config).eval(), tokenizer())
    with pytest.raises(UserError, match="family 'mamba' cannot write here"):
        write(net, wanted(), batch_size=2, precision="fp32")
