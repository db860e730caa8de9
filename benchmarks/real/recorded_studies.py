"""Studies a, b and d of `synthesis.py`: rows that others bought, beside gold rows.

Every row file is shuffled once, so that the first N rows are N at random; `match: rows` then keeps
as many of each arm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from synthesis_parts import (
    CURATED,
    DOUBTED,
    SEEN,
    Part,
    Recipe,
    Row,
    Size,
    Written,
    encoder,
    frame,
    given,
    head,
    held_out,
    read_rows,
    renamed,
    same_texts,
    shuffled,
    write_rows,
    written,
)

PAIR = {"premise": "text1", "hypothesis": "text2"}
ENTAILED = {"0": "entailment", "1": "not_entailment"}
TONE = {"0": "negative", "1": "positive", "neg": "negative", "pos": "positive"}
RTE_TASK: Recipe = {"kind": "nli", "labels": ["entailment", "not_entailment"]}
TONE_TASK: Recipe = {"kind": "classification", "labels": ["negative", "positive"]}
S3 = "arXiv 2310.13671"

S3_ACCOUNT = (
    "S3 looked for errors in the whole gold train set ({pool}), so its rows have all these labels "
    "behind them, not none. Its seed rows were not published: these are the added rows alone, and "
    "no figure of the paper is repeated or claimed."
)


# --- a: S3's recorded rounds ----------------------------------------------------------------------


def write_rte_rounds(data: Path, folder: Path, size: Size) -> Written:
    """S3's RTE rounds and gold rows, all of equal size; reference: the rounds as published."""
    recipe, files = _rte(data, folder, size, "rte_rounds")
    recipe["match"] = {"rows": size.rows}
    recipe["arms"] = {
        "rounds": given(files["rounds"]),
        "rounds_curated": given(files["rounds"], CURATED),
        "rounds_doubted": given(files["rounds"], DOUBTED),
        "round_1": given(files["round_1"]),
        "round_1_curated": given(files["round_1"], CURATED),
        "gold_same_size": given(files["train"]),
    }
    recipe["primary"] = "rounds_curated > rounds"
    notes = (SEEN, S3_ACCOUNT.format(pool="2,490 rows"), _rte_dev(folder))
    return written(folder, recipe, notes, _behind(recipe["arms"], 2_490, size.rows))


def write_rte_beside_gold(data: Path, folder: Path, size: Size) -> Written:
    """What S3's RTE rounds add to the gold rows whose errors they were written from."""
    recipe, files = _rte(data, folder, size, "rte_beside_gold")
    recipe["arms"] = {
        "gold_only": {},
        "gold_and_rounds": given(files["rounds"], gold=True),
        "gold_and_rounds_curated": given(files["rounds"], CURATED, gold=True),
        "rounds_curated": given(files["rounds"], CURATED),
        **{f"gold_{n}": given(files["train"], rows=n) for n in _sizes(250, 500, 1_000, size=size)},
    }
    recipe["primary"] = "gold_and_rounds_curated > gold_only"
    notes = (SEEN, S3_ACCOUNT.format(pool="2,490 rows"), "Arms are not of equal size here.")
    gold = {f"gold_{n}": n for n in _sizes(250, 500, 1_000, size=size)}
    rounds = [name for name in recipe["arms"] if "rounds" in name]
    return written(folder, recipe, notes, gold | dict.fromkeys(rounds, 2_490))


def write_imdb_rounds(data: Path, folder: Path, size: Size) -> Written:
    """S3's IMDb rounds and gold reviews, all of equal size; reference: the rounds as published."""
    recipe, files = _imdb(data, folder, size, "imdb_rounds")
    recipe["match"] = {"rows": size.rows}
    recipe["arms"] = {
        "rounds": given(files["rounds"]),
        "rounds_curated": given(files["rounds"], CURATED),
        "rounds_doubted": given(files["rounds"], DOUBTED),
        "round_1": given(files["round_1"]),
        "round_1_curated": given(files["round_1"], CURATED),
        "gold_same_size": given(files["train"]),
    }
    recipe["primary"] = "rounds_curated > rounds"
    notes = (S3_ACCOUNT.format(pool="25,000 rows"),)
    return written(folder, recipe, notes, _behind(recipe["arms"], 25_000, size.rows))


def write_imdb_beside_gold(data: Path, folder: Path, size: Size) -> Written:
    """What as many rows of S3's IMDb rounds add to gold reviews, beside as many gold ones."""
    recipe, files = _imdb(data, folder, size, "imdb_beside_gold")
    recipe["match"] = {"rows": size.rows}
    recipe["arms"] = {
        "gold_only": {},
        "gold_and_rounds": given(files["rounds"], gold=True),
        "gold_and_rounds_curated": given(files["rounds"], CURATED, gold=True),
        "gold_twice": given(files["more"], gold=True),
    }
    recipe["primary"] = "gold_and_rounds_curated > gold_only"
    notes = (S3_ACCOUNT.format(pool="25,000 rows"),)
    both = {"gold_and_rounds": 25_000, "gold_and_rounds_curated": 25_000}
    return written(folder, recipe, notes, both | {"gold_twice": 2 * size.rows})


