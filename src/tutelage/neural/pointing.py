"""Encoders that point at an answer: a start head and an end head over the pieces of a window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.nn import functional

from tutelage.neural.batching import by_length
from tutelage.neural.categorisation import last_linear
from tutelage.neural.collation import filled, pad_rows
from tutelage.neural.devices import computing, in_full_precision, own_randomness
from tutelage.neural.encoders import EncoderShape, fresh_encoder
from tutelage.neural.families import position_limit, set_dropout
from tutelage.neural.tokenization import load_tokenizer
from tutelage.neural.weights import OFFLINE_SAFE, locate, quiet, reading
from tutelage.neural.windows import Question, Target, Window, WindowSize, check_size, cut_windows

NONE = float("-inf")


@dataclass(frozen=True, slots=True)
class Pointing:
    """What a pointer makes of one window, in logits."""

    score: float
    """Of the best span: its start's logit plus its end's; -inf where there is no context."""
    start: int
    """First piece of the best span."""
    end: int
    """Last piece of the best span."""
    null: float
    """Of `no answer`: both logits of the null piece."""
    loss: float | None = None
    """Of the window's target, where it has one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How spans become an answer."""

    longest: int
    """Most pieces of an answer."""
    abstains: bool
    """Whether `no answer` may be said: only where the training rows hold such questions."""
    margin: float = 0.0
    """Say it where its score exceeds that of the best span by more than this."""


class SpanPointer:
    """An encoder with a start and an end head, and its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any, size: WindowSize) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.head = last_linear(model)
        most = position_limit(model.config) or size.limit
        self.size = WindowSize(min(size.limit, most), size.stride, size.question)
        check_size(self.size, tokenizer.num_special_tokens_to_add(pair=True))

    def cut(self, questions: Sequence[str], contexts: Sequence[str]) -> list[list[Window]]:
        """The windows of each question."""
        return cut_windows(self.tokenizer, questions, contexts, self.size)

    def logits(self, windows: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """Start and end logits, [windows, pieces] each; -inf at pieces that are neither context nor
        the null piece, so that padding and the question's words take no share."""
        device = self.model.device
        ids = [window.ids.tolist() for window in windows]
        given = {
            "input_ids": pad_rows(ids, self.tokenizer.pad_token_id or 0, device),
            "attention_mask": filled([len(row) for row in ids], device),
        }
        segments = [w.segments.tolist() for w in windows if w.segments is not None]
        if segments:
            given["token_type_ids"] = pad_rows(segments, 0, device)
        with in_full_precision(self.head):
            found = self.model(**given, return_dict=True)
        barred = ~_places(windows, found.start_logits.shape[1], device, null=True)
        start = found.start_logits.float().masked_fill(barred, NONE)
        end = found.end_logits.float().masked_fill(barred, NONE)
        return start, end

    def point(
        self, questions: Sequence[Question], *, longest: int, precision: str, batch_size: int = 32
    ) -> list[list[Pointing]]:
        """What each window of each question says, in batches of windows of like length.

        Args:
            questions: Cut into windows; losses are told where they have targets.
            longest: Most pieces of a span.
            precision: `bf16` or `fp32`.
            batch_size: Windows that are computed at once.
        """
        windows = [window for question in questions for window in question.windows]
        targets = [target for question in questions for target in question.targets]
        found: dict[int, Pointing] = {}
        self.model.eval()
        with torch.inference_mode(), computing(self.model.device, precision):
            for batch in by_length([len(window.ids) for window in windows], batch_size):
                part = [windows[i] for i in batch]
                start, end = self.logits(part)
                best = _best(part, start, end, longest)
                losses = _known_losses(start, end, [targets[i] for i in batch])
                for i, pointing, loss in zip(batch, best, losses, strict=True):
                    found[i] = replace(pointing, loss=loss)
        flat = (found[i] for i in range(len(windows)))
        return [[next(flat) for _ in question.windows] for question in questions]

    def save(self, folder: Path) -> None:
        """Write what plain transformers loads."""
        with quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


def choose(question: Question, pointings: Sequence[Pointing], choice: Choice) -> str | None:
    """The answer as it stands in the context; None where there is none."""
    at = best_place(question, pointings, choice)
    return None if at is None else question.context[slice(*at)]


