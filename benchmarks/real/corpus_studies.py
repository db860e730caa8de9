"""Study c of `synthesis.py`: every way of asking, with a teacher that answers in real texts.

The corpus teacher stands for an LLM whose texts are real: for a bare label it gives typical texts,
for a row to vary the nearest texts of its label, and for a text its label; one answer in twenty is
of another label. It answers from train rows that no role holds. So the arms differ in what they ask
for and in nothing else, and no figure says how well an LLM writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from synthesis_parts import (
    Part,
    Recipe,
    Row,
    Size,
    Written,
    encoder,
    frame,
    head,
    read_rows,
    renamed,
    same_texts,
    shuffled,
    write_rows,
    written,
)

NOISE = 0.05
PRICES = {"input": 0.15, "output": 0.60}
"""US dollars per million tokens, of a small model in 2026: what the purchases would have cost."""
OUT_OF_SCOPE = "oos"


@dataclass(frozen=True)
class Source:
    """A data set: rows to train and answer with, and rows to test on."""

    train: Sequence[Row]
    test: Sequence[Row]
    dev: Sequence[Row] = ()
    """Rows that come as dev; drawn from train where there are none."""
    notes: tuple[str, ...] = ()


def read_sst2(data: Path) -> Source:
    """SST-2 as published."""
    train, test = (_texts(data / "sst2" / f"{role}.jsonl.gz") for role in ("train", "test"))
    return Source(train, test)


def read_trec6(data: Path) -> Source:
    """TREC-6 as published; train questions that stand in test are left out."""
    train, test = (_texts(data / "trec6" / f"{role}.jsonl.gz") for role in ("train", "test"))
    return Source(train, test)


def read_imdb(data: Path) -> Source:
    """6,000 train and 5,000 test reviews of the Large Movie Review Dataset."""
    names = {"neg": "negative", "pos": "positive"}
    train, test = (
        _texts(data / "imdb" / f"{name}.jsonl.gz", names) for name in ("train_6000", "test_5000")
    )
    return Source(train, test)


def read_clinc150(data: Path) -> Source:
    """CLINC150 with half of its out-of-scope test rows as a 151st label to learn."""
    folder = data / "clinc150"
    train, dev, test = (_texts(folder / f"{role}.jsonl.gz") for role in ("train", "val", "test"))
    outside = shuffled(_texts(folder / "oos_test.jsonl.gz"))
    learnt, left = outside[:500], outside[500:]
    note = (
        "Of the out-of-scope rows only the 1,000 of the test are at hand: 500 of them, at random, "
        "serve as train, 500 stay in test, and dev has none, so figures are not those of the "
        "published split."
    )
    return Source([*train, *learnt], [*test, *left], dev, (note,))


SOURCES = {"sst2": read_sst2, "trec6": read_trec6, "clinc150": read_clinc150, "imdb": read_imdb}


def write_corpus(
    data: Path, folder: Path, size: Size, *, name: str, gold: int, embedding: str
) -> Written:
    """All arms on one data set; each buys `size.rows` rows, some have the gold rows besides."""
    source = SOURCES[name](data)
    held = [*source.test, *source.dev]
    known = {row["text"] for row in same_texts(source.train, held, by="text")}
    usable = shuffled(list({r["text"]: r for r in source.train if r["text"] not in known}.values()))
    few, rest = _stratified(usable, gold)
    dev = shuffled(source.dev)[:gold] if source.dev else rest[:gold]
    corpus = rest if source.dev else rest[gold:]
    files = {
        "train": write_rows(folder / "train.jsonl", few),
        "dev": write_rows(folder / "dev.jsonl", dev),
        "test": write_rows(folder / "test.jsonl", shuffled(source.test)[: size.test]),
        "unlabelled": write_rows(folder / "texts.jsonl", [{"text": r["text"]} for r in corpus]),
    }
    recipe = frame(f"corpus_{name}", f"Ways of asking a corpus of {name} texts.", size)
    recipe["task"] = {"kind": "classification", "labels": sorted({r["label"] for r in usable})}
    recipe["gold"] = {role: str(path) for role, path in files.items()} | {"pool": "train"}
    recipe["teacher"] = {
        "kind": "corpus",
        "path": str(write_rows(folder / "corpus.jsonl", corpus)),
        "embedding": embedding,
        "noise": NOISE,
        "prices": PRICES,
        "budget": {"usd": 100},
    }
    recipe["checks"] = ["format", "duplicate", "contamination"]
    recipe["arms"] = arms(size.rows)
    recipe["primary"] = "s3_and_gold > zerogen_and_gold"
    notes = (
        f"The corpus has {len(corpus):,} train texts, nearness by {embedding}, bias 0.9, "
        f"{NOISE:.0%} wrong labels in all that it writes or annotates. S3's error pool is the "
        f"{len(few)} gold train rows. Prices are those of a small LLM, counted, not paid. Arms "
        "whose orders follow from a student buy for each student seed, and are charged for all.",
        *source.notes,
    )
    return written(folder, recipe, notes)


def arms(rows: int) -> Recipe:
    """Every method with as many bought rows; S3 buys half of them first."""
    round_rows = rows // 4
    seed = rows - 2 * round_rows
    writing = {"balance": "gold"}
    s3 = {"extrapolate": {"seed": "plain", "seed_rows": seed, "rows": round_rows, **writing}}
    zerogen = {"zerogen": {"rows": rows, **writing}}
    at_random = {"random_rows": {"rows": "errors"}}
    annotate = {"annotate": {"rows": rows}}
    uncertain = {"annotate": {"rows": round_rows, "choose": "uncertainty"}}
    return {
        "gold_only": {},
        "zerogen": {"synthesis": zerogen, "gold": False},
        "zerogen_and_gold": {"synthesis": zerogen},
        "goldgen_and_gold": {"synthesis": {"goldgen": {"rows": rows, **writing}}},
        "s3": _rounds(s3, "errors", 3, gold=False),
        "s3_and_gold": _rounds(s3, "errors", 3, gold="last"),
        "random_and_gold": _rounds(s3, at_random, 3, gold="last"),
        "annotate_and_gold": {"synthesis": annotate},
        "uncertain_and_gold": _rounds(
            uncertain, {"uncertainty": {"rows": round_rows}}, 4, gold=True
        ),
    }


def _rounds(synthesis: Mapping[str, Any], critic: Any, turns: int, *, gold: Any) -> Recipe:
    return {"synthesis": synthesis, "critic": critic, "turns": turns, "gold": gold}


def _texts(path: Path, labels: Mapping[str, str] | None = None) -> list[Row]:
    return renamed(read_rows(path), {"text": "text"}, labels)


def _stratified(rows: Sequence[Row], count: int) -> tuple[list[Row], list[Row]]:
    """`count` rows with each label at least once and in its share, and the others."""
    by_label: dict[str, list[Row]] = {}
    for row in rows:
        by_label.setdefault(row["label"], []).append(row)
    ranked = sorted(
        (place / len(group), label, row)
        for label, group in by_label.items()
        for place, row in enumerate(group)
    )
    chosen = [row for _, _, row in ranked[:count]]
    texts = {row["text"] for row in chosen}
    return chosen, [row for row in rows if row["text"] not in texts]


def _part(name: str, gold: int, embedding: str, two_core: Size, full: Size, title: str) -> Part:
    write = partial(write_corpus, name=name, gold=gold, embedding=embedding)
    return Part("c", f"corpus_{name}", f"Corpus teacher: {title}", two_core, full, write)


def _two(
    rows: int, test: int | None, max_source: int = 64, *, seeds: int = 3, **student: Any
) -> Size:
    """With one student seed for each purchase where many rows or labels take long."""
    return Size("two_core", rows, test, seeds, head(max_source) | student, purchases=3)


def _full(rows: int, steps: int, max_source: int = 64) -> Size:
    return Size("full", rows, None, 2, encoder(steps, max_source), purchases=3)


PARTS: Sequence[Part] = (
    _part("trec6", 100, "minilm", _two(600, None), _full(600, 220), "TREC-6"),
    _part("sst2", 100, "minilm", _two(600, None, seeds=2), _full(600, 220), "SST-2"),
    _part(
        "clinc150",
        600,
        "minilm",
        _two(3_000, 2_000, seeds=1, c=10.0),
        _full(3_000, 1_100),
        "CLINC150 and out of scope",
    ),
    _part("imdb", 100, "tfidf", _two(600, 1_000, 128, seeds=2), _full(600, 220, 256), "IMDb"),
)