def _rte(data: Path, folder: Path, size: Size, name: str) -> tuple[Recipe, dict[str, Path]]:
    source = data / "s3_synthesis"
    rounds = [
        renamed(read_rows(source / f"RTE__synthetic_additional_{k}.jsonl.gz"), PAIR, ENTAILED)
        for k in (1, 2)
    ]
    gold = renamed(read_rows(source / "RTE__gold_train.jsonl.gz"), PAIR, ENTAILED)
    test = renamed(read_rows(source / "RTE__gold_test.jsonl.gz"), PAIR, ENTAILED)
    seen = [row["premise"] for row in (*rounds[0], *rounds[1], *test)]
    train, dev = held_out(gold, 200, by="premise", never=seen)
    files = _files(
        folder,
        train=shuffled(train),
        dev=dev,
        test=test[: size.test],
        round_1=shuffled(rounds[0]),
        rounds=shuffled([*rounds[0], *rounds[1]]),
    )
    recipe = frame(name, "S3's recorded RTE rounds beside gold rows.", size, paper=S3)
    recipe["task"] = RTE_TASK
    recipe["gold"] = _roles(files)
    return recipe, files


def _rte_dev(folder: Path) -> str:
    dev = (folder / "dev.jsonl").read_bytes().count(b"\n")
    return (
        f"Dev: {dev} gold train rows whose premises stand in no round and not in test, so that no "
        "arm has seen them; the other gold rows are train."
    )


def _imdb(data: Path, folder: Path, size: Size, name: str) -> tuple[Recipe, dict[str, Path]]:
    rounds = [
        renamed(
            read_rows(data / "s3_synthesis" / f"IMDb__synthetic_additional_{k}.jsonl.gz"),
            {"text": "text"},
            TONE,
        )
        for k in (1, 2)
    ]
    gold = _distinct(_reviews(data / "imdb" / "train_6000.jsonl.gz"))
    test = _reviews(data / "imdb" / "test_5000.jsonl.gz")
    repeated = {row["text"] for row in same_texts(gold, test, by="text")}
    usable = shuffled([row for row in gold if row["text"] not in repeated])
    train, dev = usable[:-DEV_REVIEWS], usable[-DEV_REVIEWS:]
    files = _files(
        folder,
        train=train,
        more=train[size.rows :],
        dev=dev,
        test=shuffled(test)[: size.test],
        round_1=shuffled(rounds[0]),
        rounds=shuffled([*rounds[0], *rounds[1]]),
    )
    recipe = frame(name, "S3's recorded IMDb rounds beside gold reviews.", size, paper=S3)
    recipe["task"] = TONE_TASK
    recipe["gold"] = _roles(files)
    recipe["gold"]["train"] = {"path": str(files["train"]), "rows": size.rows}
    return recipe, files


DEV_REVIEWS = 300


def _reviews(path: Path) -> list[Row]:
    return renamed(read_rows(path), {"text": "text"}, TONE)


def _behind(arms: Recipe, pool: int, same: int) -> dict[str, int]:
    """Gold rows behind S3's arms (its pool) and behind gold of the same size."""
    return {name: same if name == "gold_same_size" else pool for name in arms}


# --- b: SuperGen's sets ---------------------------------------------------------------------------


def write_supergen_rte(data: Path, folder: Path, size: Size) -> Written:
    """SuperGen's RTE rows as published, curated, by score, and gold of equal size."""
    made = read_rows(data / "supergen" / "RTE__synthetic_train.jsonl.gz")
    gold = renamed(read_rows(data / "s3_synthesis" / "RTE__gold_train.jsonl.gz"), PAIR, ENTAILED)
    test = renamed(read_rows(data / "supergen" / "RTE__gold_dev.jsonl.gz"), PAIR)
    seen = [row["premise"] for row in test]
    train, dev = held_out(gold, 290, by="premise", never=seen)
    recipe = _supergen(folder, size, "rte", made, PAIR, None, (train, dev, test))
    recipe["task"] = RTE_TASK
    return written(folder, recipe, (SEEN, SUPERGEN_ACCOUNT), {"gold_same_size": size.rows})


