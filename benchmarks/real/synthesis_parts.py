"""What the studies of `synthesis.py` are made of: sizes, rows, students and a recipe's frame."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from rationale_studies import Recipe, Row, read_rows, write_rows
from ruamel.yaml import YAML

from tutelage.gold.fingerprints import fold
from tutelage.records import content_hash

__all__ = [
    "CURATED",
    "DOUBTED",
    "RAW",
    "SEEN",
    "Part",
    "Recipe",
    "Row",
    "Size",
    "Written",
    "frame",
    "given",
    "held_out",
    "read_rows",
    "renamed",
    "same_texts",
    "shuffled",
    "write_rows",
    "written",
]

RAW: Sequence[Any] = ()
"""Rows as they were published, with all their faults."""
CURATED: Sequence[Any] = ("format", "refusal", "duplicate", "near_duplicate", "contamination")
"""The default checks of writers' recipes, spelt out: no label is doubted."""
DOUBTED: Sequence[Any] = (*CURATED, "noise")
"""Also drops rows that confident learning takes for wrongly labelled."""

SEEN = (
    "MiniLM's own training mix lists SNLI and MultiNLI, so natural language inference is nothing "
    "unseen to this student: read the differences between arms, not the level."
)


@dataclass(frozen=True)
class Size:
    """How large a part of a study is. None takes all rows."""

    name: str
    rows: int
    """Rows of each arm that is held to equal size."""
    test: int | None
    seeds: int
    """Student seeds."""
    student: Mapping[str, Any]
    purchases: int = 1
    """Purchase seeds, where something is bought."""

    def limited(self, most: int | None) -> Size:
        """The same for a quick trial with at most so many rows."""
        if most is None:
            return self
        return replace(self, name=f"{self.name}_limit_{most}", rows=min(self.rows, most), test=most)


@dataclass(frozen=True)
class Written:
    """A part of a study that is ready to run."""

    recipe: Path
    notes: tuple[str, ...]
    """What a reader of the table has to know."""
    gold: Mapping[str, int] = field(default_factory=dict)
    """Gold rows behind an arm's own `rows`, which Tutelage cannot know of."""


@dataclass(frozen=True)
class Part:
    """One recipe of a study: what it is called and how it is written into a folder."""

    study: str
    name: str
    title: str
    two_core: Size | None
    """None for a part that is for `--full` alone."""
    full: Size
    write: Callable[[Path, Path, Size], Written] = field(repr=False)
    """Real data, folder and size to a recipe."""

    def size(self, *, full: bool) -> Size:
        """The size that was asked for; the full one where there is no other."""
        return self.full if full or self.two_core is None else self.two_core


# --- students and recipes -------------------------------------------------------------------------


def head(max_source: int = 128) -> dict[str, Any]:
    """Two-core student: a logistic regression over frozen MiniLM embeddings.

    Each seed draws its training rows with replacement: nothing else would vary.
    """
    return {
        "kind": "embedding_head",
        "model": "minilm",
        "max_source": max_source,
        "bootstrap": True,
    }


def encoder(steps: int, max_source: int = 128) -> dict[str, Any]:
    """Full-size student: MiniLM fine-tuned, every arm for as many steps."""
    return {
        "kind": "classifier",
        "model": "minilm",
        "steps": steps,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "max_source": max_source,
    }


def frame(name: str, about: str, size: Size, *, paper: str = "") -> Recipe:
    """What all recipes have in common."""
    recipe: Recipe = {"name": f"synthesis_{name}", "about": about}
    if paper:
        recipe["paper"] = paper
    return recipe | {
        "task": {},
        "gold": {},
        "student": dict(size.student),
        "checks": list(RAW),
        "arms": {},
        "rivals": {"majority": None, "linear": None},
        "seeds": {"student": size.seeds, "purchase": size.purchases},
    }


def given(
    path: Path, checks: Sequence[Any] = RAW, *, gold: bool = False, rows: int | None = None
) -> Recipe:
    """An arm that brings rows along."""
    source = {"path": str(path)} | ({} if rows is None else {"rows": rows})
    return {"rows": source, "gold": gold, "checks": list(checks)}


def written(
    folder: Path, recipe: Recipe, notes: Sequence[str], gold: Mapping[str, int] | None = None
) -> Written:
    """Write the recipe into the folder of its part."""
    path = folder / "recipe.yaml"
    plain = orjson.loads(orjson.dumps(recipe))  # no anchors for values that stand twice
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(plain, file)
    return Written(path, tuple(notes), dict(gold or {}))


# --- rows -----------------------------------------------------------------------------------------


def shuffled(rows: Sequence[Row], seed: int = 0) -> list[Row]:
    """The rows in an order that says nothing of how they were collected."""
    return random.Random(seed).sample(list(rows), len(rows))


def renamed(
    rows: Iterable[Row], columns: Mapping[str, str], labels: Mapping[str, str] | None = None
) -> list[Row]:
    """Rows with the columns of the recipe, and labels by name.

    >>> renamed([{"text1": "a", "label": 0}], {"premise": "text1"}, {"0": "entailment"})
    [{'premise': 'a', 'label': 'entailment'}]
    """
    found: list[Row] = []
    for row in rows:
        said = str(row["label"])
        label = said if labels is None else labels.get(said, said)
        found.append({new: row[old] for new, old in columns.items()} | {"label": label})
    return found


def held_out(
    rows: Sequence[Row], count: int, by: str, never: Iterable[str] = ()
) -> tuple[list[Row], list[Row]]:
    """Take about `count` rows out, groups of equal `by` together, chosen by what they say.

    Args:
        rows: All rows.
        count: Rows to take out: at least so many where there are enough.
        by: Field whose equal values stay on one side.
        never: Values of that field that stay in.

    Returns:
        Rows that stay, and rows that were taken out, both in their order.
    """
    kept_in = {fold(text) for text in never}
    out: set[str] = set()
    size = 0
    for row in sorted(rows, key=lambda row: content_hash("held_out1", fold(row[by]))):
        key = fold(row[by])
        if key in kept_in or (size >= count and key not in out):
            continue
        out.add(key)
        size += 1
    stays = [row for row in rows if fold(row[by]) not in out]
    return stays, [row for row in rows if fold(row[by]) in out]


def same_texts(rows: Iterable[Row], others: Iterable[Row], by: str) -> list[Row]:
    """Those of `rows` whose field `by` also stands in `others`."""
    known = {fold(row[by]) for row in others}
    return [row for row in rows if fold(row[by]) in known]
