"""What a generator brings to the loop: texts for texts, their loss, and its look at dev."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import sacrebleu
import torch

from tutelage.neural.batching import Sizes, by_length
from tutelage.neural.decoding import GREEDY, Search, generation_config, write_on
from tutelage.neural.devices import computing
from tutelage.neural.families import Transducer
from tutelage.neural.halving import run_batches
from tutelage.neural.scoring import encode_rows
from tutelage.neural.targets import Encoded
from tutelage.neural.tokenization import cut, pieces
from tutelage.neural.transduction import Piecework, SequenceLoss


@dataclass(frozen=True)
class Rewriter:
    """A net that reads a text and writes another."""

    net: Transducer
    max_source: int
    max_target: int
    prefix: str = ""
    """Stands before every source."""
    search: Search = GREEDY
    precision: str = "fp32"
    batch_size: int = 32

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """Sources in ids, with their prefix, cut to max_source."""
        return [cut(ids, self.max_source) for ids in self._sources(texts)]

    def aim(self, texts: Sequence[str]) -> list[list[int]]:
        """Targets in ids, between the pieces that the net begins and ends with. Of one that is too
        long only the beginning is learned, without an end."""
        return [ids[: self.max_target] for ids in self._targets(texts)]

    def share_cut(self, sources: Sequence[str], targets: Sequence[str]) -> tuple[float, float]:
        """Share of the sources and of the targets that do not fit."""
        return (
            sum(len(ids) > self.max_source for ids in self._sources(sources)) / len(sources),
            sum(len(ids) > self.max_target for ids in self._targets(targets)) / len(targets),
        )

    def _sources(self, texts: Sequence[str]) -> list[list[int]]:
        return pieces(self.net.tokenizer, [self.prefix + text for text in texts], special=True)

    def _targets(self, texts: Sequence[str]) -> list[list[int]]:
        net = self.net
        return [[*net.lead, *ids, net.end] for ids in pieces(net.tokenizer, texts)]

    def encode(
        self, sources: Sequence[str], targets: Sequence[str], weights: Sequence[float]
    ) -> list[Encoded]:
        """Pairs of texts in ids; all of a target counts, its end too."""
        read, aimed = self.read(sources), self.aim(targets)
        return [
            Encoded(source, target, 0, len(target), weight)
            for source, target, weight in zip(read, aimed, weights, strict=True)
        ]

    def write(self, texts: Sequence[str], *, search: Search | None = None) -> list[str]:
        """What the net writes for each text, in order, without white space around it.

        Texts are answered in batches of like length, the longest first; a batch that the device's
        memory does not hold is halved.

        Args:
            texts: Without the prefix.
            search: Instead of its own.
        """
        sources, how = self.read(texts), search or self.search
        written = [""] * len(sources)

        def write_batch(batch: list[int], _: int) -> None:
            rows = self._write([sources[i] for i in batch], how)
            for i, row in zip(batch, rows, strict=True):
                said = self.net.tokenizer.decode(row, skip_special_tokens=True)
                written[i] = said.strip()

        order = chain.from_iterable(by_length([len(s) for s in sources], self.batch_size))
        self.net.model.eval()
        with torch.inference_mode(), computing(self.net.device, self.precision):
            run_batches(list(order), write_batch, batch_size=self.batch_size)
        return written

    def _write(self, sources: Sequence[list[int]], search: Search) -> list[list[int]]:
        net = self.net
        states, mask = encode_rows(net, sources)
        room = self.max_target - len(net.lead)
        return write_on(net, states, mask, prefix=net.lead, max_new=room, search=search)

    def save(self, folder: Path) -> None:
        """Write what plain transformers loads, and with which it writes the same texts."""
        lead = self.net.lead
        self.net.model.generation_config = generation_config(
            self.net,
            self.search,
            max_new=self.max_target,
            forced=lead[0] if lead else None,
        )
        self.net.save(folder)


@dataclass(frozen=True)
class Probe:
    """Dev rows, and which of them are written during training."""

    rows: Sequence[Encoded]
    sources: Sequence[str]
    """Of the rows that are written at each look, for chrF; none for no chrF."""
    references: Sequence[Sequence[str]]
    """Acceptable texts for each of them."""


@dataclass
class Rewriting:
    """The workload of a generator."""

    rewriter: Rewriter
    rows: Sequence[Encoded]
    training: SequenceLoss
    probe: Probe
    paces: Mapping[str, float] = field(default_factory=dict)
    model: torch.nn.Module = field(init=False)
    sizes: Sizes = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.rewriter.net.model
        lengths = [[len(row.source), len(row.target), 0] for row in self.rows]
        self.sizes = np.array(lengths, dtype=np.int64).reshape(-1, 3)

    @property
    def micro_batch(self) -> int:
        return self.training.micro_batch

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        self.training.micro_batch = rows

    def split(self, rows: Sequence[int]) -> Sequence[Piecework]:
        return self.training.split([self.rows[row] for row in rows])

    def loss(self, micro: Piecework) -> torch.Tensor:
        return self.training.loss(micro)

    def evaluate(self) -> Mapping[str, float]:
        """Loss, and chrF of what is written greedily: beams would take as many times longer, and
        rank checkpoints alike."""
        if not self.probe.rows:
            return {}
        measures = {"loss": self.training.whole(self.probe.rows)}
        if self.probe.sources:
            written = self.rewriter.write(self.probe.sources, search=GREEDY)
            measures["chrf"] = chrf(written, self.probe.references)
        return measures


def chrf(written: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus chrF (sacrebleu's defaults), 0 to 100, each text against the best of its references.

    >>> chrf(["it rains"], [["it snows", "it rains"]])
    100.0
    """
    streams = [list(stream) for stream in zip_longest(*references)]  # None where a row has fewer
    return float(sacrebleu.corpus_chrf(list(written), streams).score)
