"""Study f of `synthesis.py`: the shipped recipes of tuned teachers, on three public data sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from synthesis_parts import (
    Part,
    Recipe,
    Row,
    Size,
    Written,
    read_rows,
    shuffled,
    write_rows,
    written,
)

from tutelage.gold.fingerprints import fold
from tutelage.recipe.validation import shipped

NOTES = (
    "The teacher is tuned on the gold rows; the other train rows' answers are hidden from all arms "
    "but `whole_gold`. Of arXiv 2310.01119 no more than the outline is known: nothing here repeats "
    "or claims one of its figures.",
)

GOLD_ROWS = 1_000
DEV_ROWS = 300
"""Of CommonGen's 993 dev rows at two-core size, all of which every student would answer."""


def of_recipe(name: str, dataset: str) -> Callable[[Path, Path, Size], Written]:
    """Writes the shipped recipe for another data set."""

    def write(data: Path, folder: Path, size: Size) -> Written:
        return written(folder, shipped_for(name, dataset, data, size), NOTES)

    return write


def shipped_for(name: str, dataset: str, data: Path, size: Size) -> Recipe:
    """A shipped recipe with the data set, the student's options and the seeds of a size."""
    os.environ["TUTELAGE_REAL_DATA"] = str(data)  # where `dataset` looks before the hub
    recipe: dict[str, Any] = YAML(typ="safe").load(shipped()[name].read_text(encoding="utf-8"))
    recipe["student"] |= size.student
    recipe["seeds"] = {"student": size.seeds, "purchase": size.purchases}
    return recipe | {"name": f"synthesis_{dataset}", "dataset": dataset}


def write_commongen(data: Path, folder: Path, size: Size) -> Written:
    """Targets for concepts. Half of the train rows are the study's; the sentences of the others,
    without their concepts, are what teachers learn to write from."""
    recipe = shipped_for("tuned_teacher_writing", "commongen", data, size)
    ours, others = halves(data / "commongen")
    recipe["gold"]["train"] = {"path": str(write_rows(folder / "train.jsonl", ours))}
    recipe["gold"]["fraction"] = GOLD_ROWS / len(ours)
    texts = folder / "sentences.txt"
    texts.write_text("\n".join(plain_sentences(data / "commongen", ours, others)), "utf-8")
    for teacher in recipe["teachers"].values():
        teacher["pretrain"]["path"] = str(texts)
    recipe["arms"]["annotate"]["synthesis"]["annotate"]["rows"] = size.rows
    for role, rows in (("dev", size.test and DEV_ROWS), ("test", size.test)):
        place = {"path": str(data / "commongen" / f"{role}.jsonl.gz")}
        recipe["gold"][role] = place | ({} if rows is None else {"rows": rows})
    more = (
        f"Gold is {GOLD_ROWS:,} of {len(ours):,} train rows. Before tuning, teachers saw the "
        f"sentences of {len(others):,} further rows, without their concepts; students did not."
    )
    return written(folder, recipe, (*NOTES, more))


def halves(commongen: Path) -> tuple[list[Row], list[Row]]:
    """The train rows of the study, and those whose sentences alone are read."""
    rows = shuffled(read_rows(commongen / "train_20k.jsonl.gz"))
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def plain_sentences(commongen: Path, ours: Sequence[Row], others: Sequence[Row]) -> list[str]:
    """The sentences of `others` that are none of our rows, dev or test."""

    def of(rows: Iterable[Row]) -> list[str]:
        return [" ".join(text.split()) for row in rows for text in row["references"]]

    held_out = [
        row for role in ("dev", "test") for row in read_rows(commongen / f"{role}.jsonl.gz")
    ]
    known = {fold(text) for text in of([*ours, *held_out])}
    return [text for text in of(others) if fold(text) not in known]


PARTS: Sequence[Part] = (
    Part(
        "f",
        "tuned_trec6",
        "A tuned teacher annotates TREC-6",
        Size("two_core", rows=0, test=None, seeds=3, student={}),
        Size("full", rows=0, test=None, seeds=10, student={"steps": 2_000, "batch_size": 32}),
        of_recipe("tuned_teacher", "trec6"),
    ),
    Part(
        "f",
        "tuned_sst2",
        "A tuned teacher annotates SST-2",
        Size("two_core", rows=0, test=None, seeds=3, student={}),
        Size("full", rows=0, test=None, seeds=10, student={"steps": 2_000, "batch_size": 32}),
        of_recipe("tuned_teacher", "sst2"),
    ),
    Part(
        "f",
        "tuned_commongen",
        "Tuned teachers write for CommonGen",
        Size("two_core", rows=4_000, test=500, seeds=3, student={}),
        Size("full", rows=10_000, test=None, seeds=5, student={"steps": 5_000, "batch_size": 64}),
        write_commongen,
    ),
)