def write_supergen_sst2(data: Path, folder: Path, size: Size) -> Written:
    """SuperGen's SST-2 rows as published, curated, by score, and gold of equal size."""
    made = read_rows(data / "supergen" / "SST-2__synthetic_train.jsonl.gz")
    train, dev, test = (
        renamed(read_rows(data / "sst2" / f"{role}.jsonl.gz"), {"text": "text"})
        for role in ("train", "dev", "test")
    )
    known = {row["text"] for row in same_texts(train, [*dev, *test], by="text")}
    usable = [row for row in _distinct(train) if row["text"] not in known]
    recipe = _supergen(folder, size, "sst2", made, {"text": "text"}, TONE, (usable, dev, test))
    recipe["task"] = TONE_TASK
    return written(folder, recipe, (SUPERGEN_ACCOUNT,), {"gold_same_size": size.rows})


SUPERGEN_ACCOUNT = (
    "SuperGen's rows have no gold labels behind them; dev rows choose the student's penalty or "
    "checkpoint in every arm. The published 6,000 rows were already chosen by score out of some "
    "50,000; `likeliest` takes the highest scores among them once more. The paper's student, "
    "label smoothing and temporal ensembling are not used here."
)


def _supergen(
    folder: Path,
    size: Size,
    name: str,
    made: Sequence[Row],
    columns: Mapping[str, str],
    labels: Mapping[str, str] | None,
    gold: tuple[Sequence[Row], Sequence[Row], Sequence[Row]],
) -> Recipe:
    train, dev, test = gold
    mixed = shuffled(made)
    files = _files(
        folder,
        train=shuffled(train),
        dev=dev,
        test=test[: size.test],
        supergen=renamed(mixed, columns, labels),
        likeliest=renamed(_by_score(mixed), columns, labels),
    )
    about = f"SuperGen's published {name.upper()} rows with and without curation."
    recipe = frame(f"supergen_{name}", about, size, paper="arXiv 2202.04538")
    recipe["gold"] = _roles(files)
    recipe["match"] = {"rows": size.rows}
    recipe["arms"] = {
        "supergen": given(files["supergen"]),
        "supergen_curated": given(files["supergen"], CURATED),
        "supergen_doubted": given(files["supergen"], DOUBTED),
        "supergen_likeliest": given(files["likeliest"], CURATED),
        "gold_same_size": given(files["train"]),
    }
    recipe["primary"] = "supergen_curated > supergen"
    return recipe


def _by_score(rows: Sequence[Row]) -> list[Row]:
    """The likeliest first, labels in turn, so that a beginning has as many of each."""
    labels = sorted({str(row["label"]) for row in rows})
    best = [
        sorted((row for row in rows if str(row["label"]) == label), key=lambda row: -row["score"])
        for label in labels
    ]
    return [row for together in zip(*best, strict=False) for row in together]


# --- d: augmentations of The Parrot Dilemma -------------------------------------------------------


TASKS = {
    "empathy": "empathy-empathy_bin",
    "politeness": "hayati_politeness",
    "hyperbole": "hypo-l",
    "sentiment": "sentiment",
}
"""Name of a task here, and of its files."""
WRITERS = {"gpt4": "gpt-4", "llama2": "llama-2-70b"}


def write_augmented(data: Path, folder: Path, size: Size, *, task: str) -> Written:
    """Base rows with variations by GPT-4 or Llama-2, and with as many real rows."""
    recipe, files, note = _augmented(data, folder, size, task)
    recipe["arms"] = {
        "base_only": {},
        **{name: given(files[name], gold=True) for name in WRITERS},
        **{f"{name}_curated": given(files[name], CURATED, gold=True) for name in WRITERS},
        "real_rows": given(files["real"], gold=True),
    }
    recipe["primary"] = "gpt4 > base_only"
    base = (folder / "train.jsonl").read_bytes().count(b"\n")
    return written(folder, recipe, (note,), {"real_rows": base + size.rows})


def write_augmented_checks(
    data: Path, folder: Path, size: Size, *, task: str, writer: str
) -> Written:
    """Base rows with one model's variations; reference: the variations as published."""
    recipe, files, note = _augmented(data, folder, size, task)
    recipe["name"] += f"_{writer}"
    recipe["arms"] = {
        writer: given(files[writer], gold=True),
        f"{writer}_curated": given(files[writer], CURATED, gold=True),
        f"{writer}_doubted": given(files[writer], DOUBTED, gold=True),
    }
    recipe["primary"] = f"{writer}_doubted > {writer}"
    return written(folder, recipe, (note,))


