"""Students of every family: saved so that plain transformers loads them."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from transformers import (
    AutoModelForSeq2SeqLM,
    BertConfig,
    BertModel,
    T5Config,
    T5ForConditionalGeneration,
)

from tutelage.exceptions import UserError
from tutelage.neural.causal import CausalShape, fresh_causal
from tutelage.neural.checkpoint import weights_of
from tutelage.neural.decoding import find, write_on
from tutelage.neural.encoders import fresh_encoder
from tutelage.neural.families import Sizes, fresh_transducer, load_transducer
from tutelage.neural.scoring import encode_rows
from tutelage.neural.tokenization import pieces, train_tokenizer, train_word_pieces

pytestmark = pytest.mark.train

TEXTS = ["red blue green", "one two three", "Good", "Bad"]


@pytest.fixture
def t5_folder(tmp_path: Path) -> Path:
    tokenizer = train_tokenizer(TEXTS, vocab_size=300)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2
    )
    T5ForConditionalGeneration(config).save_pretrained(tmp_path / "t5")
    tokenizer.save_pretrained(tmp_path / "t5")
    return tmp_path / "t5"


@pytest.fixture
def encoder_folder(tmp_path: Path) -> Path:
    tokenizer = train_word_pieces(TEXTS, vocab_size=300)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


def logits(net) -> torch.Tensor:
    net.model.eval()
    with torch.inference_mode():
        return net.model(
            input_ids=torch.tensor([[3, 4, 5]]), decoder_input_ids=torch.tensor([[net.start, 3]])
        ).logits


def test_a_t5_is_taken_as_it_is(t5_folder: Path) -> None:
    net = load_transducer(str(t5_folder), seed=1)
    assert (net.start, net.end, net.pad) == (0, 1, 0)
    assert net.source_limit is None and net.target_limit is None
    plain = AutoModelForSeq2SeqLM.from_pretrained(t5_folder)
    assert all(
        torch.equal(a, b) for a, b in zip(net.model.parameters(), plain.parameters(), strict=True)
    )


def test_an_encoder_is_warm_started_and_saved_for_plain_transformers(
    encoder_folder: Path, tmp_path: Path
) -> None:
    net = load_transducer(str(encoder_folder), seed=1, decoder_layers=2)
    parts = dict(net.model.named_parameters())
    first = "encoder.layer.1.attention.self.query.weight"
    assert torch.equal(parts[f"encoder.{first}"], parts[f"decoder.bert.{first}"])
    assert net.model.config.decoder.num_hidden_layers == 2
    assert net.start == net.tokenizer.cls_token_id and net.end == net.tokenizer.sep_token_id
    assert net.source_limit == net.target_limit == 64
    net.save(tmp_path / "saved")
    again = load_transducer(str(tmp_path / "saved"), seed=2)
    assert torch.equal(logits(net), logits(again))
    plain = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "saved").eval()
    net.model = plain
    assert torch.equal(logits(again), logits(net))
    assert not list((tmp_path / "saved").glob("*.bin"))


def test_fresh_weights_derive_from_the_seed_alone(encoder_folder: Path) -> None:
    def weights(seed: int) -> list[torch.Tensor]:
        fresh = fresh_transducer(
            Sizes(d_model=16, layers=1, decoder_layers=1, heads=2, d_ff=32), TEXTS, seed=seed
        )
        warm = load_transducer(str(encoder_folder), seed=seed)
        return [t for net in (fresh, warm) for t in weights_of(net.model).values()]

    torch.manual_seed(1)
    first = weights(7)
    torch.manual_seed(2)
    assert all(torch.equal(a, b) for a, b in zip(first, weights(7), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, weights(8), strict=True))


def test_logits_at_chosen_positions_are_those_of_the_whole(encoder_folder, tiny_net) -> None:
    for net in (tiny_net, load_transducer(str(encoder_folder), seed=1)):
        net.model.eval()
        source, mask = torch.tensor([[3, 4, 5], [3, 4, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
        inputs = torch.tensor([[net.start, 3, 4], [net.start, 5, net.pad]])
        where = torch.tensor([[True, False, True], [True, True, False]])
        with torch.inference_mode():
            whole = net.model(input_ids=source, attention_mask=mask, decoder_input_ids=inputs)
            for exact in (False, True):
                some = net.logits_at(net.encode(source, mask), mask, inputs, where, exact=exact)
                assert torch.allclose(some, whole.logits[where], atol=1e-5)


def test_dropout_is_set_everywhere(tiny_net, encoder_folder: Path) -> None:
    warm = load_transducer(str(encoder_folder), seed=1, dropout=0.0)
    for net in (tiny_net, warm):
        net.model.train()
        with torch.no_grad():
            twice = [
                net.model(
                    input_ids=torch.tensor([[3, 4]]), decoder_input_ids=torch.tensor([[0, 3]])
                ).logits
                for _ in range(2)
            ]
        assert torch.equal(*twice)


def test_greedy_writing_is_the_likeliest_piece_again_and_again(tiny_net) -> None:
    net = tiny_net
    source = [5, 6, 7, net.end]
    expected = [8]
    with torch.inference_mode():
        for _ in range(5):
            row = torch.tensor([[net.start, *expected]])
            found = net.model(input_ids=torch.tensor([source]), decoder_input_ids=row).logits
            expected.append(int(found[0, -1].argmax()))
        states, mask = encode_rows(net, [source, source[2:]])
        written = write_on(net, states, mask, prefix=[8], max_new=5)
    if net.end not in expected:
        assert written[0] == expected[1:]
    assert write_on(net, states, mask, max_new=0) == [[], []]


def test_writing_ends_after_the_stop_pieces(tiny_net) -> None:
    states, mask = encode_rows(tiny_net, [[5, 6, 1]])
    with torch.inference_mode():
        free = write_on(tiny_net, states, mask, prefix=[8], max_new=6)[0]
        stop = free[:1]
        stopped = write_on(tiny_net, states, mask, prefix=[8], max_new=6, stop=stop)[0]
    assert stopped == stop and find(free, stop) == 0


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be loaded"):
        load_transducer(str(tmp_path / "nothing"), seed=1)


def test_pickled_weights_are_refused(t5_folder: Path) -> None:
    weights = t5_folder / "model.safetensors"
    torch.save({}, t5_folder / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(UserError, match="cannot be loaded"):
        load_transducer(str(t5_folder), seed=1)


def test_weights_that_are_cut_short_are_refused(t5_folder: Path) -> None:
    weights = t5_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(UserError, match="cannot be loaded"):
        load_transducer(str(t5_folder), seed=1)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(UserError, match="not a multiple of heads 3"):
        fresh_transducer(Sizes(d_model=16, heads=3), TEXTS, seed=1)
    with pytest.raises(UserError, match="not a multiple of heads 3"):
        fresh_encoder(
            BertModel, Sizes(d_model=16, heads=3), TEXTS, positions=8, seed=1, dropout=None
        )


def test_a_trained_tokenizer_does_not_depend_on_the_order_of_rows() -> None:
    a = train_tokenizer(TEXTS, vocab_size=300)
    b = train_tokenizer([*TEXTS[::-1], TEXTS[0]], vocab_size=300)
    assert a.get_vocab() == b.get_vocab()
    assert pieces(a, ["12"])[0] != [] and a.decode(pieces(a, ["red two"])[0]) == "red two"


def test_a_decoder_alone_is_no_encoder(tmp_path: Path) -> None:
    fresh_causal(CausalShape(16, 1, 2, 16, 300, 32), TEXTS, seed=1).save(tmp_path)
    with pytest.raises(UserError, match="is a decoder-only model"):
        load_transducer(str(tmp_path), seed=1)


def test_bf16_weights_are_read_as_such(t5_folder: Path) -> None:
    whole = load_transducer(str(t5_folder), seed=1).model
    half = load_transducer(str(t5_folder), seed=1, precision_dtype=torch.bfloat16).model
    assert half.dtype == torch.bfloat16
    for one, other in zip(whole.parameters(), half.parameters(), strict=True):
        assert torch.equal(one.to(torch.bfloat16), other.to(torch.bfloat16))
