"""Decoder-only language models: loaded by id or folder, or of a given shape from nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import jinja2
import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tutelage.exceptions import UserError
from tutelage.neural.devices import own_randomness
from tutelage.neural.families import (
    position_limit,
    random_network,
    set_dropout,
    whole_eights,
)
from tutelage.neural.tokenization import load_tokenizer, pieces, train_byte_tokenizer
from tutelage.neural.weights import OFFLINE_SAFE, locate, quiet, read_config, reading


@dataclass(frozen=True, slots=True)
class CausalShape:
    """Shape of a decoder-only model that is trained from nothing."""

    d_model: int = 256
    layers: int = 6
    heads: int = 4
    d_ff: int = 768
    vocab_size: int = 8000
    positions: int = 512
    """Most pieces of a prompt and what follows it."""


class Causal:
    """A decoder-only language model with its tokenizer, reduced to what tuning and writing need."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.ends = _ends(model, tokenizer)
        """Ids after which nothing follows; the first one closes what is trained on."""
        self.end = self.ends[0]
        pad = tokenizer.pad_token_id
        self.pad = self.end if pad is None else int(pad)
        self.begin = _begin(tokenizer)
        """Ids that every sequence begins with."""
        self.limit = position_limit(model.config)
        """Most pieces of a sequence; None where positions are relative."""

    @property
    def device(self) -> torch.device:
        device: torch.device = self.model.device
        return device

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())

    def save(self, folder: Path) -> None:
        """Write what plain transformers loads: safetensors, configuration and tokenizer."""
        with quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