def _augmented(
    data: Path, folder: Path, size: Size, task: str
) -> tuple[Recipe, dict[str, Path], str]:
    source = data / "parrot_dilemma"
    base, real, test = (
        renamed(_targets(source / f"{TASKS[task]}__{role}.jsonl.gz"), {"text": "text"})
        for role in ("base", "train", "test")
    )
    stays, dev = held_out(base, len(base) // 5, by="text")
    variations = {
        name: _variations(source / f"{TASKS[task]}__{recorded}_augmented.jsonl.gz", stays, dev)
        for name, recorded in WRITERS.items()
    }
    files = _files(
        folder,
        train=stays,
        dev=dev,
        test=shuffled(test)[: size.test],
        real=shuffled(real),
        **{
            name: renamed(shuffled(rows), {"text": "augmented_text"})
            for name, rows in variations.items()
        },
    )
    about = f"Variations of {task} rows by GPT-4 and Llama-2, beside real rows."
    recipe = frame(f"augmented_{task}", about, size, paper="arXiv 2304.13861")
    recipe["task"] = {"kind": "classification"}
    recipe["gold"] = _roles(files)
    recipe["match"] = {"rows": size.rows}
    told = ", ".join(f"{name} {len(rows):,}" for name, rows in variations.items())
    note = (
        f"{len(base)} base rows, {len(dev)} of them dev. Variations of dev rows are left out; left "
        f"are {told}. Each arm but base_only adds {size.rows:,} rows, or as many as the checks "
        "leave."
    )
    return recipe, files, note


def _variations(path: Path, stays: Sequence[Row], dev: Sequence[Row]) -> list[Row]:
    """Variations of rows that stay, without those that a model wrote for a dev row too."""
    rows = _targets(path)
    of_dev = {row["augmented_text"] for row in same_texts(rows, dev, by="text")}
    return [
        row for row in same_texts(rows, stays, by="text") if row["augmented_text"] not in of_dev
    ]


def _targets(path: Path) -> list[Row]:
    return [{**row, "label": row["target"]} for row in read_rows(path)]


# --- what all have in common ----------------------------------------------------------------------


def _files(folder: Path, **rows: Sequence[Row]) -> dict[str, Path]:
    return {name: write_rows(folder / f"{name}.jsonl", each) for name, each in rows.items()}


def _roles(files: Mapping[str, Path]) -> Recipe:
    return {role: str(files[role]) for role in ("train", "dev", "test")}


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """The first of rows with equal texts."""
    return list({row["text"]: row for row in reversed(rows)}.values())[::-1]


def _sizes(*wanted: int, size: Size) -> list[int]:
    return [n for n in wanted if n <= max(size.rows, 250)]


# --- sizes ----------------------------------------------------------------------------------------


def _two(rows: int, test: int | None = None, max_source: int = 128) -> Size:
    return Size("two_core", rows, test, seeds=5, student=head(max_source))


def _full(rows: int, steps: int, max_source: int = 128) -> Size:
    return Size("full", rows, None, seeds=5, student=encoder(steps, max_source))


RTE_TEXTS = 192
"""Pieces of a pair's text: the median premise has some 60, the longest more than 250."""

PARTS: Sequence[Part] = (
    Part(
        "a",
        "rte_rounds",
        "S3's RTE rounds, equal size",
        _two(840, max_source=RTE_TEXTS),
        _full(840, 270, RTE_TEXTS),
        write_rte_rounds,
    ),
    Part(
        "a",
        "rte_beside_gold",
        "S3's RTE rounds beside the gold rows they came from",
        _two(2_290, max_source=RTE_TEXTS),
        _full(2_290, 720, RTE_TEXTS),
        write_rte_beside_gold,
    ),
    Part(
        "a",
        "imdb_rounds",
        "S3's IMDb rounds, equal size",
        _two(1_000, 1_000),
        _full(2_800, 880, 256),
        write_imdb_rounds,
    ),
    Part(
        "a",
        "imdb_beside_gold",
        "S3's IMDb rounds beside gold reviews",
        _two(1_000, 1_000),
        _full(2_800, 880, 256),
        write_imdb_beside_gold,
    ),
    Part(
        "b",
        "supergen_rte",
        "SuperGen's RTE rows, equal size",
        _two(2_000, max_source=RTE_TEXTS),
        _full(2_000, 630, RTE_TEXTS),
        write_supergen_rte,
    ),
    Part(
        "b",
        "supergen_sst2",
        "SuperGen's SST-2 rows, equal size",
        _two(2_000),
        _full(2_000, 630),
        write_supergen_sst2,
    ),
    *(
        Part(
            "d",
            f"augmented_{task}",
            f"Variations by GPT-4 and Llama-2: {task}",
            _two(rows, test),
            _full(rows, steps),
            partial(write_augmented, task=task),
        )
        for task, rows, test, steps in (
            ("hyperbole", 1_500, None, 550),
            ("empathy", 930, None, 340),
            ("politeness", 150, None, 100),
            ("sentiment", 2_800, 4_000, 1_000),
        )
    ),
    *(
        Part(
            "d",
            f"augmented_sentiment_{writer}",
            f"What the checks do to {writer}'s variations: sentiment",
            _two(2_800, 4_000),
            _full(2_800, 1_000),
            partial(write_augmented_checks, task="sentiment", writer=writer),
        )
        for writer in WRITERS
    ),
)
