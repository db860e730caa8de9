"""Vocabularies cut down to the pieces that some texts need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import tokenizers
import transformers

from tutelage.exceptions import UserError
from tutelage.neural.families import Transducer, load_transducer
from tutelage.neural.tokenization import pieces, train_tokenizer
from tutelage.neural.trimming import check_trimmable, trimmed

pytestmark = pytest.mark.train

WORDS = ["[PAD]", "red", "##dish", "[UNK]", "blue", "[CLS]", "fish", "[SEP]", "green", "##s", "b"]
LETTERS = [mark + letter for mark in ("", "##") for letter in "deghinlrsu" if letter != "b"]
HEARD = ["reddish fish", "red fish"]


def bert(folder: Path) -> str:
    """An encoder with pieces inside words, its special ones out of order."""
    known = {piece: i for i, piece in enumerate(dict.fromkeys([*WORDS, *LETTERS]))}
    inner = tokenizers.Tokenizer(tokenizers.models.WordPiece(known, unk_token="[UNK]"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    inner.decoder = tokenizers.decoders.WordPiece()
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", known["[CLS]"]), ("[SEP]", known["[SEP]"])],
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(known),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        pad_token_id=known["[PAD]"],
    )
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


def t5(folder: Path) -> str:
    """A T5 whose table has more rows than there are pieces."""
    known = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    known += [("▁red", -1.0), ("dish", -1.0), ("▁fish", -1.0), ("▁green", -1.0), ("▁", -3.0)]
    known += [(letter, -4.0) for letter in "deghinrs"]
    inner = tokenizers.Tokenizer(tokenizers.models.Unigram(known, unk_id=2))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    inner.decoder = tokenizers.decoders.Metaspace()
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.T5Config(
        vocab_size=len(known) + 4, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    return str(folder)


def xlm(folder: Path) -> str:
    """An encoder that counts its positions from the padding's number, and spells in bytes; its
    tokenizer knows a mask for which the model has no row."""
    known = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    known += [("▁green", -1.0), ("▁red", -1.0), ("dish", -1.0), ("▁fish", -1.0)]
    known += [(letter, -4.0) for letter in "deghinrs"] + [
        (f"<0x{i:02X}>", -9.0) for i in range(256)
    ]
    inner = tokenizers.Tokenizer(tokenizers.models.Unigram(known, unk_id=3, byte_fallback=True))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    inner.decoder = tokenizers.decoders.Sequence(
        [tokenizers.decoders.ByteFallback(), tokenizers.decoders.Metaspace()]
    )
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        sep_token="</s>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=60,
    ).save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.XLMRobertaConfig(
        vocab_size=len(known),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        pad_token_id=1,
    )
    transformers.XLMRobertaModel(config).save_pretrained(folder)
    return str(folder)


def encoded(net: Transducer, text: str) -> torch.Tensor:
    return torch.tensor(pieces(net.tokenizer, [text], special=True))


def odds(net: Transducer, source: str, target: str) -> torch.Tensor:
    """Logits at each piece of the target, for the pieces of `HEARD` in the order of their words."""
    net.model.eval()
    heard = sorted({t for text in HEARD for t in net.tokenizer.tokenize(text)})
    with torch.inference_mode():
        given = net.model(
            input_ids=encoded(net, source), decoder_input_ids=encoded(net, target)
        ).logits
    return given[0, :, net.tokenizer.convert_tokens_to_ids(heard)]


@pytest.mark.parametrize("make", [bert, t5, xlm])
def test_what_is_computed_for_the_texts_stays_as_it_was(tmp_path: Path, make: Any) -> None:
    place = make(tmp_path / "model")
    before = odds(load_transducer(place, seed=1), *HEARD)
    net = trimmed(load_transducer(place, seed=1), HEARD)
    assert torch.allclose(odds(net, *HEARD), before, atol=1e-6)


@pytest.mark.parametrize("make", [bert, t5, xlm])
def test_unheard_words_go_and_are_read_in_smaller_pieces(tmp_path: Path, make: Any) -> None:
    whole = load_transducer(make(tmp_path / "model"), seed=1)
    [green] = pieces(whole.tokenizer, ["green"])
    assert len(green) == 1
    had = whole.parameters
    net = trimmed(whole, HEARD)
    [spelled] = pieces(net.tokenizer, ["green"])
    assert len(spelled) >= 5
    assert net.tokenizer.decode(spelled) == "green"
    assert net.parameters < had
    assert net.model.get_output_embeddings().weight.shape[0] == len(net.tokenizer)


@pytest.mark.parametrize("make", [bert, t5, xlm])
def test_plain_transformers_loads_what_is_saved(tmp_path: Path, make: Any) -> None:
    net = trimmed(load_transducer(make(tmp_path / "model"), seed=1), HEARD)
    net.save(tmp_path / "saved")
    again = load_transducer(str(tmp_path / "saved"), seed=2)
    assert torch.equal(odds(again, *HEARD), odds(net, *HEARD))
    tokenizer = net.tokenizer
    ends = {"bert": ("[CLS]", "[SEP]"), "t5": ("<pad>", "</s>"), "xlm": ("<s>", "</s>")}
    assert (net.start, net.end) == tuple(tokenizer.convert_tokens_to_ids(list(ends[make.__name__])))
    assert (again.pad, again.start, again.end) == (net.pad, net.start, net.end)
    assert net.pad == {"bert": 0, "t5": 0, "xlm": 1}[make.__name__], "positions are counted from it"


def test_the_decoder_of_a_warm_start_still_learns_faster(tmp_path: Path) -> None:
    assert trimmed(load_transducer(bert(tmp_path / "model"), seed=1), HEARD).is_warm_start


def test_a_character_that_is_no_piece_is_spelled_in_bytes(tmp_path: Path) -> None:
    net = trimmed(load_transducer(xlm(tmp_path / "model"), seed=1), HEARD)
    [said] = pieces(net.tokenizer, ["é"])
    assert net.tokenizer.decode(said) == "é"


def test_a_vocabulary_that_cannot_be_cut_is_told_beforehand(tmp_path: Path) -> None:
    train_tokenizer(HEARD, vocab_size=300).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="BPE cannot be trimmed"):
        check_trimmable(str(tmp_path))
    check_trimmable("nobody/has-this-model")  # is not here, so nothing is known of it


def test_pieces_that_are_built_out_of_one_another_are_refused(tmp_path: Path) -> None:
    net = load_transducer(t5(tmp_path / "model"), seed=1)
    net.tokenizer = train_tokenizer(HEARD, vocab_size=300)
    with pytest.raises(UserError, match="BPE cannot be trimmed"):
        trimmed(net, HEARD)


@pytest.mark.usefixtures("minilm")
def test_minilm_reads_all_texts_as_before_but_with_its_new_ids() -> None:
    texts = ["A dog leaps over the frisbee.", "dog, frisbee, leap"]
    whole = load_transducer("minilm", seed=1, layers=1, decoder_layers=1)
    before = [whole.tokenizer.tokenize(text) for text in texts]
    net = trimmed(whole, texts)
    assert [net.tokenizer.tokenize(text) for text in texts] == before
    said = encoded(net, texts[0])[0]
    assert net.tokenizer.decode(said, skip_special_tokens=True) == "a dog leaps over the frisbee."
    assert net.tokenizer.tokenize("zebra")[0] == "z"
