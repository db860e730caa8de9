"""Study e of `synthesis.py`: extractive question answering, on the one set that is at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synthesis_parts import Part, Size, Written, frame, held_out, read_rows, shuffled, written
from synthesis_parts import write_rows as write

COLUMNS = ("id", "context", "question", "answer", "start", "end")
SIZES = (500, 1_000, 2_000)


def write_adqa(data: Path, folder: Path, size: Size) -> Written:
    """Gold questions alone, in three numbers, under as many steps."""
    rows = [
        {name: row[name] for name in COLUMNS}
        for row in read_rows(data / "s3_synthesis" / "AdQA__gold_test.jsonl.gz")
    ]
    rest, test = held_out(rows, 500, by="context")
    train, dev = held_out(rest, 500, by="context")
    mixed = shuffled(train)[: size.rows]
    files = {
        "train": write(folder / "train.jsonl", mixed),
        "dev": write(folder / "dev.jsonl", dev),
        "test": write(folder / "test.jsonl", test[: size.test]),
    }
    recipe = frame("adqa", "AdversarialQA's gold questions, in three numbers.", size)
    recipe["task"] = {"kind": "span_qa"}
    recipe["gold"] = {role: str(path) for role, path in files.items()}
    smaller = [n for n in SIZES if n < len(mixed)]
    recipe["arms"] = {
        "gold_only": {},
        **{
            f"gold_{n}": {"rows": {"path": str(files["train"]), "rows": n}, "gold": False}
            for n in smaller
        },
    }
    recipe["rivals"] = {"guess": None}
    recipe["gold"]["carve"] = {"by": "context"}
    recipe["primary"] = f"gold_only > gold_{smaller[-1]}" if smaller else ""
    notes = (
        f"Only AdQA's 3,000 dev questions are at hand, none of its 30,000 train ones and none that "
        f"S3 wrote: they are carved by context into {len(train):,} for training, {len(dev)} dev "
        f"and {len(test)} test. No figure of S3 is repeated or claimed.",
    )
    return written(folder, recipe, notes, {f"gold_{n}": n for n in smaller})


def reader(steps: int) -> Mapping[str, Any]:
    """The student: MiniLM that points at both ends of the answer."""
    return {
        "kind": "span_reader",
        "model": "minilm",
        "steps": steps,
        "batch_size": 16,
        "learning_rate": 1e-4,
        "max_source": 384,
        "stride": 128,
    }


SELDOM = {"dev_limit": 200, "evaluations_per_epoch": 1}
"""Looks at dev, which take as long as learning does."""
PARTS: Sequence[Part] = (
    Part(
        "e",
        "adqa",
        "AdversarialQA, gold questions alone",
        Size("two_core", rows=1_000, test=500, seeds=3, student={**reader(150), **SELDOM}),
        Size("full", rows=2_000, test=None, seeds=5, student=reader(1_250)),
        write_adqa,
    ),
)
