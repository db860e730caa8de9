"""A local teacher's model, loaded. Imported only when it is needed: this module needs torch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import torch

from tutelage.exceptions import UserError
from tutelage.neural.adapters import load_adapter, merge_adapter
from tutelage.neural.causal import Causal, load_causal
from tutelage.neural.continuation import Wanted, Written, score_endings, write
from tutelage.neural.devices import pick_device, pick_precision
from tutelage.neural.families import load_transducer
from tutelage.neural.scoring import softmax
from tutelage.neural.weights import locate, read_config, reading
from tutelage.records import Reply, Request, Task
from tutelage.teacher.local_options import LocalOptions
from tutelage.teacher.replying import Replying, Writer, lead_in
from tutelage.teacher.weights_identity import KEPT, Weights


@dataclass(frozen=True)
class Residence:
    """A loaded model with how it is run."""

    replying: Replying
    told: Mapping[str, Any]

    def answer(self, requests: Sequence[Request]) -> Sequence[Reply | str]:
        return self.replying.answer(requests)

    def facts(self) -> Mapping[str, Any]:
        """Parameters, device, precision, and the seconds that loading took."""
        return self.told


def load(
    options: LocalOptions, task: Task, weights: Weights, adapter: Path | None = None
) -> Residence:
    """Load a model for answering.

    Args:
        options: How it is run.
        task: Whose labels' words are scored.
        weights: Which model.
        adapter: Folder of a LoRA adapter to put on it.

    Raises:
        UserError: the model cannot be loaded, is too large for the memory, is not of the family,
            or the adapter belongs to another model.
    """
    began = time.perf_counter()
    device = pick_device()
    precision = pick_precision(options.precision, device)
    net = _net(options, weights, precision, device)
    if adapter is not None:
        adapted = load_adapter(net.model, net.tokenizer, adapter, base=options.model)
        net.model = merge_adapter(adapted)
    net.model.eval()
    if options.chat == "never":
        net.tokenizer.chat_template = None
    served_by = f"{weights.name} on {device.type} in {precision}"
    told = {
        "model": options.model,
        "family": "causal" if isinstance(net, Causal) else "seq2seq",
        "parameters": net.parameters,
        "device": device.type,
        "precision": precision,
        "loading_seconds": round(time.perf_counter() - began, 3),
    }
    running = _Running(net, task, options.batch_size, precision)
    replying = Replying(
        net,
        task,
        running.write,
        running.weigh,
        served_by,
        prompt_limit=options.prompt_limit,
    )
    return Residence(replying, told)


@dataclass(frozen=True)
class _Running:
    net: Writer
    task: Task
    batch_size: int
    precision: str

    def write(self, wanted: Sequence[Wanted]) -> Sequence[Written]:
        return write(self.net, wanted, batch_size=self.batch_size, precision=self.precision)

    def weigh(self, requests: Sequence[Request], prompts: Sequence[str]) -> Any:
        """Shares of the labels' words; prompts that end alike are scored together."""
        shares = [[0.0]] * len(prompts)
        leads = [lead_in(self.net, prompt) for prompt in prompts]
        for lead in sorted(set(leads)):
            places = [i for i, own in enumerate(leads) if own == lead]
            scores = score_endings(
                self.net,
                [prompts[i] for i in places],
                [lead + label.said for label in self.task.labels],
                batch_size=self.batch_size,
                precision=self.precision,
            )
            for i, row in zip(places, softmax(scores).tolist(), strict=True):
                shares[i] = row
        return shares


def _net(options: LocalOptions, weights: Weights, precision: str, device: torch.device) -> Writer:
    place = _downloaded(weights.place, options.revision)
    config = read_config(locate(place))
    family = options.family
    if family == "auto":
        family = "seq2seq" if config.is_encoder_decoder else "causal"
    if family == "seq2seq" and not config.is_encoder_decoder:
        raise UserError(
            f"The model {options.model!r} is no encoder–decoder ({config.model_type}).",
            "A seq2seq teacher reads with an encoder and writes with a decoder.",
            "Write family: auto, or name a model such as google/flan-t5-small.",
        )
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    if family == "causal":
        net: Writer = load_causal(place, precision_dtype=dtype)
    else:
        net = load_transducer(place, seed=0)
    net.model.to(device=device, dtype=dtype)
    return net


def _downloaded(place: str, revision: str) -> str:
    """The place of one revision of a hub id; without one the place itself."""
    if not revision:
        return place
    with reading(place):
        folder = huggingface_hub.snapshot_download(
            place, revision=revision, allow_patterns=[f"*{ending}" for ending in sorted(KEPT)]
        )
    return str(folder)