def best_place(
    question: Question, pointings: Sequence[Pointing], choice: Choice
) -> tuple[int, int] | None:
    """Characters of a question's answer in its context; None where it has none.

    The best span over all windows wins, the first of equals. `No answer` stands against it with
    the least score that any window gives it: one window that holds the answer is enough.
    """
    at = max(range(len(pointings)), key=lambda i: pointings[i].score)
    best = pointings[at]
    none = min(pointing.null for pointing in pointings)
    if best.score == NONE or (choice.abstains and none - best.score > choice.margin):
        return None
    return question.windows[at].characters(best.start, best.end)


def span_losses(start: torch.Tensor, end: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """[windows]: the mean of both ends' cross-entropies.

    Args:
        start: Logits, [windows, pieces].
        end: The same of the other end.
        targets: [windows, 2], first and last piece of the answer.
    """
    first = functional.cross_entropy(start, targets[:, 0], reduction="none")
    last = functional.cross_entropy(end, targets[:, 1], reduction="none")
    return (first + last) / 2


def _known_losses(
    start: torch.Tensor, end: torch.Tensor, targets: Sequence[Target | None]
) -> list[float | None]:
    known = [i for i, target in enumerate(targets) if target is not None]
    found: dict[int, float] = {}
    if known:
        wanted = torch.tensor([targets[i] for i in known], device=start.device)
        losses = span_losses(start[known], end[known], wanted).tolist()
        found = dict(zip(known, losses, strict=True))
    return [found.get(i) for i in range(len(targets))]


def _places(
    windows: Sequence[Window], width: int, device: torch.device, *, null: bool
) -> torch.Tensor:
    """[windows, width], true where an answer may begin or end."""
    edges = torch.tensor([[w.first, w.last, w.null] for w in windows], device=device)
    position = torch.arange(width, device=device)
    inside = (position >= edges[:, :1]) & (position < edges[:, 1:2])
    return inside | (position == edges[:, 2:]) if null else inside


def _best(
    windows: Sequence[Window], start: torch.Tensor, end: torch.Tensor, longest: int
) -> list[Pointing]:
    """The span with the highest sum of both logits among those of at most `longest` pieces; of
    equals the shorter, then the earlier."""
    inside = _places(windows, start.shape[1], start.device, null=False)
    begin, close = (logits.masked_fill(~inside, NONE) for logits in (start, end))
    best = start.new_full((len(windows),), NONE)
    first, more = (torch.zeros_like(best, dtype=torch.long) for _ in range(2))
    for length in range(min(longest, start.shape[1])):
        score, at = (begin[:, : start.shape[1] - length] + close[:, length:]).max(dim=1)
        better = score > best
        best, first = torch.where(better, score, best), torch.where(better, at, first)
        more = torch.where(better, length, more)
    null = torch.tensor([[window.null] for window in windows], device=start.device)
    none = (start.gather(1, null) + end.gather(1, null))[:, 0]
    rows = (best.tolist(), first.tolist(), (first + more).tolist(), none.tolist())
    return [Pointing(*row) for row in zip(*rows, strict=True)]


def load_pointer(
    model: str, *, size: WindowSize, seed: int, dropout: float | None = None
) -> SpanPointer:
    """An encoder by hub id, folder or `minilm`, with its own start and end heads or fresh ones.

    Raises:
        UserError: the model cannot be loaded, or its windows leave no room for the context.
    """
    place = locate(model)
    with own_randomness(torch.device("cpu")), reading(place):
        torch.manual_seed(seed)
        net = transformers.AutoModelForQuestionAnswering.from_pretrained(
            place, dtype=torch.float32, use_safetensors=True, **OFFLINE_SAFE
        )
    set_dropout(net, dropout)
    return SpanPointer(net, load_tokenizer(model), size)


def fresh_pointer(
    shape: EncoderShape,
    texts: Iterable[str],
    *,
    size: WindowSize,
    seed: int,
    dropout: float | None = None,
) -> SpanPointer:
    """A BERT-like encoder with random weights and a tokenizer trained on `texts`."""
    net, tokenizer = fresh_encoder(
        transformers.BertForQuestionAnswering,
        shape,
        texts,
        positions=size.limit,
        seed=seed,
        dropout=dropout,
    )
    return SpanPointer(net, tokenizer, size)
