"""A first recipe for a file of labelled rows: written so that it checks clean and can be read."""

from __future__ import annotations

import difflib
import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tutelage.exceptions import DataError, UserError
from tutelage.gold.columns import columns_of
from tutelage.gold.data_faults import DataFaults
from tutelage.gold.gold_rows import RowReader
from tutelage.gold.opening import SMALL
from tutelage.gold.sources import tables_of
from tutelage.gold.tasks import NLI_WORDS, make_task
from tutelage.plugins import nearest
from tutelage.recipe import GoldSpec, LabelSpec, SourceSpec, TaskSpec
from tutelage.records import TaskKind

FEW = 300
"""Labelled rows below which a linear student is written: an encoder would learn them by heart."""
COMMENTED = 40
"""Labels up to which each one gets a line for its guideline."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user says of the file."""

    file: Path
    label: str
    """Column of the label."""
    text: str = ""
    """Column of the text."""
    pair: tuple[str, str] | None = None
    """Columns of premise and hypothesis, instead of `text`."""
    unlabelled: Path | None = None
    """File of texts to label."""
    model: str = "gpt-4o-mini"
    endpoint: str = "openai"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the file holds."""

    rows: int
    kind: TaskKind
    labels: tuple[str, ...]
    counts: Counter[str]
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Column by field of the texts to label, where it is not called as in the labelled file."""

    @property
    def crossed(self) -> bool:
        """Whether it is small enough that each row is tested once instead of carving a test."""
        return self.rows < SMALL


def inspect(wish: Wish) -> Seen:
    """Look at the file.

    Raises:
        DataError: no such file, a missing column, rows that cannot be read; texts to label of
            which no column looks like the one that was named.
        UserError: fewer than 2 or more than 200 labels, or labels that cannot be told apart.
    """
    fields = ("premise", "hypothesis") if wish.pair else ("text",)
    _check_columns(wish)
    try:
        kind: TaskKind = "nli" if wish.pair else "classification"
        counts, rows = _count(wish, fields, multi=False)
    except DataError:
        if wish.pair:
            raise
        kind = "multi_label"
        counts, rows = _count(wish, fields, multi=True)
    labels = tuple(sorted(counts))
    if len(labels) > max(2, rows / 2):
        raise UserError(
            f"The column {wish.label!r} holds {len(labels)} different values in {rows} rows.",
            "Labels stand in many rows each; this looks like texts or ids.",
            "Name the column of the label with --label.",
        )
    if kind == "nli" and set(labels) <= set(NLI_WORDS):
        labels = tuple(NLI_WORDS)
    make_task(TaskSpec(kind=kind, fields=fields, labels=dict.fromkeys(labels, LabelSpec())))
    return Seen(rows, kind, labels, counts, _renamed(wish))


def _check_columns(wish: Wish) -> None:
    """Look for the columns in the first row."""
    for table in tables_of(SourceSpec(path=str(wish.file.resolve())), Path.cwd(), role="train"):
        row = next(table.read(DataFaults(table.name)), None)
        have = [name for name in row.cells if name] if row else []
        for _, column in _columns(wish):
            if have and column not in have:
                raise DataError(
                    f"{wish.file} has no column {column!r}.",
                    f"Its columns are: {', '.join(have)}.",
                    nearest(column, have),
                )


def _renamed(wish: Wish) -> dict[str, str]:
    """Columns of the texts to label that are not called as in the labelled file, by field."""
    if wish.unlabelled is None:
        return {}
    source = SourceSpec(path=str(wish.unlabelled.resolve()))
    tables = tables_of(source, Path.cwd(), role="unlabelled")
    row = next((row for t in tables for row in t.read(DataFaults(t.name))), None)
    have = [name for name in row.cells if name] if row else []
    wanted = dict(_texts(wish))
    taken = {wish.label, *(column for column in wanted.values() if column in have)}
    found: dict[str, str] = {}
    for name, column in wanted.items():
        if have and column not in have:
            found[name] = _likely(wish.unlabelled, name, column, have, taken)
            taken.add(found[name])
    return found


