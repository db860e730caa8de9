"""Tiny networks with tokenizers of their own, fast enough for every test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def tiny_net() -> Any:
    pytest.importorskip("torch")
    from tutelage.neural.families import Sizes, fresh_transducer

    texts = ["Premise: a dog runs. Hypothesis: it moves.", "Good", "Bad", "So so", "So bad"]
    texts += ["Rationale: because of that", "Answer:", "red blue green grey one two three"]
    shape = Sizes(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=400)
    net = fresh_transducer(shape, texts, seed=3, dropout=0.0)
    net.model.eval()
    return net


GOOD, BAD = ("good", "nice", "fine", "great"), ("bad", "poor", "sad", "grim")


@pytest.fixture(scope="session")
def lessons() -> Any:
    """Eight rows of two labels."""
    pytest.importorskip("torch")
    from tutelage.neural.lessons import Lesson

    rows = [("pos", word) for word in GOOD] + [("neg", word) for word in BAD]
    return [
        Lesson(f"Text: it is {word}\nAnswer:", f" {label}", (f"it is {word}",), label)
        for label, word in rows
    ]


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory, lessons: Any) -> dict[str, Path]:
    """A plain folder with an untrained network of each family."""
    from tutelage.neural.categorisation import fresh_categoriser
    from tutelage.neural.causal import CausalShape
    from tutelage.neural.families import Sizes
    from tutelage.neural.pretraining import fresh_writer

    root = tmp_path_factory.mktemp("bases")
    shape = CausalShape(d_model=32, layers=2, heads=2, d_ff=64, vocab_size=400, positions=64)
    sizes = Sizes(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=400)
    texts = [text for row in lessons for text in (row.prompt, row.ending, *row.fields)]
    given: Any = {"multi_label": False, "seed": 1, "max_source": 64, "dropout": 0.0}
    nets = {
        "encoder": fresh_categoriser(shape, texts, ["pos", "neg"], **given),
        "seq2seq": fresh_writer(sizes, texts, seed=1, dropout=0.0),
        "causal": fresh_writer(shape, texts, seed=1, dropout=0.0),
    }
    for family, net in nets.items():
        net.save(root / family)
    return {family: root / family for family in nets}


@pytest.fixture(scope="session")
def masking_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained encoder whose tokenizer has a mask, as published ones have."""
    import tokenizers
    import torch
    import transformers

    special = {
        f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")
    }
    words = [
        "the",
        "cat",
        "sat",
        "on",
        "mat",
        "dog",
        "ran",
        "to",
        "one",
        "is",
        "red",
        "text",
        "it",
        "answer",
        "good",
        "bad",
        "pos",
        "neg",
        ":",
        ".",
    ]
    letters = [mark + x for mark in ("", "##") for x in "abcdefghijklmnopqrstuvwxyz"]
    known = {piece: i for i, piece in enumerate([*special.values(), *words, *letters])}
    inner = tokenizers.Tokenizer(tokenizers.models.WordPiece(known, unk_token="[UNK]"))
    inner.normalizer = tokenizers.normalizers.Lowercase()
    inner.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    inner.decoder = tokenizers.decoders.WordPiece()
    inner.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    folder = tmp_path_factory.mktemp("masking")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, model_max_length=64, **special
    ).save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(known),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder
