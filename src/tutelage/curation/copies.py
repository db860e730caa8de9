"""The check `copies`: a teacher may not give gold rows back as new ones.

A teacher that was tuned on a hundred rows, or was shown them, can recite them. A draft is held
against each gold train and pool row in two ways: by the share of its word n-grams that stand in
that row, and by the cosine of static embeddings, which sees a changed word and another order. Texts
shorter than an n-gram are copies where all their words are the same.

Only what the teacher wrote is looked at. Rows whose texts are given (rationales of gold rows,
labels of unlabelled ones) pass, and so does the first text of a pair that was lent by another row.
A target that was written is a text like the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tutelage.contracts import Bench
from tutelage.curation.check_options import CopiesOptions
from tutelage.curation.shingling import shingle_hashes
from tutelage.curation.verdicts import dropped, passed, row_of
from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Task, Verdict

if TYPE_CHECKING:
    from tutelage.neural.static_embedding import StaticEmbedder

NAME = "copies"
TARGET = "\0target"
"""Key of the target among a row's texts: no field has this name."""
BLOCK = 2_048
"""Drafts that are compared with all gold rows at once."""
_OTHERS = ("train", "pool", "dev", "test", "unlabelled")
"""Roles of rows whose texts were given."""


@dataclass(frozen=True)
class CopiesCheck:
    """Drops rows that the teacher knows by heart."""

    task: Task
    options: CopiesOptions
    embedder: StaticEmbedder | None = None

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        memory = _Memory.of(bench.gold, self.task, self.options.ngram)
        written = {draft.number: self._written(row_of(draft), memory) for draft in drafts}
        why = {number: self._recited(texts, memory) for number, texts in written.items()}
        left = {number: texts for number, texts in written.items() if texts and not why[number]}
        if self.embedder is not None and bench.gold:
            why |= self._alike(left, bench.gold, self.embedder)
        return [
            dropped(draft, NAME, why[draft.number]) if why[draft.number] else passed(draft, NAME)
            for draft in drafts
        ]

    def _written(self, row: Example, memory: _Memory) -> dict[str, str]:
        """The texts that the teacher wrote, by field."""
        if row.origin.role in _OTHERS or row.id in memory.ids:
            return {}
        lendable = self.task.fields[:-1] if row.origin.source else ()
        texts = {
            name: row.fields[name]
            for name in self.task.fields
            if name in row.fields
            and not (name in lendable and _folded(row.fields[name]) in memory.texts[name])
        }
        return texts if row.target is None else {**texts, TARGET: row.target}

    def _recited(self, texts: Mapping[str, str], memory: _Memory) -> str:
        """Which gold row holds too large a share of the n-grams of `texts`; empty where none."""
        n = self.options.ngram
        grams = {gram for text in texts.values() for gram in shingle_hashes(text, n).tolist()}
        shared = Counter(place for gram in grams for place in memory.places.get(gram, ()))
        if not shared:
            return ""
        place, count = max(shared.items(), key=lambda item: (item[1], -item[0]))
        share = count / len(grams)
        if share < self.options.most:
            return ""
        return f"copies gold row {memory.names[place]}: {100 * share:.0f} % of its word {n}-grams"

    def _alike(
        self,
        written: Mapping[int, Mapping[str, str]],
        gold: Sequence[Example],
        embedder: StaticEmbedder,
    ) -> dict[int, str]:
        """Why drafts are too near to a gold row by their embedding, by draft number."""
        assert self.options.similarity is not None
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, texts in written.items():
            groups[tuple(texts)].append(number)
        why: dict[int, str] = {}
        for names, numbers in groups.items():
            known = embedder.embed([_joined(_texts(row, self.task), names) for row in gold])
            for start in range(0, len(numbers), BLOCK):
                block = numbers[start : start + BLOCK]
                new = embedder.embed([_joined(written[number], names) for number in block])
                likeness = new @ known.T
                nearest = np.argmax(likeness, axis=1)
                for at, (number, place) in enumerate(zip(block, nearest.tolist(), strict=True)):
                    cosine = float(likeness[at, place])
                    if cosine >= self.options.similarity:
                        said = f"embedding similarity {cosine:.2f}"
                        why[number] = f"copies gold row {gold[place].id}: {said}"
        return why


@dataclass(frozen=True)
class _Memory:
    """Gold rows by what a teacher can have learned by heart."""

    names: tuple[str, ...]
    """Ids of the rows, in their order."""
    ids: frozenset[str]
    places: Mapping[int, Sequence[int]]
    """Places of the rows that hold an n-gram, by its hash."""
    texts: Mapping[str, set[str]] = field(default_factory=dict)
    """All texts of each field, white space and case aside."""

    @classmethod
    def of(cls, gold: Sequence[Example], task: Task, n: int) -> _Memory:
        places: dict[int, list[int]] = defaultdict(list)
        for place, row in enumerate(gold):
            for gram in {g for text in _all(row, task) for g in shingle_hashes(text, n).tolist()}:
                places[gram].append(place)
        names = tuple(row.id for row in gold)
        texts = {name: {_folded(row.fields.get(name, "")) for row in gold} for name in task.fields}
        return cls(names, frozenset(names), places, texts)


def _all(row: Example, task: Task) -> Iterator[str]:
    """Every text of a gold row, all its references among them."""
    yield from _texts(row, task).values()
    yield from row.references


def _texts(row: Example, task: Task) -> dict[str, str]:
    texts = {name: row.fields.get(name, "") for name in task.fields}
    return texts if row.target is None else {**texts, TARGET: row.target}


def _joined(texts: Mapping[str, str], names: Sequence[str]) -> str:
    return "\n".join(texts.get(name, "") for name in names)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def build(options: CopiesOptions, *, task: Task) -> CopiesCheck:
    """The check `copies`.

    Raises:
        UserError: a share or similarity that is none, or a model that cannot be loaded.
    """
    for name in ("most", "similarity"):
        share = getattr(options, name)
        if share is not None and not (0 < share <= 1 or (name == "similarity" and share == 0)):
            raise UserError(
                f"{name}: {share} is not a share." if name == "most" else f"{name}: {share}.",
                "It says how much of a row may be that of a gold row.",
                "Write a number above 0 and up to 1; similarity 0 leaves embeddings out.",
            )
    if not options.similarity:
        return CopiesCheck(task, options)
    from tutelage.neural.static_embedding import load_static

    return CopiesCheck(task, options, load_static(options.model))
