"""What a teacher is tuned on: prompts with their endings. The workload of both writing families.

The loss counts the pieces of the ending alone, the end of sequence among them: the prompt is given
at the time of asking too, and learning to write it would only take from what is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tutelage.exceptions import UserError
from tutelage.neural.batching import Sizes
from tutelage.neural.causal import Causal, join_ids
from tutelage.neural.collation import collate, filled, pad_rows
from tutelage.neural.continuation import score_endings
from tutelage.neural.families import Transducer, only_at, paces_of
from tutelage.neural.label_coverage import check_covered
from tutelage.neural.objectives import token_losses
from tutelage.neural.targets import Encoded
from tutelage.neural.tokenization import pieces

Writer = Causal | Transducer
"""A network that writes."""
SPECIAL = 2
"""Special tokens that a tokenizer puts around a text at most."""


def paces_for(net: Writer) -> Mapping[str, float]:
    """How many times faster which parts of a teacher that writes learn."""
    return {} if isinstance(net, Causal) else paces_of(net)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing to learn: what should follow a prompt, or which label a row has."""

    prompt: str
    """What is asked, as it will be asked later; encoders do not read it."""
    ending: str
    """What should be answered."""
    fields: tuple[str, ...] = ()
    """The row's texts, for encoders."""
    label: str | None = None
    """Name of the label that the ending says; None for other endings."""
    weight: float = 1.0


def check_lessons(lessons: Sequence[Lesson], labels: Sequence[str]) -> None:
    """Refuse gold from which a teacher cannot learn every label.

    Raises:
        UserError: fewer rows than labels, a label without a row, or a row with no known label.
    """
    if lessons and labels:
        check_known(lessons, labels)
    check_covered([row.label for row in lessons], labels)


def check_known(rows: Sequence[Lesson], labels: Sequence[str]) -> None:
    """Refuse rows that say no label of the task.

    Raises:
        UserError: tells how many there are, and one of them.
    """
    if unknown := [row for row in rows if row.label not in labels]:
        raise UserError(
            f"{len(unknown)} rows to tune on have no label of the task; one has "
            f"{unknown[0].label!r}.",
            "Each row must say which label is right.",
            f"Use one of {', '.join(labels)}, or leave the row out.",
        )


def endings_of(lessons: Sequence[Lesson], labels: Sequence[str]) -> dict[str, str]:
    """The words that say each label, as the lessons say them.

    Raises:
        UserError: a label that is said in two ways, or two labels in one.
    """
    said: dict[str, str] = {}
    for row in lessons:
        if row.label is None:
            continue
        if said.setdefault(row.label, row.ending) != row.ending:
            raise UserError(
                f"The label {row.label!r} is said {said[row.label]!r} and {row.ending!r}.",
                "Labels are compared by the probability of the words that say them.",
                "Say each label in one way, or tune without labels.",
            )
    if len(set(said.values())) < len(said):
        raise UserError(
            f"Two labels are said alike: {', '.join(map(repr, said.values()))}.",
            "One reply would stand for both.",
            "Give the labels different words in the task.",
        )
    return {name: said[name] for name in labels}


# --- ids ------------------------------------------------------------------------------------------


def shorten(net: Writer, prompt: str, *, limit: int) -> str:
    """The last `limit` pieces of a prompt: where it is too long its beginning is cut, since what
    is asked stands at the end.

    What is left may be split into other pieces, and into more, so it is cut until it fits: a word
    that lost its beginning, or a letter of several pieces, which is kept or lost whole."""
    while len(found := _offsets(net, prompt)) > limit:
        at: int = found[len(found) - limit][0]
        prompt = prompt[max(at, 1) :]
    return prompt


def _offsets(net: Writer, prompt: str) -> list[tuple[int, int]]:
    """Where each piece of a prompt stands in it."""
    found: list[tuple[int, int]] = net.tokenizer(
        prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )["offset_mapping"]
    return found


def prompt_room(net: Writer, max_source: int, max_target: int) -> int:
    """Pieces that a prompt may have: what is asked for, or what the network's positions leave.

    Raises:
        UserError: the positions do not even hold an ending.
    """
    if isinstance(net, Causal):
        limit = None if net.limit is None else net.limit - max_target - len(net.begin)
    else:
        limit = None if net.source_limit is None else net.source_limit - SPECIAL
    if limit is not None and limit < 1:
        raise UserError(
            f"max_target {max_target} leaves no room for a prompt.",
            "Prompt and ending share the positions of the network.",
            "Lower max_target, or use a network with more positions.",
        )
    return max_source if limit is None else min(max_source, limit)


def encode(
    net: Writer, prompts: Sequence[str], endings: Sequence[str], *, max_target: int
) -> list[Encoded]:
    """Prompts and endings in ids, the ending with its end of sequence. Of an ending that is too
    long only the beginning is learned, without an end."""
    if isinstance(net, Causal):
        joined = [join_ids(net, p, e) for p, e in zip(prompts, endings, strict=True)]
        pairs = [(ids[:at], ids[at:]) for ids, at in joined]
    else:
        targets = [[*net.lead, *ids, net.end] for ids in pieces(net.tokenizer, endings)]
        sources = pieces(net.tokenizer, prompts, special=True)
        pairs = list(zip(sources, targets, strict=True))
    return [Encoded(s, t[:max_target], 0, min(len(t), max_target)) for s, t in pairs]


