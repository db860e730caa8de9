"""What an encoder with a classification head brings to the loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers

from tutelage.neural.batching import Sizes, by_length
from tutelage.neural.collation import filled, pad_rows
from tutelage.neural.devices import computing, in_full_precision, own_randomness
from tutelage.neural.encoders import EncoderShape, fresh_encoder
from tutelage.neural.ensembling import Ensemble, Ensembling
from tutelage.neural.families import position_limit, set_dropout
from tutelage.neural.objectives import class_loss, distillation_loss, labels_loss
from tutelage.neural.tokenization import load_tokenizer
from tutelage.neural.weights import OFFLINE_SAFE, first_layers, locate, quiet, reading


class Categoriser:
    """An encoder with a head over labels, and its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any, *, max_source: int) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.head = last_linear(model)
        self.limit = min(max_source, position_limit(model.config) or max_source)

    def read(self, texts: Sequence[tuple[str, ...]]) -> list[Mapping[str, list[int]]]:
        """Texts or pairs in ids, with segments where the model tells them apart; the longer text of
        a pair is cut first.

        Args:
            texts: One or two texts by row.
        """
        if not texts:
            return []
        columns = [list(column) for column in zip(*texts, strict=True)]
        found = self.tokenizer(*columns, truncation=True, max_length=self.limit, verbose=False)
        keys = [key for key in ("input_ids", "token_type_ids") if key in found]
        return [{key: found[key][i] for key in keys} for i in range(len(texts))]

    def untruncated(self, texts: Sequence[tuple[str, ...]]) -> list[int]:
        """Pieces of each text or pair without a limit."""
        columns = [list(column) for column in zip(*texts, strict=True)]
        return [len(ids) for ids in self.tokenizer(*columns, verbose=False)["input_ids"]]

    def logits(self, rows: Sequence[Mapping[str, list[int]]]) -> torch.Tensor:
        """[rows, labels]."""
        device = self.model.device
        given = {
            "input_ids": pad_rows(
                [row["input_ids"] for row in rows], self.tokenizer.pad_token_id or 0, device
            ),
            "attention_mask": filled([len(row["input_ids"]) for row in rows], device),
        }
        if "token_type_ids" in rows[0]:
            segments = [row["token_type_ids"] for row in rows]
            given["token_type_ids"] = pad_rows(segments, 0, device)
        with in_full_precision(self.head):
            logits: torch.Tensor = self.model(**given, return_dict=True).logits
        return logits

    def answer(
        self, rows: Sequence[Mapping[str, list[int]]], *, precision: str, batch_size: int = 64
    ) -> npt.NDArray[np.float64]:
        """Logits of any number of rows, [rows, labels], in batches of like length."""
        found = np.zeros((len(rows), self.model.config.num_labels))
        self.model.eval()
        with torch.inference_mode(), computing(self.model.device, precision):
            for batch in by_length([len(row["input_ids"]) for row in rows], batch_size):
                logits = self.logits([rows[i] for i in batch])
                found[batch] = logits.double().cpu().numpy()
        return found

    def save(self, folder: Path) -> None:
        """Write what plain transformers loads."""
        with quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


def last_linear(model: torch.nn.Module) -> torch.nn.Linear:
    """The layer that gives the logits: the last linear one of the network."""
    return [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]


def load_categoriser(
    model: str,
    labels: Sequence[str],
    *,
    multi_label: bool,
    seed: int,
    max_source: int,
    dropout: float | None = None,
    layers: int | None = None,
) -> Categoriser:
    """An encoder by hub id, folder or `minilm`, with its own head or a fresh one.

    Args:
        layers: Keep only the first so many layers of the encoder; all where None.

    Raises:
        UserError: the model cannot be loaded, or has not so many layers.
    """
    place = locate(model)
    depth = first_layers(place, layers)
    with own_randomness(torch.device("cpu")), reading(place):
        torch.manual_seed(seed)
        net = transformers.AutoModelForSequenceClassification.from_pretrained(
            place,
            dtype=torch.float32,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            **depth,
            **_head(labels, multi_label),
            **OFFLINE_SAFE,
        )
    set_dropout(net, dropout)
    return Categoriser(net, load_tokenizer(model), max_source=max_source)


def fresh_categoriser(
    shape: EncoderShape,
    texts: Iterable[str],
    labels: Sequence[str],
    *,
    multi_label: bool,
    seed: int,
    max_source: int,
    dropout: float | None = None,
) -> Categoriser:
    """A BERT-like encoder with random weights and a tokenizer trained on `texts`."""
    net, tokenizer = fresh_encoder(
        transformers.BertForSequenceClassification,
        shape,
        texts,
        positions=max_source,
        seed=seed,
        dropout=dropout,
        **_head(labels, multi_label),
    )
    return Categoriser(net, tokenizer, max_source=max_source)


def _head(labels: Sequence[str], multi_label: bool) -> dict[str, Any]:
    kind = "multi_label_classification" if multi_label else "single_label_classification"
    return {
        "id2label": dict(enumerate(labels)),
        "label2id": {label: i for i, label in enumerate(labels)},
        "problem_type": kind,
    }


# --- the workload ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cases:
    """Rows in ids with what is known of their labels."""

    rows: Sequence[Mapping[str, list[int]]]
    targets: npt.NDArray[np.float32]
    """[rows, labels], 1 where a label applies."""
    weights: npt.NDArray[np.float32]
    """[rows]."""
    teacher: npt.NDArray[np.float32] | None = None
    """[rows, labels], the teacher's probabilities; a row of zeros where there are none."""


@dataclass(frozen=True, slots=True)
class Portion:
    """A micro-batch of rows with the weight of its effective batch."""

    rows: Sequence[int]
    total: float


