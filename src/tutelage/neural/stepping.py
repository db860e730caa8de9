"""One piece at a time with a cache of keys and values, for both families that write."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import torch
import transformers
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

from tutelage.exceptions import UserError
from tutelage.neural.causal import Causal, prompt_ids
from tutelage.neural.devices import computing, in_full_precision
from tutelage.neural.families import Transducer
from tutelage.neural.scoring import encode_rows
from tutelage.neural.tokenization import cut, pieces


class Steps(Protocol):
    """Rows that are written side by side."""

    def first(self) -> torch.Tensor:
        """Logits of the first piece, [rows, vocabulary], fp32."""

    def next(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits of the piece that follows `ids` [rows], [rows, vocabulary], fp32."""

    def keep(self, rows: torch.Tensor) -> None:
        """Forget all rows but these (their numbers among the present ones)."""


def read_prompts(net: Causal | Transducer, prompts: Sequence[str]) -> list[list[int]]:
    """Prompts in ids as the model reads them. An encoder that tells no more positions apart loses
    the end of a longer prompt.

    Args:
        net: The model.
        prompts: Plain text, or what `chat_text` made of messages.
    """
    if isinstance(net, Causal):
        return [prompt_ids(net, prompt) for prompt in prompts]
    limit = net.source_limit
    ids = pieces(net.tokenizer, prompts, special=True)
    return ids if limit is None else [cut(row, limit) for row in ids]


def open_steps(net: Causal | Transducer, prompts: Sequence[Sequence[int]]) -> Steps:
    """Begin to write after prompts in ids."""
    return CausalSteps(net, prompts) if isinstance(net, Causal) else PairedSteps(net, prompts)


class CausalSteps:
    """A decoder-only model, padded on the left so that all rows write at the same place."""

    def __init__(self, net: Causal, prompts: Sequence[Sequence[int]]) -> None:
        self.net = net
        longest = max(map(len, prompts))
        self.ids = torch.tensor(
            [[net.pad] * (longest - len(p)) + list(p) for p in prompts], device=net.device
        )
        lengths = torch.tensor([len(p) for p in prompts], device=net.device)
        place = torch.arange(longest, device=net.device)
        self.mask = (place >= longest - lengths[:, None]).long()
        self.takes = _arguments(net.model)
        self.cache: Any = DynamicCache(config=net.model.config.get_text_config(decoder=True))

    def first(self) -> torch.Tensor:
        return self.feed(self.ids, last=True)[:, -1]

    def next(self, ids: torch.Tensor) -> torch.Tensor:
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(ids), 1)], dim=1)
        return self.feed(ids[:, None], last=True)[:, -1]

    def feed(self, ids: torch.Tensor, *, last: bool) -> torch.Tensor:
        """Logits after each of `ids`, whose own columns the mask already has."""
        given: dict[str, Any] = {}
        if "position_ids" in self.takes:
            places = (self.mask.cumsum(dim=1) - 1).clamp(min=0)
            given["position_ids"] = places[:, -ids.shape[1] :]
        if last and "logits_to_keep" in self.takes:
            given["logits_to_keep"] = 1
        with head_in_full_precision(self.net.model):
            out = self.net.model(
                input_ids=ids,
                attention_mask=self.mask,
                past_key_values=self.cache,
                use_cache=True,
                return_dict=True,
                **given,
            )
        if getattr(out, "past_key_values", None) is None:
            raise UserError(
                f"A model of the family {self.net.model.config.model_type!r} cannot write here.",
                "It keeps no keys and values of single pieces, so rows of unlike length cannot be "
                "written side by side.",
                "Use a model with attention in its layers, such as Qwen/Qwen2.5-0.5B.",
            )
        self.cache = out.past_key_values
        logits: torch.Tensor = out.logits
        return logits.float()

    def keep(self, rows: torch.Tensor) -> None:
        self.mask = self.mask[rows]
        self.cache.batch_select_indices(rows)

    def repeat(self, times: int) -> None:
        """Each row `times` times, one after another."""
        self.mask = self.mask.repeat_interleave(times, dim=0)
        self.cache.batch_repeat_interleave(times)


class PairedSteps:
    """An encoder–decoder: the prompt is read once, the decoder goes on from its start."""

    def __init__(self, net: Transducer, prompts: Sequence[Sequence[int]]) -> None:
        self.net = net
        self.states, self.mask = encode_rows(net, prompts)
        self.cache: Any = EncoderDecoderCache(DynamicCache(), DynamicCache())

    def first(self) -> torch.Tensor:
        begin = torch.tensor([self.net.start, *self.net.lead], device=self.net.device)
        return self._feed(begin.expand(len(self.states), -1))

    def next(self, ids: torch.Tensor) -> torch.Tensor:
        return self._feed(ids[:, None])

    def _feed(self, ids: torch.Tensor) -> torch.Tensor:
        with head_in_full_precision(self.net.model):
            out = self.net.model(
                encoder_outputs=transformers.modeling_outputs.BaseModelOutput(self.states),
                attention_mask=self.mask,
                decoder_input_ids=ids,
                past_key_values=self.cache,
                use_cache=True,
                return_dict=True,
            )
        self.cache = out.past_key_values
        logits: torch.Tensor = out.logits[:, -1]
        return logits.float()

    def keep(self, rows: torch.Tensor) -> None:
        self.states, self.mask = self.states[rows], self.mask[rows]
        self.cache.batch_select_indices(rows)


@contextmanager
def computing_exactly(device: torch.device, precision: str) -> Iterator[None]:
    """Like `devices.computing`, but fp32 products keep all their bits: with fewer, a text would
    depend on the batch that it is written in."""
    with computing(device, precision):
        if precision == "fp32":
            torch.set_float32_matmul_precision("highest")
        yield


@contextmanager
def head_in_full_precision(model: Any) -> Iterator[None]:
    """Keep logits apart that bf16 would make equal, where the head's weights are fp32."""
    head = model.get_output_embeddings()
    with ExitStack() as held:
        autocast = torch.is_autocast_enabled(model.device.type)
        if autocast and head is not None and head.weight.dtype == torch.float32:
            held.enter_context(in_full_precision(head))
        yield


def _arguments(model: Any) -> frozenset[str]:
    """Names of the arguments that a model, or the one inside an adapter, takes."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return frozenset(inspect.signature(inner.forward).parameters)
