"""What a seq2seq student brings to the loop: its sequences, its loss, and its look at dev."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sacrebleu
import torch

from tutelage.neural.answering import Answer, Answerer
from tutelage.neural.batching import Sizes
from tutelage.neural.collation import Micro, collate
from tutelage.neural.families import Transducer
from tutelage.neural.objectives import Totals, parts_loss, token_losses
from tutelage.neural.targets import Encoded, Layout, Objective

Row = Sequence[Encoded]
"""The sequences of one example: two for multi_task, else one."""


def label_pieces(row: Row) -> tuple[int, ...]:
    """The ids of the label that an example's sequences teach."""
    taught = next((s for s in row if s.label_to), row[0])
    return tuple(taught.target[taught.label_from : taught.label_to])


@dataclass(frozen=True, slots=True)
class Piecework:
    """A micro-batch with the totals of the effective batch that it belongs to."""

    micro: Micro
    totals: Totals


class SequenceLoss:
    """The loss of an objective over sequences: in training and, the same, on dev."""

    def __init__(
        self,
        net: Transducer,
        objective: Objective,
        *,
        micro_batch: int,
        label_smoothing: float = 0.0,
        padded_to: int | None = None,
    ) -> None:
        """Prepare the loss.

        Args:
            net: What is trained.
            objective: Weighs the parts of a target; one that all counts alike is `label_only` with
                the whole target for its label span.
            micro_batch: Sequences that are computed at once.
            label_smoothing: Share of each target that is spread evenly over the vocabulary.
            padded_to: Length to which targets are padded with ids that count (as published).
        """
        self.net = net
        self.objective = objective
        self.micro_batch = micro_batch
        self.label_smoothing = label_smoothing
        self.padded_to = padded_to

    def totals(self, sequences: Sequence[Encoded]) -> Totals:
        """Weighted tokens of each part."""
        label = rationale = 0.0
        for row in sequences:
            length = self.padded_to or len(row.target)
            inside = min(row.label_to, length) - row.label_from
            label += row.weight * inside
            rationale += row.weight * (length - inside)
        return Totals(label, rationale)

    def split(self, sequences: Sequence[Encoded]) -> list[Piecework]:
        """Micro-batches of sequences of like length, with the totals of all of them."""
        totals = self.totals(sequences)
        ordered = sorted(sequences, key=lambda s: (len(s.target), len(s.source)))
        return [
            Piecework(self.collate(ordered[i : i + self.micro_batch]), totals)
            for i in range(0, len(ordered), self.micro_batch)
        ]

    def whole(self, sequences: Sequence[Encoded]) -> float:
        """The loss of all sequences as one batch."""
        return sum(float(self.loss(piece)) for piece in self.split(sequences))

    def collate(self, sequences: Sequence[Encoded]) -> Micro:
        return collate(
            sequences,
            pad=self.net.pad,
            start=self.net.start,
            device=self.net.device,
            padded_to=self.padded_to,
        )

    def loss(self, work: Piecework) -> torch.Tensor:
        """The share of the effective batch's loss that a micro-batch brings."""
        micro = work.micro
        states = self.net.encode(micro.source, micro.mask)
        logits = self.net.logits_at(states, micro.mask, micro.inputs, micro.where)
        losses = token_losses(logits, micro.pieces, label_smoothing=self.label_smoothing)
        return parts_loss(
            losses,
            micro.in_label,
            micro.weights,
            label=self.objective.label,
            rationale=self.objective.rationale,
            totals=work.totals,
        )


@dataclass(frozen=True)
class Examination:
    """Dev rows, and what is measured on them during training."""

    rows: Sequence[Row]
    texts: Sequence[str]
    labels: Sequence[str]
    rationales: Sequence[str | None]
    rationale_rows: int
    """Rows for which a rationale is written at each evaluation, for BLEU; 0 for none."""
    unsplit: bool = False
    """Measure the loss as published: all positions in one mean, padding included."""
    drop_unreadable: bool = False
    """Leave answers that cannot be read out of the accuracy (as published)."""


