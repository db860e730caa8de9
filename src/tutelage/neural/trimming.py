"""A smaller vocabulary: only the pieces that the texts at hand need (arXiv 2305.15020).

The product with the vocabulary is the dearest of a small writer, and most of its weights are rows
of that table which no text at hand ever reads. Every single character is kept, so a word that
becomes known later is still read and written, in more and shorter pieces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tokenizers
import torch
import transformers

from tutelage.exceptions import UserError
from tutelage.neural.families import Transducer, plain_generation
from tutelage.neural.tokenization import load_tokenizer, pieces

PREFIX = "##"
"""What marks a piece inside a word in WordPiece."""
SPACE = "▁"
"""What stands for the space before a word in Unigram."""
BYTE = re.compile("<0x[0-9A-F]{2}>")
"""One byte of a character that is no piece itself."""
NAMED = ("bos_token", "cls_token", "eos_token", "mask_token", "pad_token", "sep_token", "unk_token")
IDS = ("bos_token_id", "decoder_start_token_id", "eos_token_id", "pad_token_id", "sep_token_id")


def trimmed(net: Transducer, texts: Iterable[str]) -> Transducer:
    """The same network with the pieces that `texts` need, special ones and single characters.

    What it computes for those texts is what it computed before, but for the pieces that are gone
    from its answers. The network given must not be used any more.

    Args:
        net: With a tokenizer of WordPiece (BERT, MiniLM) or Unigram (T5, mT5, mBART).
        texts: What it will learn to read and write.

    Raises:
        UserError: a tokenizer of another kind, whose pieces are built out of one another.
    """
    spec, known = _read(net.tokenizer)
    kept = _kept(net, spec, known, texts)
    place = {old: new for new, old in enumerate(kept)}
    tokenizer = _tokenizer(net.tokenizer, spec, known, kept)
    _keep_rows(net.model, kept)
    _renumber(net.model, place)
    smaller = Transducer(net.model, tokenizer)
    net.model.generation_config = plain_generation(smaller)
    smaller.is_warm_start = net.is_warm_start
    return smaller


def check_trimmable(model: str) -> None:
    """Refuse a model whose vocabulary cannot be cut, as far as files on this machine tell.

    Args:
        model: Hub id, folder or `minilm`; one that is not here yet passes.

    Raises:
        UserError: its tokenizer is of another kind.
    """
    try:
        tokenizer = load_tokenizer(model, offline=True)
    except UserError:
        return
    _read(tokenizer)


def _read(tokenizer: Any) -> tuple[dict[str, Any], dict[str, int]]:
    """All that makes a tokenizer, and its pieces with their ids."""
    inner = getattr(tokenizer, "backend_tokenizer", None)
    spec: dict[str, Any] = {} if inner is None else json.loads(inner.to_str())
    model = spec.get("model", {"type": type(tokenizer).__name__})
    if model["type"] == "WordPiece":
        return spec, dict(model["vocab"])
    if model["type"] == "Unigram":
        return spec, {piece: number for number, (piece, _) in enumerate(model["vocab"])}
    raise UserError(
        f"A vocabulary of {model['type']} cannot be trimmed.",
        "Its pieces are built out of one another; those of WordPiece and Unigram stand alone.",
        "Leave vocabulary: all, or take a model such as T5, BERT or minilm.",
    )


def _kept(
    net: Transducer, spec: Mapping[str, Any], known: Mapping[str, int], texts: Iterable[str]
) -> list[int]:
    """Ids that stay, in their order. The padding keeps its number, from which some models count
    their positions; a tokenizer may know more pieces than the model has rows."""
    used = {i for ids in pieces(net.tokenizer, sorted(set(texts)), special=True) for i in ids}
    special = {int(added["id"]) for added in spec["added_tokens"]}
    special.add(_unknown(spec["model"], known))
    single = {number for piece, number in known.items() if _is_single(piece)}
    rows = int(net.model.get_input_embeddings().weight.shape[0])
    return sorted((used | special | single | set(range(net.pad + 1))) & set(range(rows)))


def _unknown(model: Mapping[str, Any], known: Mapping[str, int]) -> int:
    """Id of what stands for the unknown; -1 where nothing does."""
    number = known.get(model["unk_token"]) if model["type"] == "WordPiece" else model["unk_id"]
    return -1 if number is None else int(number)


def _is_single(piece: str) -> bool:
    """Whether a piece is one character, at the beginning of a word or inside, or one byte."""
    return len(_bare(piece)) <= 1 or BYTE.fullmatch(piece) is not None


def _bare(piece: str) -> str:
    return piece.removeprefix(PREFIX).removeprefix(SPACE)


def _tokenizer(
    old: Any, spec: dict[str, Any], known: Mapping[str, int], kept: Sequence[int]
) -> Any:
    """The tokenizer with the kept pieces alone; cutting and padding are the batch's business."""
    place = {number: new for new, number in enumerate(kept)}
    ours = {piece: place[number] for piece, number in known.items() if number in place}
    model = spec["model"]
    if model["type"] == "WordPiece":
        model["vocab"] = ours
    else:
        model["vocab"] = [pair for number, pair in enumerate(model["vocab"]) if number in place]
        model["unk_id"] = place.get(model["unk_id"])
    spec["added_tokens"] = [
        {**added, "id": place[added["id"]]}
        for added in spec["added_tokens"]
        if added["id"] in place
    ]
    _renumber_frame(spec["post_processor"], place)
    spec |= {"truncation": None, "padding": None}
    inner = tokenizers.Tokenizer.from_str(json.dumps(spec))
    named = {name: str(token) for name in NAMED if (token := getattr(old, name, None))}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        model_max_length=old.model_max_length,
        model_input_names=old.model_input_names,
        **{name: token for name, token in named.items() if inner.token_to_id(token) is not None},
    )


def _renumber_frame(frame: dict[str, Any] | None, place: Mapping[int, int]) -> None:
    """The special pieces that a tokenizer puts around a text, by their new ids."""
    if frame is None:
        return
    for part in frame.get("processors", ()):
        _renumber_frame(part, place)
    if isinstance(marks := frame.get("special_tokens"), dict):
        for mark in marks.values():
            mark["ids"] = [place[number] for number in mark["ids"]]
    for name in ("cls", "sep"):
        if name in frame:
            frame[name] = [frame[name][0], place[frame[name][1]]]


def _keep_rows(model: Any, kept: Sequence[int]) -> None:
    """Move the kept rows of every table over the vocabulary to its front, and cut off the rest."""
    rows = torch.tensor(kept)
    composed = isinstance(model, transformers.EncoderDecoderModel)
    moved: set[int] = set()
    for part in (model.encoder, model.decoder) if composed else (model,):
        head = part.get_output_embeddings()
        tables = [part.get_input_embeddings().weight]
        if head is not None:
            tables += [head.weight, head.bias]
        for table in tables:
            if table is None or table.data_ptr() in moved:  # tied tables are one
                continue
            with torch.no_grad():
                table[: len(rows)] = table[rows]
            moved.add(table.data_ptr())
        part.resize_token_embeddings(len(rows))


def _renumber(model: Any, place: Mapping[int, int]) -> None:
    configs = [model.config, *(getattr(model.config, n, None) for n in ("encoder", "decoder"))]
    for config in (c for c in configs if c is not None):
        for name in IDS:
            if isinstance(number := getattr(config, name, None), int):
                setattr(config, name, place.get(number))
        config.vocab_size = len(place)