def check_spelled(net: Writer, endings: Mapping[str, str], *, max_target: int) -> None:
    """Refuse labels that the network cannot tell apart, or not say to their end.

    Args:
        net: The network.
        endings: Words of each label.
        max_target: Pieces of an ending.

    Raises:
        UserError: names the labels.
    """
    spelled: dict[tuple[int, ...], str] = {}
    for name, words in endings.items():
        ids = tuple(pieces(net.tokenizer, [words])[0])
        if len(ids) >= max_target:
            raise UserError(
                f"The label {name!r} takes {len(ids) + 1} pieces, but max_target is {max_target}.",
                "A label that is cut is never said whole.",
                "Raise max_target, or give the label shorter words.",
            )
        if (other := spelled.setdefault(ids, name)) != name:
            raise UserError(
                f"The labels {other!r} and {name!r} are the same pieces to this model: "
                f"{list(ids)}.",
                "Its tokenizer does not know the letters in which they differ.",
                "Give them other words in the task (labels: {name: {words: ...}}).",
            )


# --- the loss -------------------------------------------------------------------------------------


def ending_losses(net: Writer, rows: Sequence[Encoded]) -> torch.Tensor:
    """-log p of each piece of the endings, given what stands before it: [pieces], row by row."""
    if isinstance(net, Transducer):
        micro = collate(rows, pad=net.pad, start=net.start, device=net.device)
        states = net.encode(micro.source, micro.mask)
        logits = net.logits_at(states, micro.mask, micro.inputs, micro.where)
        return token_losses(logits, micro.pieces)
    given = [[*row.source, *row.target][:-1] for row in rows]
    lengths = [len(ids) for ids in given]
    at = torch.arange(max(lengths), device=net.device)
    first = torch.tensor([len(row.source) - 1 for row in rows], device=net.device)
    past = torch.tensor(lengths, device=net.device)
    where = (at >= first[:, None]) & (at < past[:, None])
    wanted = torch.tensor([piece for row in rows for piece in row.target], device=net.device)
    with only_at(net.model.get_output_embeddings(), where):
        logits = net.model(
            input_ids=pad_rows(given, net.pad, net.device),
            attention_mask=filled(lengths, net.device),
            use_cache=False,
            return_dict=True,
        ).logits
    return token_losses(logits, wanted)


@dataclass(frozen=True, slots=True)
class Share:
    """A micro-batch with the weighted number of pieces of its effective batch."""

    rows: Sequence[Encoded]
    total: float


def shares(rows: Sequence[Encoded], *, micro_batch: int) -> list[Share]:
    """Micro-batches of like length. Their losses add up to that of the batch, however it is cut."""
    total = sum(row.weight * len(row.target) for row in rows)
    ordered = sorted(rows, key=lambda row: len(row.source) + len(row.target))
    return [Share(ordered[i : i + micro_batch], total) for i in range(0, len(ordered), micro_batch)]


def share_loss(net: Writer, share: Share) -> torch.Tensor:
    """sum_i w_i ce_i / sum_i w_i over the pieces i of all endings of the effective batch, the part
    of it that a micro-batch brings."""
    losses = ending_losses(net, share.rows)
    weights = [row.weight for row in share.rows for _ in row.target]
    return (losses * torch.tensor(weights, device=losses.device)).sum() / share.total


@dataclass(frozen=True)
class Examination:
    """Dev rows, and the labels among which one must be right, if it is about labels."""

    rows: Sequence[Encoded]
    prompts: Sequence[str] = ()
    right: Sequence[str] = ()
    """Label of each row."""
    endings: Mapping[str, str] = field(default_factory=dict)
    """Words of each label."""


@dataclass
class Endings:
    """The workload of a tuning on prompts and endings."""

    net: Writer
    rows: Sequence[Encoded]
    exam: Examination
    micro_batch: int
    precision: str
    groups: Sequence[int]
    """Number of each row's label: batches hold the labels in their shares of the epoch."""
    paces: Mapping[str, float] = field(init=False)
    model: Any = field(init=False)
    sizes: Sizes = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.net.model
        self.paces = paces_for(self.net)
        self.sizes = np.array(
            [
                [len(row.source), len(row.target), group]
                for row, group in zip(self.rows, self.groups, strict=True)
            ],
            dtype=np.int64,
        ).reshape(-1, 3)

    def split(self, rows: Sequence[int]) -> Sequence[Share]:
        return shares([self.rows[i] for i in rows], micro_batch=self.micro_batch)

    def loss(self, micro: Share) -> torch.Tensor:
        return share_loss(self.net, micro)

    def evaluate(self) -> Mapping[str, float]:
        if not self.exam.rows:
            return {}
        parts = shares(self.exam.rows, micro_batch=self.micro_batch)
        found = {"loss": sum(float(share_loss(self.net, part)) for part in parts)}
        if self.exam.endings:
            scores = score_labels(self)
            names = list(self.exam.endings)
            said = [names[i] for i in scores.argmax(axis=1)]
            right = [a == b for a, b in zip(said, self.exam.right, strict=True)]
            found["accuracy"] = sum(right) / len(right)
        return found


def score_labels(work: Endings) -> npt.NDArray[np.float64]:
    """log p(ending of the label and the end | prompt) on dev, [rows, labels]."""
    return score_endings(
        work.net,
        work.exam.prompts,
        list(work.exam.endings.values()),
        batch_size=work.micro_batch,
        precision=work.precision,
    )
