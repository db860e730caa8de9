"""Bought rows as a folder that the package `datasets` loads: parquet files and a card.

FOLDER/README.md             the card; its head says which file is which split
FOLDER/data/train.parquet    rows that were kept
FOLDER/data/dropped.parquet  rows that were not, where asked for
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import UserError
from tutelage.recipe.named_teachers import asked_teachers, label_of
from tutelage.records import Task
from tutelage.store.runs import write_whole
from tutelage.study.archive import PastRun
from tutelage.study.saved_rows import SavedRow, answer_column, flat_row

CATEGORIES = {
    "classification": "text-classification",
    "multi_label": "text-classification",
    "nli": "text-classification",
    "span_qa": "question-answering",
    "generation": "text-generation",
}
"""Kinds of tasks in the hub's words."""
COLUMNS = {
    "rationale": "The teacher's reasons or summary; empty where none was asked for.",
    "scores": "Soft label: probability by label, as JSON.",
    "arm": "Arm of the study that bought the row.",
    "turn": "Turn of the loop, from 0.",
    "order": "Order that the row answers; with arm, purchase seed and turn it names the purchase.",
    "decision": "`kept`, `mended` or `dropped`.",
    "check": "Check that decided.",
    "reason": "Why, or what was mended.",
    "source": "Id of the gold row that it annotates, explains or varies.",
    "requests": "Hashes of the requests whose replies made the row.",
    "reply": "The completion as it came.",
}


def write_dataset(folder: Path, rows: Sequence[SavedRow], run: PastRun, task: Task) -> int:
    """Write rows with rationale, origin and verdict; the card last.

    Args:
        folder: New, or written by an earlier call.
        rows: In the order in which they are to stand.
        run: Where they come from.
        task: Names the text fields.

    Returns:
        How many rows.

    Raises:
        UserError: the folder holds something else, or cannot be written.
    """
    _make_room(folder)
    splits = {"train": [row for row in rows if row.kept]}
    if dropped := [row for row in rows if not row.kept]:
        splits["dropped"] = dropped
    for split, members in splits.items():
        write_whole(folder / "data" / f"{split}.parquet", _parquet(members, task))
    card = "\n".join(_card(splits, run, task)) + "\n"
    write_whole(folder / "README.md", card.encode())
    return len(rows)


def _make_room(folder: Path) -> None:
    try:
        strangers = [] if not folder.exists() else [path.name for path in folder.iterdir()]
        if set(strangers) - {"README.md", "data"}:
            raise UserError(
                f"{folder} already holds {sorted(strangers)[0]}.",
                "A data set is a folder of its own.",
                "Name a new folder, or a file such as rows.parquet.",
            )
        (folder / "data").mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UserError(
            f"{folder} cannot be written: {e.strerror or e}.", do="Name another folder."
        ) from e


def _parquet(rows: Sequence[SavedRow], task: Task) -> bytes:
    """With the same column types for every split, whether or not a column has values."""
    import pyarrow
    import pyarrow.parquet

    kinds: dict[str, Any] = {
        "labels": pyarrow.list_(pyarrow.string()),
        "requests": pyarrow.list_(pyarrow.string()),
        "answers": pyarrow.struct(
            [
                ("text", pyarrow.list_(pyarrow.string())),
                ("answer_start", pyarrow.list_(pyarrow.int32())),
            ]
        ),
        **dict.fromkeys(("purchase_seed", "fold", "turn", "order"), pyarrow.int64()),
    }
    lines = [flat_row(row, task) for row in rows]
    for line in lines:
        line["scores"] = None if line["scores"] is None else orjson.dumps(line["scores"]).decode()
    names = list(lines[0]) if lines else ["id", *task.fields, answer_column(task), "rationale"]
    schema = pyarrow.schema(
        [
            (
                name,
                pyarrow.string()
                if name in task.fields
                else kinds.get(name.removeprefix("tutelage_"), pyarrow.string()),
            )
            for name in names
        ]
    )
    target = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(lines, schema=schema), target)
    return target.getvalue()


def _card(splits: dict[str, list[SavedRow]], run: PastRun, task: Task) -> Iterator[str]:
    recipe, rows = run.recipe, [row for members in splits.values() for row in members]
    yield "---"
    yield f"pretty_name: {orjson.dumps(f'{task.name}, bought by {recipe.name}').decode()}"
    yield f"task_categories: [{CATEGORIES[task.kind]}]"
    yield "tags: [synthetic, tutelage]"
    yield "configs:"
    yield "- config_name: default"
    yield "  data_files:"
    for split in splits:
        yield f"  - split: {split}"
        yield f"    path: data/{split}.parquet"
    yield "---"
    yield ""
    yield f"# {task.name}: rows bought by the study {recipe.name}"
    yield ""
    yield "Written or labelled by a language model, not by people. Which licence they may be used"
    yield "under depends on the terms of the teacher and of the gold rows that it was shown."
    yield ""
    if task.instruction:
        yield f"- task: {' '.join(task.instruction.split())}"
    if task.labels:
        yield f"- labels: {', '.join(task.label_names)}"
    for called, teacher in asked_teachers(recipe).items():
        name = teacher.options.get("model") or teacher.options.get("world") or ""
        yield f"- {label_of(called)}: {teacher.kind} {name}".rstrip()
    yield f"- recipe: {recipe.name} ({recipe.mode}), arms {', '.join({r.arm: 0 for r in rows})}"
    if not run.ended:
        yield "- unfinished: the study had not come to its end; rows may be missing"
    yield ""
    yield from _counts(rows)
    yield ""
    yield "| column | what |"
    yield "|---|---|"
    for name, what in COLUMNS.items():
        yield f"| `{name}` | {what} |"


def _counts(rows: Sequence[SavedRow]) -> Iterator[str]:
    """What became of the drafts, by arm and verdict."""
    found = Counter(
        (row.arm, row.verdict.decision, "" if row.kept else row.verdict.check) for row in rows
    )
    yield "| arm | verdict | by | rows |"
    yield "|---|---|---|---|"
    for (arm, decision, check), count in sorted(found.items()):
        yield f"| {arm} | {decision} | {check} | {count:,} |"