def _ends(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokenizer's end of sequence first, then what the model itself stops at (chat models
    close a turn with a token of its own)."""
    found: list[int] = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
    for config in (getattr(model, "generation_config", None), model.config):
        given = getattr(config, "eos_token_id", None)
        found += [] if given is None else list(given) if isinstance(given, list) else [int(given)]
    if not found:
        raise UserError(
            "The model's tokenizer has no end-of-sequence token.",
            "Without one nothing tells where a reply ends.",
            "Set eos_token in its tokenizer_config.json.",
        )
    return tuple(dict.fromkeys(found))


def _begin(tokenizer: Any) -> tuple[int, ...]:
    """What the tokenizer itself puts before a text (Llama's <s>, nothing for GPT-2)."""
    plain, special = pieces(tokenizer, ["a"])[0], pieces(tokenizer, ["a"], special=True)[0]
    return tuple(special[: special.index(plain[0])]) if plain[:1] and plain[0] in special else ()


def load_causal(
    model: str, *, precision_dtype: torch.dtype = torch.float32, dropout: float | None = None
) -> Causal:
    """A decoder-only model by hub id or folder.

    Args:
        model: What the recipe names.
        precision_dtype: Type that the weights are held in. bf16 halves their memory.
        dropout: Replaces the model's own rate where given.

    Raises:
        UserError: the model cannot be loaded, or is no decoder-only model.
    """
    place = locate(model)
    config = read_config(place)
    check_decoder_only(model, config)
    tokenizer = load_tokenizer(model)
    with own_randomness(torch.device("cpu")), reading(place):
        torch.manual_seed(0)  # weights that a file lacks are the same each time
        net = transformers.AutoModelForCausalLM.from_pretrained(
            place, dtype=precision_dtype, use_safetensors=True, **OFFLINE_SAFE
        )
    set_dropout(net, dropout)
    net.eval()
    return Causal(net, tokenizer)


def check_decoder_only(model: str, config: Any) -> None:
    """Refuse a model of another family by its configuration.

    Raises:
        UserError: says what it is.
    """
    names = set(config.architectures or ())
    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    if config.is_encoder_decoder or (names and not names & known):
        family = "an encoder–decoder" if config.is_encoder_decoder else "not a decoder-only model"
        raise UserError(
            f"{model!r} is {family} ({', '.join(sorted(names)) or config.model_type}).",
            "Family causal continues a text, which takes a decoder-only model.",
            "Name a causal model such as Qwen/Qwen2.5-0.5B, or use family seq2seq (T5, BART) or "
            "encoder (BERT, RoBERTa).",
        )


def fresh_causal(
    shape: CausalShape, texts: Iterable[str], *, seed: int, dropout: float | None = None
) -> Causal:
    """A Llama of the given shape with random weights and a tokenizer trained on `texts`.

    The tokenizer works on bytes, so that no text, line break or letter is unknown to it, and what
    it decodes is what it was given.

    Args:
        shape: Fewer pieces where the texts do not give so many.
        texts: Prompts and endings of the training rows, and plain texts where there are some.
        seed: Draws the weights.
        dropout: Rate of attention, the only dropout that this family has; 0 where None.

    Raises:
        UserError: the width cannot be divided among the heads.
    """
    if shape.d_model % (2 * shape.heads):
        raise UserError(
            f"d_model {shape.d_model} is not a multiple of twice the heads, {2 * shape.heads}.",
            "Positions are told by rotating pairs of numbers in each head.",
            "Choose for example d_model: 256, heads: 4.",
        )
    tokenizer = train_byte_tokenizer(texts, vocab_size=shape.vocab_size)
    config = transformers.LlamaConfig(
        vocab_size=whole_eights(len(tokenizer)),
        hidden_size=shape.d_model,
        intermediate_size=shape.d_ff,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.positions,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    net = random_network(transformers.LlamaForCausalLM, config, seed=seed, dropout=dropout)
    net.eval()
    return Causal(net, tokenizer)


def prompt_ids(net: Causal, prompt: str) -> list[int]:
    """What a prompt is to the model: its beginning token, where it has one, and the pieces.

    Args:
        net: The model.
        prompt: Plain text, or what `chat_text` made of messages.
    """
    begin = list(net.begin)
    ids = pieces(net.tokenizer, [prompt])[0] if prompt else []
    if ids[: len(begin)] == begin:  # a chat template writes the beginning token itself
        ids = ids[len(begin) :]
    return [*begin, *ids] or [net.end]


def join_ids(net: Causal, prompt: str, ending: str) -> tuple[list[int], int]:
    """Ids of prompt, ending and end of sequence, for training and for scoring alike.

    Prompt and ending are tokenised apart, so that no piece spans the border and the ending is the
    same pieces whether it is learned, scored or written. White space is taken as it stands: give
    the ending its leading space where the prompt ends without one.

    Args:
        net: The model.
        prompt: Plain text, or what `chat_text` made of messages.
        ending: What follows.

    Returns:
        The ids, and the position at which the ending begins.
    """
    before = prompt_ids(net, prompt)
    return [*before, *ending_ids(net, ending)], len(before)


def ending_ids(net: Causal, ending: str) -> list[int]:
    """Pieces of an ending, closed by the end of sequence."""
    return [*(pieces(net.tokenizer, [ending])[0] if ending else []), net.end]


class Said(Protocol):
    """One message of a conversation."""

    @property
    def role(self) -> str: ...

    @property
    def content(self) -> str: ...


def chat_text(tokenizer: Any, messages: Sequence[Said]) -> str:
    """The prompt that stands for messages: by the chat template where the tokenizer has one, else
    the contents, joined by blank lines.

    Contents are untrusted: a special token spelled out in them loses its meaning, by a space after
    its first character.

    Raises:
        UserError: the model's chat template refuses the messages.
    """
    said = [{"role": m.role, "content": _inert(tokenizer, m.content)} for m in messages]
    if not getattr(tokenizer, "chat_template", None):
        return "\n\n".join(message["content"] for message in said)
    try:
        return _render(tokenizer, said)
    except jinja2.TemplateError:  # some families know no system message
        pass
    try:
        return _render(tokenizer, _without_system(said))
    except jinja2.TemplateError as e:
        raise UserError(
            "The model's chat template refuses the messages of a request.",
            str(e).split("\n", maxsplit=1)[0],
            "Use a model with another template, or remove chat_template from its tokenizer.",
        ) from e


def _render(tokenizer: Any, said: Sequence[Mapping[str, str]]) -> str:
    text: str = tokenizer.apply_chat_template(
        list(said), tokenize=False, add_generation_prompt=True
    )
    return text


def _without_system(said: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The system's words at the head of the first message that follows them."""
    told = "\n\n".join(m["content"] for m in said if m["role"] == "system")
    rest = [dict(m) for m in said if m["role"] != "system"]
    if rest and told:
        rest[0]["content"] = f"{told}\n\n{rest[0]['content']}"
    return rest


def _inert(tokenizer: Any, text: str) -> str:
    for token in sorted(tokenizer.get_added_vocab(), key=len, reverse=True):
        if len(token) > 1 and token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text
