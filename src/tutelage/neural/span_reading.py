"""What an encoder that points at answers brings to the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np
import torch

from tutelage.answer_matching import Match, match
from tutelage.neural.batching import Sizes
from tutelage.neural.pointing import Choice, SpanPointer, choose, span_losses
from tutelage.neural.windows import Question, Target, Window


@dataclass(frozen=True, slots=True)
class Portion:
    """A micro-batch of windows, each with its target and its share of its row's weight."""

    windows: list[Window]
    targets: list[Target]
    weights: list[float]
    total: float
    """Weight of all rows of the effective batch."""


@dataclass
class SpanReading:
    """The workload of a span reader.

    A row's loss is the mean, over its windows that hold the answer, of (CE(start) + CE(end)) / 2;
    the loss of a batch is the weighted mean over its rows.
    """

    net: SpanPointer
    questions: Sequence[Question]
    """Each with a window that holds its answer."""
    dev: Sequence[Question]
    choice: Choice
    micro_batch: int
    """Windows that are computed at once."""
    precision: str
    paces: Mapping[str, float] = field(default_factory=dict)
    model: torch.nn.Module = field(init=False)
    sizes: Sizes = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.net.model
        self.sizes = np.array(
            [[max(len(w.ids) for w in q.windows), 0, not q.references] for q in self.questions],
            dtype=np.int64,
        ).reshape(-1, 3)

    def split(self, rows: Sequence[int]) -> Sequence[Portion]:
        questions = [self.questions[i] for i in rows]
        total = sum(question.weight for question in questions)
        flat = [
            (window, target, question.weight / len(question.taught))
            for question in questions
            for window, target in question.taught
        ]
        parts = [flat[i : i + self.micro_batch] for i in range(0, len(flat), self.micro_batch)]
        return [
            Portion([w for w, _, _ in part], [t for _, t, _ in part], [x for *_, x in part], total)
            for part in parts
        ]

    def loss(self, micro: Portion) -> torch.Tensor:
        start, end = self.net.logits(micro.windows)
        targets = torch.tensor(micro.targets, device=start.device)
        weights = torch.tensor(micro.weights, device=start.device)
        return (span_losses(start, end, targets) * weights).sum() / micro.total

    def evaluate(self) -> Mapping[str, float]:
        """`f1` and `em` as SQuAD counts them, and `loss` over the rows that have a window with
        their answer."""
        if not self.dev:
            return {}
        pointings = self.net.point(self.dev, longest=self.choice.longest, precision=self.precision)
        matches: list[Match] = []
        losses: list[float] = []
        for question, found in zip(self.dev, pointings, strict=True):
            said = choose(question, found, self.choice)
            matches.append(match(said or "", question.references))
            known = [pointing.loss for pointing in found if pointing.loss is not None]
            losses += [fmean(known)] if known else []
        measures = {"f1": fmean(m.f1 for m in matches), "em": fmean(m.exact for m in matches)}
        return measures | ({"loss": fmean(losses)} if losses else {})