@dataclass
class Transduction:
    """The workload of a seq2seq student."""

    answerer: Answerer
    rows: Sequence[Row]
    training: SequenceLoss
    exam: Examination
    paces: Mapping[str, float] = field(default_factory=dict)
    model: torch.nn.Module = field(init=False)
    sizes: Sizes = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.answerer.net.model
        numbers: dict[tuple[int, ...], int] = {}
        self.sizes = np.array(
            [
                [
                    max(len(s.source) for s in row),
                    max(len(s.target) for s in row),
                    numbers.setdefault(label_pieces(row), len(numbers)),
                ]
                for row in self.rows
            ]
        ).reshape(-1, 3)

    @property
    def micro_batch(self) -> int:
        return self.training.micro_batch

    @micro_batch.setter
    def micro_batch(self, rows: int) -> None:
        self.training.micro_batch = rows

    def split(self, rows: Sequence[int]) -> Sequence[Piecework]:
        sequences = [s for row in rows for s in self.rows[row]]
        if self.training.objective.name != "multi_task":
            return self.training.split(sequences)
        # Two passes, as in the authors' code: labels padded to rationales would be mostly padding.
        totals = self.training.totals(sequences)
        parts = [[s for s in sequences if s.label_to], [s for s in sequences if not s.label_to]]
        return [
            replace(piece, totals=totals)
            for part in parts
            if part
            for piece in self.training.split(part)
        ]

    def loss(self, micro: Piecework) -> torch.Tensor:
        return self.training.loss(micro)

    def evaluate(self) -> Mapping[str, float]:
        if not self.exam.rows:
            return {}
        answers = self.answerer.answer(self.exam.texts)
        measures = {"loss": self._dev_loss(), "accuracy": self._accuracy(answers)}
        if (bleu := self._rationale_bleu(answers)) is not None:
            measures["rationale_bleu"] = bleu
        return measures

    def _dev_loss(self) -> float:
        sequences = [s for row in self.exam.rows for s in row]
        measure = self.training
        if self.exam.unsplit:
            limit = self.answerer.layout.max_target
            sequences = [replace(s, label_from=0, label_to=limit) for s in sequences]
            measure = SequenceLoss(
                self.answerer.net,
                Objective("label_only", padded=True),
                micro_batch=self.training.micro_batch,
                padded_to=limit,
            )
        return measure.whole(sequences)

    def _accuracy(self, answers: Sequence[Answer]) -> float:
        right = sum(a.label == g for a, g in zip(answers, self.exam.labels, strict=True))
        counted = len(answers)
        if self.exam.drop_unreadable:
            counted = sum(a.label is not None for a in answers)
        return right / counted if counted else 0.0

    def _rationale_bleu(self, answers: Sequence[Answer]) -> float | None:
        """Corpus BLEU (sacrebleu's defaults), 0 to 100, over the first rows that have one."""
        known = [i for i, r in enumerate(self.exam.rationales) if r is not None]
        known = known[: self.exam.rationale_rows]
        if self.answerer.layout.objective.name == "label_only" or not known:
            return None
        if self.answerer.writes_rationales:
            said = [answers[i] for i in known]
        else:
            said = self.answerer.answer([self.exam.texts[i] for i in known], rationale=True)
        references = [[self.exam.rationales[i] or "" for i in known]]
        return float(sacrebleu.corpus_bleu([a.rationale or "" for a in said], references).score)


def encode_examples(
    texts: Sequence[str],
    labels: Sequence[str],
    rationales: Sequence[list[int] | None],
    weights: Sequence[float],
    *,
    layout: Layout,
    read: Callable[..., list[list[int]]],
    prefixes: Sequence[str] = ("",),
) -> list[Row]:
    """Sources and targets of rows in ids.

    Args:
        texts: Sources without prefix.
        labels: Names of labels.
        rationales: Pieces of each rationale, None where a row has none.
        weights: Weights of rows.
        layout: How targets are laid out.
        read: `Answerer.read`.
        prefixes: Prefix of each sequence of a row; two for multi_task.
    """
    sources = [read(texts, prefix=prefix) for prefix in prefixes]
    return [
        [
            replace(target, source=sources[k][i], weight=weights[i])
            for k, target in enumerate(layout.targets(labels[i], rationales[i]))
        ]
        for i in range(len(texts))
    ]
