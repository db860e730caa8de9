"""The rows of a run, with where each came from and what was decided about it.

Of a run that was stopped, or is at work, these are the rows of all purchases, wave by wave, that it
has seen through and judged: what it paid for is not lost to whoever goes no further.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import UserError
from tutelage.harvesting import waves_of
from tutelage.plugins import nearest
from tutelage.records import Draft, Example, Material, Refusal, Span, Task, Verdict
from tutelage.steps import Unit
from tutelage.store.encoding import read_records, rows_fingerprint
from tutelage.store.runs import write_whole
from tutelage.study.archive import PastRun
from tutelage.study.run_purchases import purchases

FORMATS = (".jsonl", ".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class SavedRow:
    """One draft of a run, and what became of it."""

    arm: str
    purchase_seed: int
    fold: int
    turn: int
    draft: Draft
    verdict: Verdict

    @property
    def example(self) -> Example | None:
        """The row as it was trained on; as it was drafted where it was dropped; None for refusals
        and materials."""
        content = self.verdict.replacement or self.draft.content
        return content if isinstance(content, Example) else None

    @property
    def kept(self) -> bool:
        return self.verdict.decision != "dropped" and self.example is not None


def saved_rows(run: PastRun, arms: Sequence[str] = ()) -> Iterator[SavedRow]:
    """Every judged draft of a run in the order of arms, seeds, folds, turns and orders.

    Students of one arm that share their purchase share its rows: each stands here once.

    Args:
        run: A run; what it has not come to yet is missing (`shortfalls`).
        arms: These arms only; all where empty.

    Raises:
        UserError: the run has no such arm.
    """
    known = list(run.recipe.arms)
    for name in arms:
        if name not in known:
            raise UserError(f"The run {run.folder} has no arm {name!r}.", do=nearest(name, known))
    seen: set[tuple[str, str]] = set()
    for purchase in purchases(run, arms):
        unit = purchase.unit
        for turn, steps in enumerate(purchase.turns):
            for bought, curated in waves_of(steps):
                if bought and (unit.arm, curated) not in seen:
                    seen.add((unit.arm, curated))
                    yield from _judged(run, unit, turn, bought, curated)


def _judged(run: PastRun, unit: Unit, turn: int, bought: str, curated: str) -> Iterator[SavedRow]:
    """The drafts of one wave; none where it has not been judged, or is bought anew just now because
    orders failed: verdicts are about drafts as they were."""
    done = run.folder / curated / "done.json"
    if not done.exists():
        return
    drafts = read_records(run.folder / bought / "drafts.jsonl", Draft)
    rows = [draft for draft in drafts if not isinstance(draft.content, Material)]
    judged = rows_fingerprint(rows)
    if orjson.loads(done.read_bytes()).get("judged", judged) != judged:
        return
    verdicts = {
        verdict.draft: verdict
        for verdict in read_records(run.folder / curated / "verdicts.jsonl", Verdict)
    }
    for draft in drafts:
        material = Verdict(draft.number, "kept", "synthesis", "material for later orders")
        verdict = verdicts.get(draft.number, material)
        yield SavedRow(unit.arm, unit.purchase_seed, unit.fold, turn, draft, verdict)


# --- writing --------------------------------------------------------------------------------------


def write_rows(path: Path, rows: Iterable[SavedRow], task: Task) -> int:
    """Write rows as JSON lines, csv or parquet, by the file's ending; whole or not at all.

    Returns:
        How many.

    Raises:
        UserError: another ending, or the file cannot be written.
    """
    if path.suffix not in FORMATS:
        raise UserError(
            f"Rows are not written as {path.suffix or 'a file without an ending'}.",
            do=f"Name a file that ends in {', '.join(FORMATS)}.",
        )
    flat = [flat_row(row, task) for row in rows]
    write_whole(path, ENCODERS[path.suffix](flat))
    return len(flat)


def flat_row(row: SavedRow, task: Task) -> dict[str, Any]:
    """One row as columns: id, texts, answer, then where it comes from and what was decided."""
    example, content = row.example, row.draft.content
    origin = example.origin if example else None
    about: dict[str, Any] = {
        "arm": row.arm,
        "purchase_seed": row.purchase_seed,
        "fold": row.fold,
        "turn": row.turn,
        "order": row.draft.order,
        "decision": row.verdict.decision,
        "check": row.verdict.check,
        "reason": row.verdict.reason,
        "source": origin.source if origin else "",
        "requests": list(origin.requests) if origin else [],
        "reply": row.draft.raw,
    }
    told: dict[str, Any] = {"id": example.id if example else ""}
    told |= {name: example.fields.get(name) if example else None for name in task.fields}
    told[answer_column(task)] = _answer(example, task) if example else None
    told["rationale"] = example.rationale if example else None
    told["scores"] = dict(example.scores) if example and example.scores else None
    if isinstance(content, Material):
        about["reason"] = f"{content.kind}: {content.text}"
    elif isinstance(content, Refusal) and not about["reason"]:
        about["reason"] = content.reason
    # A task may have a text field of the same name: the text keeps it.
    return told | {(f"tutelage_{k}" if k in told else k): v for k, v in about.items()}


def answer_column(task: Task) -> str:
    """The column that holds what is right, named as gold data has it."""
    return {"multi_label": "labels", "span_qa": "answers", "generation": "target"}.get(
        task.kind, "label"
    )


def _answer(example: Example, task: Task) -> Any:
    if task.kind == "multi_label":
        return list(example.labels or ())
    if task.kind == "span_qa":
        return None if example.spans is None else _squad(example.spans)
    return example.target if task.kind == "generation" else example.label


def _squad(spans: Sequence[Span]) -> dict[str, Any]:
    """Answers as SQuAD has them, so that the file can be read as gold."""
    return {"text": [s.text for s in spans], "answer_start": [s.start for s in spans]}


def _jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """UTF-8; lists and scores as JSON."""
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def _parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    told = [
        {**row, "scores": None if row["scores"] is None else _cell(row["scores"])} for row in rows
    ]
    target = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(told), target)
    return target.getvalue()


ENCODERS = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
