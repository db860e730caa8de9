"""Tokenizers: loaded, or trained on the training texts; and how many rows a limit cuts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import tokenizers
import transformers

from tutelage.neural.weights import OFFLINE_SAFE, locate, reading


def load_tokenizer(model: str, *, offline: bool = False) -> Any:
    """The fast tokenizer of a model (hub id, folder or `minilm`).

    Args:
        model: Where it is.
        offline: Look on this machine only.

    Raises:
        UserError: there is none at that place.
    """
    place = locate(model)
    with reading(model):
        return transformers.AutoTokenizer.from_pretrained(
            place, local_files_only=offline, **OFFLINE_SAFE
        )


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> Any:
    """A BPE tokenizer with T5's special tokens, trained on `texts`.

    Pieces do not cross white space, and digits stand alone so that numbers share their pieces.
    Trained on sorted distinct texts, so the order of rows does not matter.

    Args:
        texts: Sources and targets of the training rows.
        vocab_size: Most pieces to keep, special tokens included.

    Returns:
        A tokenizer of transformers: pad 0, end of sequence 1, unknown 2.
    """
    fresh = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>"))
    fresh.normalizer = tokenizers.normalizers.NFC()
    fresh.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Metaspace(),
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.Punctuation(),
        ]
    )
    fresh.decoder = tokenizers.decoders.Metaspace()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<pad>", "</s>", "<unk>"],
        show_progress=False,
    )
    fresh.train_from_iterator(sorted(set(texts)), trainer)
    end = fresh.token_to_id("</s>")
    fresh.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", end)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=fresh, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def train_byte_tokenizer(texts: Iterable[str], *, vocab_size: int) -> Any:
    """A BPE tokenizer over bytes, trained on `texts`: nothing is unknown, and decoding gives back
    what was encoded, line breaks and double spaces included.

    A piece may begin with the space before a word; digits stand alone so that numbers share their
    pieces. Trained on sorted distinct texts, so the order of rows does not matter.

    Args:
        texts: What the model will read and write.
        vocab_size: Most pieces to keep, the 256 bytes and the special tokens included.

    Returns:
        A tokenizer of transformers: pad 0, end of sequence 1, beginning 2, put before each text.
    """
    fresh = tokenizers.Tokenizer(tokenizers.models.BPE())
    fresh.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    fresh.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<pad>", "</s>", "<s>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    fresh.train_from_iterator(sorted(set(texts)), trainer)
    fresh.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", fresh.token_to_id("<s>"))]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=fresh, pad_token="<pad>", eos_token="</s>", bos_token="<s>"
    )


def train_word_pieces(texts: Iterable[str], *, vocab_size: int) -> Any:
    """A lower-case WordPiece tokenizer with BERT's special tokens, trained on `texts`.

    Pieces inside a word carry no mark of their own (BERT's `##`): the trainer numbers marked pieces
    in the order of a hash map, so that the same texts would give another vocabulary each time, and
    a resumed training another one than it began with.

    Args:
        texts: Texts of the training rows.
        vocab_size: Most pieces to keep, special tokens included.
    """
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    fresh = tokenizers.Tokenizer(
        tokenizers.models.WordPiece(unk_token="[UNK]", continuing_subword_prefix="")
    )
    fresh.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    fresh.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    trainer = tokenizers.trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        special_tokens=special,
        show_progress=False,
        continuing_subword_prefix="",
    )
    fresh.train_from_iterator(sorted(set(texts)), trainer)
    fresh.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=fresh,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def pieces(tokenizer: Any, texts: Sequence[str], *, special: bool = False) -> list[list[int]]:
    """Ids of the pieces of each text, uncut; with the model's special tokens where asked."""
    if not texts:
        return []
    ids: list[list[int]] = tokenizer(
        list(texts), add_special_tokens=special, return_attention_mask=False, verbose=False
    )["input_ids"]
    return ids


def cut(ids: list[int], limit: int) -> list[int]:
    """At most `limit` ids: the end is cut, its closing special token kept.

    >>> cut([5, 6, 7, 8, 1], 3)
    [5, 6, 1]
    """
    return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]


@dataclass(frozen=True, slots=True)
class TokenCount:
    """What a length limit does to some texts."""

    texts: int
    tokens: int
    """Pieces in all texts together, special tokens included."""
    longest: int
    cut: int
    """Texts longer than the limit."""

    @property
    def share_cut(self) -> float:
        return self.cut / self.texts if self.texts else 0.0


def count_tokens(
    texts: Sequence[str], *, model: str, limit: int, offline: bool = False
) -> TokenCount:
    """Count the pieces of `texts` and how many of them `limit` would cut, before any training.

    Args:
        texts: What the student would read or write.
        model: Hub id, folder or `minilm`.
        limit: Most pieces, special tokens included.
        offline: Use a tokenizer that is on this machine already.

    Raises:
        UserError: the model has no tokenizer.
    """
    tokenizer = load_tokenizer(model, offline=offline)
    lengths = [len(ids) for ids in pieces(tokenizer, texts, special=True)]
    return TokenCount(
        len(lengths), sum(lengths), max(lengths, default=0), sum(n > limit for n in lengths)
    )
