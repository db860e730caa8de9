"""Questions with long contexts, cut into windows that an encoder can read.

A window is the question and a stretch of the context, `[CLS] question [SEP] context [SEP]`; only
the context is cut, and neighbouring windows share `stride` pieces of it (Devlin et al. 2019,
arXiv 1810.04805; in transformers: truncation `only_second` with overflow).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tutelage.exceptions import UserError

AT_ONCE = 256
"""Rows that are cut together: a tokenizer's own output takes some thirty times the room of
windows."""
Ints = npt.NDArray[np.int32]
Target = tuple[int, int]
"""First and last piece of an answer in its window."""


@dataclass(frozen=True, slots=True)
class WindowSize:
    """How long windows are, in pieces."""

    limit: int
    """A whole window, with the question and the special pieces."""
    stride: int
    """Pieces of the context that neighbouring windows share."""
    question: int
    """Most pieces of the question; what is longer is cut at its end."""


@dataclass(frozen=True, slots=True)
class Window:
    """A question with a stretch of its context."""

    ids: Ints
    """[pieces]."""
    segments: Ints | None
    """0 for the question, 1 for the context; None for models that do not tell them apart."""
    null: int
    """Piece that stands for `no answer`."""
    first: int
    """First piece of the context."""
    offsets: Ints
    """[pieces of the context, 2]: characters of each piece in the whole context."""

    @property
    def last(self) -> int:
        """The piece behind the last one of the context."""
        return self.first + len(self.offsets)

    def target(self, start: int, end: int) -> Target | None:
        """Pieces that hold the characters from `start` to `end`; None where the window does not
        hold all of them."""
        held = np.flatnonzero((self.offsets[:, 0] < end) & (self.offsets[:, 1] > start))
        if not held.size:
            return None
        first, last = int(held[0]), int(held[-1])
        whole = self.offsets[first, 0] <= start and self.offsets[last, 1] >= end
        return (self.first + first, self.first + last) if whole else None

    def characters(self, first: int, last: int) -> tuple[int, int]:
        """Characters of the context that the pieces `first` to `last` cover."""
        return int(self.offsets[first - self.first, 0]), int(self.offsets[last - self.first, 1])


@dataclass(frozen=True, slots=True)
class Question:
    """One row, cut into windows."""

    windows: Sequence[Window]
    targets: Sequence[Target | None]
    """Where the answer stands in each window: the null piece of all for a question that has none,
    None in windows that do not hold it."""
    context: str
    references: tuple[str, ...] = ()
    """Acceptable answers."""
    weight: float = 1.0

    @property
    def taught(self) -> list[tuple[Window, Target]]:
        """The windows of which a loss can be computed."""
        pairs = zip(self.windows, self.targets, strict=True)
        return [(window, target) for window, target in pairs if target is not None]


def check_size(size: WindowSize, special: int) -> None:
    """See to it that windows move on, whatever the question.

    Args:
        size: The wanted windows.
        special: Special pieces of a pair.

    Raises:
        UserError: the longest question would leave no room beside the stride.
    """
    room = size.limit - size.question - special
    if size.stride >= room:
        raise UserError(
            f"Windows of {size.limit} pieces cannot overlap by {size.stride}.",
            f"A question of {size.question} pieces leaves {room} for the context.",
            "Lower stride or max_question, or raise max_source as far as the model reads.",
        )


def cut_windows(
    tokenizer: Any, questions: Sequence[str], contexts: Sequence[str], size: WindowSize
) -> list[list[Window]]:
    """The windows of each question, from the beginning of its context to the end."""
    rows: list[list[Window]] = []
    for at in range(0, len(questions), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        rows += _cut(tokenizer, questions[part], contexts[part], size)
    return rows


def _cut(
    tokenizer: Any, questions: Sequence[str], contexts: Sequence[str], size: WindowSize
) -> list[list[Window]]:
    found = tokenizer(
        shortened(tokenizer, questions, size.question),
        list(contexts),
        truncation="only_second",
        max_length=size.limit,
        stride=size.stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        verbose=False,
    )
    rows: list[list[Window]] = [[] for _ in questions]
    for i, row in enumerate(found["overflow_to_sample_mapping"]):
        ids, segments = found["input_ids"][i], found.get("token_type_ids")
        places = [at for at, part in enumerate(found.sequence_ids(i)) if part == 1]
        offsets = [found["offset_mapping"][i][at] for at in places]
        rows[row].append(
            Window(
                np.array(ids, dtype=np.int32),
                None if segments is None else np.array(segments[i], dtype=np.int32),
                ids.index(tokenizer.cls_token_id) if tokenizer.cls_token_id in ids else 0,
                places[0] if places else len(ids),
                np.array(offsets, dtype=np.int32).reshape(-1, 2),
            )
        )
    return rows


def shortened(tokenizer: Any, questions: Sequence[str], limit: int) -> list[str]:
    """Questions cut to their first `limit` pieces."""
    found = tokenizer(
        list(questions), add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )
    return [
        question if len(places) <= limit else question[: places[limit - 1][1]]
        for question, places in zip(questions, found["offset_mapping"], strict=True)
    ]