def _likely(file: Path, name: str, column: str, have: list[str], taken: Collection[str]) -> str:
    """The column that holds what the labelled file has in another: of that name in other letters,
    of the field's own, of one that is nearly the same, or the only one there is."""
    free = [c for c in have if c not in taken]
    same = [c for c in free if c.casefold() in (column.casefold(), name)]
    near = difflib.get_close_matches(column, free, n=1)
    others = [c for c in free if c.casefold() != "id"]
    likely: list[str] = [*same, *near, *(others if len(others) == 1 else [])]
    if likely:
        return likely[0]
    raise DataError(
        f"{file} has no column {column!r}.",
        f"Its columns are: {', '.join(have)}. Which one holds the texts is not clear.",
        f"Call it {column} there too; or leave --unlabelled out, and write into the recipe "
        f"gold.unlabelled: {{path: {file.name}, columns: {{{name}: COLUMN}}}}.",
    )


def _count(wish: Wish, fields: tuple[str, ...], *, multi: bool) -> tuple[Counter[str], int]:
    """Rows by label, and all rows; the whole file is read, so that every fault is told now."""
    columns = columns_of(
        GoldSpec(columns=dict(_columns(wish))), fields, "multi_label" if multi else "classification"
    )
    reader = RowReader(columns)
    table = tables_of(SourceSpec(path=str(wish.file.resolve())), Path.cwd(), role="train")
    counts: Counter[str] = Counter()
    rows = 0
    for row, faults in reader.raw(table, answers=True):
        rows += 1
        counts.update(reader.label_names(iter([(row, faults)]), multi=multi))
    return counts, rows


def _columns(wish: Wish) -> Iterator[tuple[str, str]]:
    yield from _texts(wish)
    yield "label", wish.label


def _texts(wish: Wish) -> Iterator[tuple[str, str]]:
    names = ("premise", "hypothesis") if wish.pair else ("text",)
    yield from zip(names, wish.pair or (wish.text,), strict=True)


# --- writing --------------------------------------------------------------------------------------


def draft_recipe(wish: Wish, seen: Seen, out: Path) -> str:
    """The text of a recipe that trains on the file and buys what fits it.

    Args:
        wish: What the user said.
        seen: From `inspect`.
        out: Where the recipe will stand; paths in it start at its folder.
    """
    return "\n".join(
        [
            f"# Written by `tutelage init` from {seen.rows:,} labelled rows. Next:",
            f"#   tutelage check {out.name}      what is wrong, and what the test can show",
            f"#   tutelage plan {out.name}       what it would buy, and for how much",
            f"#   tutelage run {out.name}        the run; --final opens the sealed test",
            f"name: {_said(wish.file.name.partition('.')[0] or 'study')}",
            "",
            *_task(seen),
            "",
            *_gold(wish, seen, out),
            "",
            *_teacher(wish),
            "",
            *_student(wish, seen),
            "",
            *_arms(wish, seen),
            "",
        ]
    )


def _task(seen: Seen) -> Iterator[str]:
    yield "task:"
    yield f"  kind: {seen.kind}"
    yield "  # What is to be decided, in a sentence or two for the teacher."
    yield '  instruction: ""'
    yield "  labels:            # rows of each in the file; say when a label applies"
    for name in seen.labels:
        count = f"  # {seen.counts[name]:,} rows"
        guide = '{guideline: ""}' if len(seen.labels) <= COMMENTED else "{}"
        yield f"    {_said(name)}: {guide}{count}"


def _gold(wish: Wish, seen: Seen, out: Path) -> Iterator[str]:
    yield "gold:"
    yield f"  train: {_said(_relative(wish.file, out))}"
    if wish.unlabelled is not None:
        path = _said(_relative(wish.unlabelled, out))
        own = f"{{path: {path}, columns: {_mapping(seen.renamed.items())}}}"
        yield f"  unlabelled: {own if seen.renamed else path}"
    yield f"  columns: {_mapping(_columns(wish))}"
    if seen.crossed:
        yield f"  # Below {SMALL:,} rows each row is tested once, in 5 folds, rather than a fifth"
        yield "  # of them: the figures are surer, and five times as many students are made."
        yield "  cross_fit: auto"
    else:
        yield "  # Carved from train: stratified by label, the same rows whatever their order."
    by = ", by: premise" if wish.pair else ""
    yield f"  carve: {{test: 0.2, dev: 0.1{by}}}"