@dataclass
class Categorisation:
    """The workload of a classifier.

    With a share s of soft labels, the loss of a row that has them is
    (1 - s) * CE + s * T^2 * KL(teacher || student), and CE alone for the others. With `ensembling`
    only rows that its running mean agrees with count, and KL(mean || student) comes on top.
    """

    net: Categoriser
    cases: Cases
    dev: Cases
    multi_label: bool
    micro_batch: int
    precision: str
    label_smoothing: float = 0.0
    soft_labels: float = 0.0
    temperature: float = 1.0
    threshold: float = 0.5
    ensembling: Ensembling | None = None
    paces: Mapping[str, float] = field(default_factory=dict)
    model: torch.nn.Module = field(init=False)
    sizes: Sizes = field(init=False)
    ensemble: Ensemble | None = field(init=False, default=None)
    weights: npt.NDArray[np.float32] = field(init=False)
    """[rows], 0 for rows that do not teach at present."""

    def __post_init__(self) -> None:
        self.model = self.net.model
        lengths = [len(row["input_ids"]) for row in self.cases.rows]
        labels = self.cases.targets.argmax(axis=1) if lengths else []
        self.sizes = np.array(
            [[length, 0, label] for length, label in zip(lengths, labels, strict=True)],
            dtype=np.int64,
        ).reshape(-1, 3)
        self.weights = self.cases.weights
        if self.ensembling is not None:
            self.ensemble = Ensemble(self.ensembling, self.sizes[:, 2])

    def begin(self, step: int) -> None:
        """Let the student answer its training rows where it is time to."""
        if self.ensemble is None or not step or step % self.ensemble.settings.every:
            return
        logits = self.net.answer(self.cases.rows, precision=self.precision)
        self.ensemble.take(probabilities(logits, multi_label=False))
        self.weights = self.cases.weights * self.ensemble.teaching()

    def memory(self) -> Mapping[str, torch.Tensor]:
        return {} if self.ensemble is None else self.ensemble.memory()

    def recall(self, memory: Mapping[str, torch.Tensor]) -> None:
        if self.ensemble is not None:
            self.ensemble.recall(memory)
            self.weights = self.cases.weights * self.ensemble.teaching()

    def split(self, rows: Sequence[int]) -> Sequence[Portion]:
        total = float(self.weights[list(rows)].sum()) or 1.0  # no row teaches: a loss of zero
        return [
            Portion(rows[i : i + self.micro_batch], total)
            for i in range(0, len(rows), self.micro_batch)
        ]

    def loss(self, micro: Portion) -> torch.Tensor:
        logits = self.net.logits([self.cases.rows[i] for i in micro.rows])
        cases = replace(self.cases, weights=self.weights)
        loss = self._loss_of(logits, cases, micro.rows, micro.total)
        if self.ensemble is None or not self.ensemble.pull:
            return loss
        chosen, device = list(micro.rows), logits.device
        mean = torch.from_numpy(self.ensemble.shares[chosen]).to(device)
        weights = torch.from_numpy(self.weights[chosen]).to(device)
        return loss + self.ensemble.pull * distillation_loss(
            logits, mean, weights, temperature=1.0, total=micro.total
        )

    def _loss_of(
        self, logits: torch.Tensor, cases: Cases, rows: Sequence[int], total: float
    ) -> torch.Tensor:
        chosen, device = list(rows), logits.device
        targets = torch.from_numpy(cases.targets[chosen]).to(device)
        weights = torch.from_numpy(cases.weights[chosen]).to(device)
        if self.multi_label:
            return labels_loss(logits, targets, weights, total=total)
        smoothing = self.label_smoothing
        classes = targets.argmax(dim=1)
        if cases.teacher is None or not self.soft_labels:
            return class_loss(logits, classes, weights, total=total, label_smoothing=smoothing)
        teacher = torch.from_numpy(cases.teacher[chosen]).to(device)
        share = self.soft_labels * (teacher.sum(dim=1) > 0).float()
        hard = class_loss(
            logits, classes, weights * (1 - share), total=total, label_smoothing=smoothing
        )
        soft = distillation_loss(
            logits, teacher, weights * share, temperature=self.temperature, total=total
        )
        return hard + soft

    def evaluate(self) -> Mapping[str, float]:
        if not self.dev.rows:
            return {}
        logits = self.net.answer(self.dev.rows, precision=self.precision)
        everything = range(len(self.dev.rows))
        total = float(self.dev.weights.sum())
        loss = self._loss_of(torch.from_numpy(logits), self.dev, everything, total)
        said = decide(logits, multi_label=self.multi_label, threshold=self.threshold)
        right = (said == (self.dev.targets > 0)).all(axis=1)
        found = {"loss": float(loss), "accuracy": float(right.mean())}
        if self.ensemble is not None:
            found["share_teaching"] = float(self.ensemble.teaching().mean())
        return found


def decide(
    logits: npt.NDArray[np.float64], *, multi_label: bool, threshold: float = 0.5
) -> npt.NDArray[np.bool_]:
    """Which labels apply, [rows, labels]: the likeliest one, or all from `threshold` on."""
    if multi_label:
        return probabilities(logits, multi_label=True) >= threshold
    chosen = np.zeros(logits.shape, dtype=bool)
    chosen[np.arange(len(logits)), logits.argmax(axis=1)] = True
    return chosen


def probabilities(logits: npt.NDArray[np.float64], *, multi_label: bool) -> npt.NDArray[np.float64]:
    """Probability by label: of each on its own, or shares that sum to 1."""
    if multi_label:
        return 1 / (1 + np.exp(-logits))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return shares
