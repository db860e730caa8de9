"""A local teacher's model, loaded. Imported only when it is needed: this module needs torch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutelage.neural.causal import Causal
from tutelage.neural.continuation import Wanted, Written, score_endings, write
from tutelage.neural.devices import pick_device, pick_precision
from tutelage.neural.lessons import Writer
from tutelage.neural.scoring import softmax
from tutelage.neural.writers import load_writer
from tutelage.records import Reply, Request, Task
from tutelage.teacher.local_options import LocalOptions
from tutelage.teacher.replying import Replying, lead_in
from tutelage.teacher.weights_identity import Weights

USUAL_PROMPT = 512
"""Tokens of a prompt for which memory must suffice where the recipe sets no limit."""


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
    precision = pick_precision(options.precision, pick_device())
    net = load_writer(
        weights.place,
        family=options.family,
        precision=precision,
        revision=options.revision,
        adapter=adapter,
        batch_size=options.batch_size,
        length=(options.prompt_limit or USUAL_PROMPT) + options.max_tokens,
    )
    if options.chat == "never":
        net.tokenizer.chat_template = None
    served_by = f"{weights.name} on {net.device.type} in {precision}"
    told = {
        "model": options.model,
        "family": "causal" if isinstance(net, Causal) else "seq2seq",
        "parameters": net.parameters,
        "device": net.device.type,
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
        continues = isinstance(self.net, Causal)
        leads = [lead_in(prompt, continues=continues) for prompt in prompts]
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