def _mapping(columns: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{part}: {_said(column)}" for part, column in columns) + "}"


def _teacher(wish: Wish) -> Iterator[str]:
    yield "teacher:"
    yield f"  endpoint: {_said(wish.endpoint)}   # or vllm, ollama, azure, ..., or a base URL"
    yield f"  model: {_said(wish.model)}"
    if wish.endpoint == "openai":
        yield "  api_key: {env: OPENAI_API_KEY}   # where the key is; never the key itself"
    if wish.endpoint in ("openai", "azure"):
        yield "  budget: {usd: 5}                 # a hard cap of the whole study"
    else:
        yield "  budget: {requests: 20000}        # a hard cap; usd needs prices: {input, output}"


def _student(wish: Wish, seen: Seen) -> Iterator[str]:
    yield "student:"
    if wish.unlabelled is None and seen.kind != "multi_label":
        yield "  # Writes the label and, where the arm teaches it, the teacher's reasons after it."
        yield "  kind: seq2seq"
        yield "  model: google-t5/t5-small"
        yield "  epochs: 10" if seen.rows < 5 * SMALL else "  epochs: 5"
        yield "  batch_size: 32"
        yield "  learning_rate: 1.2e-3"
    elif seen.rows < FEW:
        yield f"  # Below {FEW} rows a linear student often is as good as an encoder; see `kind:"
        yield "  # classifier` once there are more, or many rows that the teacher labels."
        yield "  kind: linear"
    else:
        yield "  kind: classifier"
        yield "  model: minilm            # or a hub id such as answerdotai/ModernBERT-base"
        yield "  epochs: 5"


def _arms(wish: Wish, seen: Seen) -> Iterator[str]:
    yield "arms:"
    yield "  gold_only: {}              # what the teacher has to beat"
    if wish.unlabelled is not None:
        yield "  annotate:                  # the teacher labels texts that nobody labelled"
        yield "    synthesis: {annotate: {rows: 1000, shots: 8}}"
        primary = "annotate > gold_only"
    elif seen.kind != "multi_label":
        yield "  explain:                   # the teacher gives reasons for the gold labels"
        yield "    synthesis: explain"
        yield "    objective: {split_loss: {label: 0.25, rationale: 0.75}}"
        primary = "explain > gold_only"
    else:
        yield "  # With texts that nobody labelled, add gold.unlabelled and an arm"
        yield "  # `annotate: {synthesis: {annotate: {rows: 1000, shots: 8}}}`."
        primary = ""
    yield ""
    yield "rivals: [majority, linear, teacher_zero_shot, teacher_few_shot]"
    if primary:
        yield f"primary: {primary}   # the one comparison that counts, named beforehand"
    yield "seeds: {student: 3}"


def _said(text: str) -> str:
    """A text as YAML: plain where it is a word, else quoted."""
    plain = text.isascii() and text.replace("_", "a").isalnum() and text[:1].isalpha()
    reserved = text.casefold() in ("null", "true", "false", "nan", "inf")
    if plain and not reserved:
        return text
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _escaped(character: str) -> str:
    """A character as it may stand in a double-quoted YAML text."""
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _relative(file: Path, out: Path) -> str:
    """Path of `file` from the folder of the recipe."""
    try:
        return Path(os.path.relpath(file.resolve(), out.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()


def write_draft(wish: Wish, out: Path, *, force: bool = False) -> Seen:
    """Look at the file and write the recipe.

    Raises:
        UserError: `out` exists and `force` is off; or what `inspect` raises. Nothing is written
            then.
    """
    if out.exists() and not force:
        raise UserError(
            f"{out} exists already.",
            "It may hold your own changes.",
            "Name another with --out, or overwrite it with --force.",
        )
    seen = inspect(wish)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(draft_recipe(wish, seen, out), encoding="utf-8")
    return seen
