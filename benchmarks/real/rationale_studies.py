"""The three studies of `rationales.py` as recipes, written beside the data that they read.

Rows that cannot be used are left out and counted, labels and rationales are the recorded ones, and
nothing else is changed. The recipes use no part that a user could not use.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from ruamel.yaml import YAML

from tutelage.gold.fingerprints import text_key
from tutelage.gold.gold_rows import content_id
from tutelage.records import Example

Row = Mapping[str, Any]
Recipe = dict[str, Any]

FIELDS = ("premise", "hypothesis")
SEEN = (
    "MiniLM's own training mix lists SNLI and MultiNLI, so natural language inference is nothing "
    "unseen to this student: read the differences between arms, not the level."
)


@dataclass(frozen=True)
class Size:
    """How large a study is. None takes all rows."""

    name: str
    train: int | None
    dev: int | None
    test: int | None
    epochs: float
    seeds: int


TWO_CORE = Size("two_core", train=2_000, dev=400, test=2_000, epochs=2.5, seeds=3)
FULL: Mapping[str, Size] = {
    "a": Size("full", train=9_500, dev=2_000, test=None, epochs=5, seeds=5),
    "b": Size("full", train=None, dev=None, test=None, epochs=5, seeds=5),
    "c": Size("full", train=None, dev=None, test=None, epochs=20, seeds=5),
}


@dataclass(frozen=True)
class Written:
    """A study that is ready to run."""

    recipe: Path
    about: Mapping[str, Any]
    """Rows read, used and left out, and how good the teacher's labels are."""
    notes: tuple[str, ...]
    """What a reader of the table has to know."""


@dataclass(frozen=True)
class Study:
    """One study: what it is called and how it is written into a folder."""

    key: str
    name: str
    title: str
    write: Callable[[Path, Path, Size], Written] = field(repr=False)
    """Real data, folder and size to a recipe."""


# --- the three studies ----------------------------------------------------------------------------


def write_esnli(data: Path, folder: Path, size: Size) -> Written:
    """(a) e-SNLI: gold labels, and rationales that PaLM-540B wrote without knowing them."""
    source = data / "dsbs_esnli"
    rows = read_rows(source / "train_first10k.jsonl.gz")
    used, left_out = usable(rows, size.train, {"no rationale": lambda row: row["palm_rationale"]})
    train = write_rows(folder / "train.jsonl", (_train_row(row, row["label"]) for row in used))
    test = _first(read_rows(source / "test.jsonl.gz"), size.test)
    recipe = _recipe("esnli", "PaLM-540B's rationales beside gold labels on e-SNLI.", size)
    recipe["gold"] = {
        "train": str(train),
        "dev": _source(source / "valid.jsonl.gz", size.dev),
        "test": _source(source / "test.jsonl.gz", size.test),
    }
    recipe["teacher"] = _teacher(train, reply="palm_rationale", key=list(FIELDS))
    recipe["student"] |= {"max_source": 96, "max_target": 48}
    recipe["rivals"]["palm"] = _palm(folder, test, content_id_of)
    good = {"train": accuracy(used), "test": accuracy(test)}
    notes = (
        SEEN,
        f"PaLM's own labels are right for {good['train']:.3f} of the train rows and "
        f"{good['test']:.3f} of the scored test rows, so about three rationales in ten argue for "
        "another label than the gold one that the student learns.",
    )
    return _written(folder, recipe, rows, used, left_out, good, notes)


def write_anli(data: Path, folder: Path, size: Size) -> Written:
    """(b) ANLI R1: PaLM-540B's labels and rationales, dev and test with gold labels."""
    source = data / "dsbs_anli1"
    rows = read_rows(source / "train_recovered.jsonl.gz")
    needs = {
        "no label by PaLM": lambda row: row["palm_label"],
        "no rationale": lambda row: row["palm_rationale"],
    }
    used, left_out = usable(rows, size.train, needs)
    train = write_rows(folder / "train.jsonl", (_train_row(row, row["palm_label"]) for row in used))
    test = _first(read_rows(source / "test.jsonl.gz"), size.test)
    recipe = _recipe("anli", "PaLM-540B's labels and rationales on ANLI R1.", size)
    recipe["gold"] = {
        "train": str(train),
        "dev": _source(source / "valid.jsonl.gz", size.dev),
        "test": _source(source / "test.jsonl.gz", size.test),
        "columns": {"id": "uid"},
    }
    recipe["teacher"] = _teacher(train, reply="palm_rationale", key=list(FIELDS))
    recipe["student"] |= {"max_source": 256, "max_target": 128}
    recipe["rivals"]["palm"] = _palm(folder, test, lambda row: row["uid"])
    known = [row for row in used if row["label"] is not None]
    good = {"train": accuracy(known), "test": accuracy(test)}
    notes = (
        SEEN,
        f"All train labels are PaLM's. Gold is known for {len(known):,} of the train rows: PaLM is "
        f"right for {good['train']:.3f} of these, and for {good['test']:.3f} of the test rows.",
    )
    return _written(folder, recipe, rows, used, left_out, good, notes)


