"""Tuned teachers: asked in process, saved, loaded, merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import torch

from tutelage.exceptions import UserError
from tutelage.neural.adapters import (
    Family,
    load_adapter,
    merge_adapter,
    save_adapter,
)
from tutelage.neural.categorisation import Categoriser, load_categoriser, probabilities
from tutelage.neural.causal import Causal, load_causal
from tutelage.neural.checkpoint import write_folder
from tutelage.neural.continuation import Wanted, Written, score_endings, write
from tutelage.neural.devices import pick_device, pick_precision
from tutelage.neural.families import Transducer, load_transducer
from tutelage.neural.lessons import Lesson, Writer, prompt_room, shorten
from tutelage.neural.quantisation import load_quantised
from tutelage.neural.scoring import softmax

Net = Categoriser | Causal | Transducer
NOTE, ADAPTER, MODEL, BASE = "tuned.json", "adapter", "model", "base"
"""What a finished tuning leaves: its facts; an adapter or a whole model; the base that was
pre-trained for the adapter, if one was."""
BATCH = 32


@dataclass(frozen=True, slots=True)
class Body:
    """All that it takes to load the network that a tuning began with."""

    family: Family
    model: str
    """Hub id, folder or `minilm`."""
    labels: tuple[str, ...]
    max_source: int
    max_target: int
    seed: int = 0
    """Of fresh weights."""
    decoder_layers: int | None = None
    dropout: float | None = None
    in_bf16: bool = False
    """Hold the weights in bf16, as beneath an adapter on a GPU."""
    quantise: str | None = None


def load_body(body: Body) -> Net:
    """The network on the device that there is.

    Raises:
        UserError: it cannot be loaded, or is not of the family.
    """
    net = _load(body)
    if body.quantise is None:
        net.model.to(device=pick_device(), dtype=torch.bfloat16 if body.in_bf16 else None)
    return net


def _load(body: Body) -> Net:
    if body.quantise is not None:
        model, tokenizer = load_quantised(body.model, family=body.family)
        kind = Causal if body.family == "causal" else Transducer
        return kind(model, tokenizer)
    if body.family == "encoder":
        return load_categoriser(
            body.model,
            body.labels,
            multi_label=False,
            seed=body.seed,
            max_source=body.max_source,
            dropout=body.dropout,
        )
    dtype = torch.bfloat16 if body.in_bf16 else torch.float32
    if body.family == "seq2seq":
        return load_transducer(
            body.model,
            seed=body.seed,
            decoder_layers=body.decoder_layers,
            dropout=body.dropout,
            precision_dtype=dtype,
        )
    return load_causal(body.model, precision_dtype=dtype, dropout=body.dropout)


@dataclass(frozen=True)
class Tuned:
    """A tuned teacher."""

    body: Body
    net: Net
    endings: Mapping[str, str]
    """Words that say each label, by its name; empty where it learned no labels."""
    precision: str
    folder: Path
    facts: Mapping[str, Any]
    """JSON: steps, looks at dev, parameters, seconds of tuning and of pre-training, rows."""
    adapted: Any = None
    """peft's view of the network; None where all of it was tuned."""

    @property
    def family(self) -> Family:
        return self.body.family

    @property
    def labels(self) -> tuple[str, ...]:
        return self.body.labels

    @property
    def parameters(self) -> int:
        return int(self.facts["parameters"])

    @property
    def trained_parameters(self) -> int:
        return int(self.facts["trained_parameters"])

    def probabilities(
        self, lessons: Sequence[Lesson], *, batch_size: int = BATCH
    ) -> npt.NDArray[np.float64]:
        """Probability of each label, [rows, labels]; rows sum to 1.

        An encoder's head gives them; of a model that writes they are the shares of
        p(words of the label and end | prompt) among the labels.

        Args:
            lessons: Prompts, or fields for encoders; endings and labels are not looked at.
            batch_size: Rows at a time.

        Raises:
            UserError: it learned no labels.
        """
        if not self.labels:
            raise UserError(
                "This teacher was tuned without labels.",
                "It knows no words to compare.",
                "Ask it to write, or tune it on rows with labels.",
            )
        if isinstance(self.net, Categoriser):
            rows = self.net.read([texts_of(row.fields) for row in lessons])
            logits = self.net.answer(rows, precision=self.precision, batch_size=batch_size)
            return probabilities(logits, multi_label=False)
        prompts = [self._shortened(self.net, row.prompt) for row in lessons]
        endings = [self.endings[name] for name in self.labels]
        if not prompts:
            return np.zeros((0, len(endings)))
        return softmax(
            score_endings(
                self.net, prompts, endings, batch_size=batch_size, precision=self.precision
            )
        )

    def write(self, wanted: Sequence[Wanted], *, batch_size: int = BATCH) -> list[Written]:
        """Continue prompts, cut as those were that it was tuned on; counter prompts too.

        Raises:
            UserError: an encoder cannot write.
        """
        if isinstance(self.net, Categoriser):
            raise UserError(
                "A tuned encoder cannot write.",
                "It has a head over labels and nothing else.",
                "Tune a teacher of the family seq2seq or causal.",
            )
        net = self.net
        given = [replace(one, prompt=self._shortened(net, one.prompt)) for one in wanted]
        for i, one in enumerate(given):
            if one.steering is not None:
                against = tuple(self._shortened(net, prompt) for prompt in one.steering.against)
                given[i] = replace(one, steering=replace(one.steering, against=against))
        return write(net, given, batch_size=batch_size, precision=self.precision)

    def _shortened(self, net: Writer, prompt: str) -> str:
        limit = prompt_room(net, self.body.max_source, self.body.max_target)
        return shorten(net, prompt, limit=limit)

    def merge(self, folder: Path) -> None:
        """Write what plain transformers loads, in fp32: the tuned model, with the adapter added to
        the weights of its base where there is one. On a base in 4 bits that is nearly, not exactly,
        what answers here."""
        if self.adapted is None:
            write_folder(folder, self.net.save)
            return
        net = _load(replace(self.body, model=_place(self.folder, self.body), quantise=None))
        net.model.float()
        adapted = load_adapter(
            net.model, net.tokenizer, self.folder / ADAPTER, base=self.body.model
        )
        net.model = merge_adapter(adapted)
        write_folder(folder, net.save)


