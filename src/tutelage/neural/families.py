"""Encoder–decoder students: of the T5 family, warm-started from any encoder, or from sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tutelage.exceptions import UserError
from tutelage.neural.devices import in_full_precision, own_randomness
from tutelage.neural.tokenization import load_tokenizer, pieces, train_tokenizer
from tutelage.neural.weights import OFFLINE_SAFE, first_layers, locate, quiet, read_config, reading

DECODER_PACE = 10.0
"""Times that a decoder which was just made learns faster than the encoder beside it: attention
between the two starts from nothing, while the encoder has only to be adapted."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Shape of a T5 that is trained from nothing."""

    d_model: int = 128
    layers: int = 3
    decoder_layers: int = 2
    heads: int = 4
    d_ff: int = 256
    vocab_size: int = 8000


class Transducer:
    """An encoder–decoder with its tokenizer, reduced to what training and answering need."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer
        config = model.config
        self.pad = int(config.pad_token_id)
        self.end = int(config.eos_token_id)
        start = getattr(config, "decoder_start_token_id", None)
        self.start = self.pad if start is None else int(start)  # T5 begins with padding
        decoder = getattr(config, "decoder", None)
        self.source_limit = position_limit(getattr(config, "encoder", config))
        self.target_limit = position_limit(decoder or config)
        self.is_warm_start = False
        """Whether the decoder was just made out of an encoder."""

    @property
    def device(self) -> torch.device:
        device: torch.device = self.model.device
        return device

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())

    @cached_property
    def lead(self) -> list[int]:
        """Pieces with which every text begins that the model was pre-trained to write, after the
        decoder's start: `<s>` of BART, none of T5."""
        [bare] = pieces(self.tokenizer, [""], special=True)
        before = bare[: bare.index(self.end)] if self.end in bare else []
        return before[1:] if before[:1] == [self.start] else before

    def encode(self, source: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Encoder states, [rows, source, width]."""
        states: torch.Tensor = self.model.get_encoder()(
            input_ids=source, attention_mask=mask, return_dict=True
        ).last_hidden_state
        return states

    def logits_at(
        self,
        states: torch.Tensor,
        mask: torch.Tensor,
        inputs: torch.Tensor,
        where: torch.Tensor,
        *,
        exact: bool = False,
    ) -> torch.Tensor:
        """Logits at chosen positions only: the product with the vocabulary is the dearest of all,
        and padding needs none.

        Args:
            states: Encoder states, [rows, source, width].
            mask: [rows, source].
            inputs: Decoder inputs, shifted right, padded at the end, [rows, target]. Attention is
                causal, so what is computed at padding reaches no other position.
            where: [rows, target], true where logits are wanted.
            exact: Whether the last product runs in fp32 also in a bf16 computation.

        Returns:
            [number of true positions, vocabulary], row by row.
        """
        head = self.model.get_output_embeddings()
        with in_full_precision(head, where) if exact else only_at(head, where):
            logits: torch.Tensor = self.model(
                encoder_outputs=transformers.modeling_outputs.BaseModelOutput(states),
                attention_mask=mask,
                decoder_input_ids=inputs,
                decoder_attention_mask=torch.ones_like(inputs),
                use_cache=False,
                return_dict=True,
            ).logits
        return logits

    def save(self, folder: Path) -> None:
        """Write what plain transformers loads: safetensors, configuration and tokenizer."""
        with quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


@contextmanager
def only_at(head: torch.nn.Module, where: torch.Tensor) -> Iterator[None]:
    hook = head.register_forward_pre_hook(lambda _, given: (given[0][where], *given[1:]))
    try:
        yield
    finally:
        hook.remove()


def position_limit(config: Any) -> int | None:
    """Most positions a model can tell apart; None where positions are relative."""
    limit = getattr(config, "max_position_embeddings", None)
    if limit is None or "relative_attention_num_buckets" in config.to_dict():
        return None
    offset = 2 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return int(limit) - offset


def load_transducer(
    model: str,
    *,
    seed: int,
    layers: int | None = None,
    decoder_layers: int | None = None,
    dropout: float | None = None,
    precision_dtype: torch.dtype = torch.float32,
) -> Transducer:
    """A student by hub id, folder, or `minilm`.

    An encoder–decoder (T5, mT5, Flan-T5, ...) is taken as it is. Of an encoder alone, a copy of its
    first layers becomes the decoder, with fresh cross-attention between the two
    (arXiv 1907.12461).

    Args:
        model: What the recipe names.
        seed: Draws the fresh weights.
        layers: Keep the first so many layers of the encoder of a warm start; all where None.
        decoder_layers: Layers of a warm-started decoder; 2 where None.
        dropout: Replaces the model's own rate where given.
        precision_dtype: Type that an encoder–decoder's weights are loaded in; bf16 takes half the
            memory. A warm start is loaded in fp32.

    Raises:
        UserError: the model cannot be loaded.
    """
    place = locate(model)
    config = read_config(place)
    tokenizer = load_tokenizer(model)
    with own_randomness(torch.device("cpu")), reading(place):
        torch.manual_seed(seed)
        if config.is_encoder_decoder:
            net = transformers.AutoModelForSeq2SeqLM.from_pretrained(
                place, dtype=precision_dtype, use_safetensors=True, **OFFLINE_SAFE
            )
        else:
            _check_encoder(model, config)
            net = _warm_start(place, tokenizer, layers, decoder_layers or 2)
    set_dropout(net, dropout)
    transducer = Transducer(net, tokenizer)
    net.generation_config = plain_generation(transducer)
    transducer.is_warm_start = not config.is_encoder_decoder
    return transducer


def paces_of(net: Transducer, pace: float = DECODER_PACE) -> dict[str, float]:
    """How many times faster which parts learn: the decoder where it was just made."""
    return {"decoder.": pace} if net.is_warm_start else {}


def plain_generation(net: Transducer) -> Any:
    """Settings of writing that hold nothing but the ids. Published models bring some of their own
    (least lengths, forced pieces, beams), which transformers would mix into ours."""
    return transformers.GenerationConfig(
        pad_token_id=net.pad, eos_token_id=net.end, decoder_start_token_id=net.start
    )


def _check_encoder(model: str, config: Any) -> None:
    names = set(config.architectures or ())
    if names and names <= set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()):
        raise UserError(
            f"{model!r} is a decoder-only model ({', '.join(sorted(names))}).",
            "An encoder–decoder is made of two parts, or out of an encoder.",
            "Name an encoder–decoder (T5, BART) or an encoder (BERT, RoBERTa), or use a teacher of "
            "the family causal.",
        )


def _warm_start(place: str, tokenizer: Any, layers: int | None, decoder_layers: int) -> Any:
    shape = transformers.AutoConfig.from_pretrained(
        place,
        num_hidden_layers=decoder_layers,
        is_decoder=True,
        add_cross_attention=True,
        **OFFLINE_SAFE,
    )
    given = {"dtype": torch.float32, "use_safetensors": True, **OFFLINE_SAFE}
    depth = first_layers(place, layers)
    encoder = transformers.AutoModel.from_pretrained(place, **depth, **given)
    decoder = transformers.AutoModelForCausalLM.from_pretrained(place, config=shape, **given)
    net = transformers.EncoderDecoderModel(encoder=encoder, decoder=decoder)
    start, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    for config in (net.config, net.generation_config):
        config.decoder_start_token_id = tokenizer.bos_token_id if start is None else start
        config.eos_token_id = tokenizer.eos_token_id if end is None else end
        config.pad_token_id = tokenizer.pad_token_id
    return net


def fresh_transducer(
    sizes: Sizes,
    texts: Iterable[str],
    *,
    seed: int,
    dropout: float | None = None,
    tokenizer: Any = None,
) -> Transducer:
    """A T5 of the given shape with random weights and a tokenizer trained on `texts`.

    Args:
        sizes: The shape; fewer pieces where the texts do not give so many.
        texts: Sources and targets of the training rows.
        seed: Draws the weights.
        dropout: Rate; .1 where None, as in T5.
        tokenizer: A trained one in the place of `texts`.

    Raises:
        UserError: the width is not a multiple of the number of heads.
    """
    if sizes.d_model % sizes.heads:
        raise UserError(
            f"d_model {sizes.d_model} is not a multiple of heads {sizes.heads}.",
            do="Choose for example d_model: 128, heads: 4.",
        )
    if tokenizer is None:
        tokenizer = train_tokenizer(texts, vocab_size=sizes.vocab_size)
    config = transformers.T5Config(
        vocab_size=whole_eights(len(tokenizer)),
        d_model=sizes.d_model,
        d_kv=sizes.d_model // sizes.heads,
        d_ff=sizes.d_ff,
        num_layers=sizes.layers,
        num_decoder_layers=sizes.decoder_layers,
        num_heads=sizes.heads,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    net = random_network(
        transformers.T5ForConditionalGeneration, config, seed=seed, dropout=dropout
    )
    return Transducer(net, tokenizer)


def whole_eights(pieces: int) -> int:
    """Size of a vocabulary, padded to what processors multiply best.

    >>> whole_eights(300), whole_eights(304)
    (304, 304)
    """
    return -(-pieces // 8) * 8


def random_network(family: Any, config: Any, *, seed: int, dropout: float | None) -> Any:
    """A network of a configuration with random weights, which no other randomness moves.

    Args:
        family: Class of `transformers`.
        config: Its shape.
        seed: Draws the weights.
        dropout: Replaces the family's own rate where given.
    """
    with own_randomness(torch.device("cpu")):
        torch.manual_seed(seed)
        net = family(config)
    set_dropout(net, dropout)
    return net


def set_dropout(net: torch.nn.Module, rate: float | None) -> None:
    """Set the rate of every dropout of a network, attention included; None leaves it."""
    if rate is None:
        return
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = rate
        for name in ("dropout", "attention_dropout"):
            if isinstance(getattr(module, name, None), float):
                module.__dict__[name] = rate  # attention layers hold their rate as a number
    _write_rate(net.config, rate)


def _write_rate(config: Any, rate: float) -> None:
    names = [
        *("dropout_rate", "hidden_dropout_prob", "attention_probs_dropout_prob"),
        *("dropout", "attention_dropout"),  # BART
    ]
    for part in (config, getattr(config, "encoder", None), getattr(config, "decoder", None)):
        for name in names:
            if part is not None and hasattr(part, name):
                setattr(part, name, rate)