def write_emanli(data: Path, folder: Path, size: Size) -> Written:
    """(c) EMANLI: gold labels, and explanations that ChatGPT wrote knowing them."""
    source = data / "emanli_r1"
    path = source / "dev.jsonl.gz"
    rows = read_rows(path)
    used = _first(rows, size.train)
    # Without the explanations: an arm gets them from the teacher, or not at all.
    bare = ({name: row[name] for name in ("uid", *FIELDS, "label")} for row in used)
    recipe = _recipe("emanli", "ChatGPT's explanations of gold labels on ANLI R1 (EMANLI).", size)
    recipe["paper"] = "arXiv 2409.12599"
    recipe["gold"] = {
        "train": str(write_rows(folder / "train.jsonl", bare)),
        "test": _source(source / "test.jsonl.gz", size.test),
        "columns": {"id": "uid"},
        "carve": {"dev": 0.2, "test": 0, "by": "premise"},
    }
    recipe["teacher"] = _teacher(path, reply="rationale", prompt="prompt")
    student = {"max_source": 256, "max_target": 128, "rationale_rows": 32}
    recipe["student"] |= student | {"separator": "Explanation:"}
    for arm in ("split_loss", "multi_task"):
        recipe["arms"][arm]["dev_rationales"] = 32
    notes = (
        SEEN,
        "The train set of EMANLI is not to be had: its dev rows are train here, and a fifth of "
        "their premises is dev. ChatGPT was told the gold label, so its explanations agree with "
        "it; it was asked for no labels of its own and is no rival.",
    )
    return _written(folder, recipe, rows, used, Counter(), {}, notes)


STUDIES: Mapping[str, Study] = {
    study.key: study
    for study in (
        Study("a", "esnli", "e-SNLI, gold labels, rationales by PaLM-540B", write_esnli),
        Study("b", "anli", "ANLI R1, labels and rationales by PaLM-540B", write_anli),
        Study(
            "c", "emanli", "ANLI R1 (EMANLI), gold labels, explanations by ChatGPT", write_emanli
        ),
    )
}


def _recipe(name: str, about: str, size: Size) -> Recipe:
    """What the three studies have in common."""
    return {
        "name": f"rationales_{name}",
        "about": about,
        "task": "nli",
        "student": {
            "model": "minilm",
            "decoder_layers": 2,
            "epochs": size.epochs,
            "batch_size": 16,
            "learning_rate": 5e-5,
            "dropout": 0.0,
            "evaluations_per_epoch": 1,
            "rationale_rows": 0,
        },
        "arms": {
            "label_only": {},
            "split_loss": {
                "synthesis": "explain",
                "objective": {"split_loss": {"label": 0.25, "rationale": 0.75}},
            },
            "multi_task": {
                "synthesis": "explain",
                "objective": {"multi_task": {"alpha": 0.5}},
            },
        },
        "rivals": {"majority": None, "linear": None},
        "primary": "split_loss > label_only",
        "seeds": {"student": size.seeds},
    }


def _source(path: Path, rows: int | None) -> Recipe:
    return {"path": str(path)} | ({} if rows is None else {"rows": rows})


def _teacher(path: Path, **found_by: Any) -> Recipe:
    return {"kind": "recorded", "path": str(path), **found_by}


def _palm(folder: Path, test: Sequence[Row], name: Callable[[Row], str]) -> Recipe:
    """PaLM's own labels of the test rows as a rival; an answer that cannot be read is wrong."""
    rows = ({"id": name(row), "label": row["palm_label"] or ""} for row in test)
    path = write_rows(folder / "palm_test_labels.jsonl", rows)
    return {"kind": "predictions", "predictions": str(path)}


def _train_row(row: Row, label: str) -> Row:
    return {
        "uid": f"train-{row['index']}",
        **{name: row[name] for name in FIELDS},
        "label": label,
        "palm_rationale": row["palm_rationale"],
    }


def _written(
    folder: Path,
    recipe: Recipe,
    rows: Sequence[Row],
    used: Sequence[Row],
    left_out: Mapping[str, int],
    good: Mapping[str, float],
    notes: tuple[str, ...],
) -> Written:
    path = folder / "recipe.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(recipe, file)
    about = {
        "read": len(rows),
        "used": len(used),
        "left_out": dict(left_out),
        "teacher_accuracy": dict(good),
    }
    return Written(path, about, notes)


# --- rows -----------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[Row]:
    """All rows of a gzipped file of JSON lines."""
    return [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    """Write rows as JSON lines."""
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def usable(
    rows: Sequence[Row], most: int | None, needs: Mapping[str, Callable[[Row], Any]]
) -> tuple[list[Row], Counter[str]]:
    """The first `most` rows that have all they need and repeat no earlier row's texts.

    Returns:
        The rows, and how many were left out before the last of them, by reason.
    """
    used: list[Row] = []
    left_out: Counter[str] = Counter()
    seen: set[bytes] = set()
    for row in rows:
        if most is not None and len(used) == most:
            break
        texts = text_key({name: row[name] for name in FIELDS})
        reason = next((why for why, get in needs.items() if not get(row)), "")
        reason = reason or ("repeats the texts of another row" if texts in seen else "")
        seen.add(texts)
        if reason:
            left_out[reason] += 1
        else:
            used.append(row)
    return used, left_out


def content_id_of(row: Row) -> str:
    """The id that Tutelage gives to a row that brings none."""
    return content_id(Example("", {name: row[name] for name in FIELDS}, label=row["label"]))


def accuracy(rows: Sequence[Row]) -> float:
    """Share of rows whose label by PaLM is the gold one; an unreadable one is wrong."""
    right: list[bool] = [row["palm_label"] == row["label"] for row in rows]
    return sum(right) / max(len(right), 1)


def _first(rows: Sequence[Row], most: int | None) -> Sequence[Row]:
    return rows if most is None else rows[:most]