def texts_of(fields: Sequence[str]) -> tuple[str, ...]:
    """One text, or two for a pair; further ones are joined to the second.

    Raises:
        UserError: there is none.
    """
    if not fields:
        raise UserError(
            "A row has no fields.",
            "An encoder reads the texts of a row, not a prompt.",
            "Give Lesson.fields.",
        )
    first, *others = fields
    return (first, " ".join(others)) if others else (first,)


# --- on disk --------------------------------------------------------------------------------------


def save_tuned(net: Net, adapted: Any, folder: Path) -> None:
    """Write the weights that were learned: of the adapter, or all."""
    if adapted is not None:
        save_adapter(adapted, net.tokenizer, folder / ADAPTER)
    else:
        write_folder(folder / MODEL, net.save)


def load_tuned(folder: Path, *, model: str = "") -> Tuned:
    """The teacher that a finished tuning left in `folder`.

    Args:
        folder: Of `tune`.
        model: Where the base of an adapter lies now; where it lay then if empty.

    Raises:
        UserError: there is none, or its base cannot be loaded or is another one now.
    """
    if not (folder / NOTE).is_file():
        raise UserError(
            f"{folder} holds no tuned teacher.",
            f"A finished tuning leaves a {NOTE}.",
            "Run the tuning again: it goes on from where it was broken off.",
        )
    note = orjson.loads((folder / NOTE).read_bytes())
    body = Body(**{**note["body"], "labels": tuple(note["body"]["labels"])})
    if model and body.model != BASE:
        body = replace(body, model=model)
    is_adapter = (folder / ADAPTER).is_dir()
    place = _place(folder, body) if is_adapter else str(folder / MODEL)
    net = load_body(replace(body, model=place))
    adapted = None
    if is_adapter:
        adapted = load_adapter(net.model, net.tokenizer, folder / ADAPTER, base=body.model)
    net.model.eval()
    precision = pick_precision(note["precision"], pick_device())
    return Tuned(body, net, note["endings"], precision, folder, note["facts"], adapted)


def _place(folder: Path, body: Body) -> str:
    """Where the base lies: with the adapter, if it was pre-trained for it."""
    return str(folder / BASE) if body.model == BASE else body.model
