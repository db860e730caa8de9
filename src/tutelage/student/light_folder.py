"""A light student on disk: student.json, weights.npz and a model card. Nothing is unpickled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from tutelage.exceptions import UserError
from tutelage.records import Label, Task
from tutelage.student.logistic import Head

FORMAT = 1


def save_student(
    folder: Path,
    *,
    kind: str,
    task: Task,
    facts: Mapping[str, Any],
    content: Mapping[str, Any],
    arrays: Mapping[str, Any],
) -> None:
    """Write all that `read_student` needs, and a card for people. student.json comes last: where it
    stands, the student is whole.

    Args:
        kind: Name of the learner.
        task: What was learned.
        facts: Training facts for the card.
        content: Plain data of the student's own.
        arrays: NumPy arrays by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "weights.npz", **arrays)
    (folder / "README.md").write_text(_card(kind, task, facts), encoding="utf-8")
    described = {
        "format": FORMAT,
        "kind": kind,
        "task": {
            "name": task.name,
            "kind": task.kind,
            "fields": task.fields,
            "labels": [[label.name, label.words, label.guideline] for label in task.labels],
            "instruction": task.instruction,
            "metric": task.metric,
        },
        "facts": facts,
        **content,
    }
    (folder / "student.json").write_bytes(orjson.dumps(described, option=orjson.OPT_INDENT_2))


def head_saver(
    kind: str, task: Task, content: Mapping[str, Any], **arrays: Any
) -> Callable[[Path, Head, Mapping[str, Any]], None]:
    """What writes a head, with what its features are made of, into a folder together with facts.

    Args:
        kind: Name of the learner.
        task: What was learned.
        content: Plain data of the student's own.
        arrays: Further arrays beside the head's.
    """

    def save(place: Path, head: Head, facts: Mapping[str, Any]) -> None:
        save_student(
            place,
            kind=kind,
            task=task,
            facts=facts,
            content={"seen": head.labels, **content},
            arrays={"weights": head.weights, "bias": head.bias, **arrays},
        )

    return save


def saved_head(task: Task, content: Mapping[str, Any], arrays: Mapping[str, Any]) -> Head:
    """The head that `head_saver` wrote, from what `read_student` returned."""
    multi = task.kind == "multi_label"
    return Head(arrays["weights"], arrays["bias"], tuple(content["seen"]), multi)


def read_student(folder: Path, kind: str) -> tuple[Task, dict[str, Any], dict[str, Any]]:
    """Task, plain data and arrays of a saved student.

    Raises:
        UserError: the folder holds no student of this kind and format.
    """
    try:
        described = orjson.loads((folder / "student.json").read_bytes())
        with np.load(folder / "weights.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as e:
        raise UserError(
            f"{folder} holds no {kind} student.",
            str(e),
            "Give the folder of a finished student, with student.json and weights.npz.",
        ) from e
    if (described.get("kind"), described.get("format")) != (kind, FORMAT):
        raise UserError(
            f"{folder} holds a student of kind {described.get('kind')!r}, "
            f"format {described.get('format')!r}.",
            f"Kind {kind!r}, format {FORMAT} is needed.",
        )
    given = described["task"]
    labels = tuple(Label(*label) for label in given["labels"])
    return (
        Task(**{**given, "fields": tuple(given["fields"]), "labels": labels}),
        described,
        arrays,
    )


def _card(kind: str, task: Task, facts: Mapping[str, Any]) -> str:
    labels = ", ".join(f"`{name}`" for name in task.label_names)
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    return "\n".join(
        [
            f"# {task.name}: a {kind.replace('_', ' ')} student",
            "",
            f"Made by Tutelage. Reads {', '.join(f'`{f}`' for f in task.fields)} and answers with "
            f"{'any of ' if task.kind == 'multi_label' else ''}{labels}.",
            "",
            "## Training",
            "",
            *lines,
            "",
            "Load it with `tutelage.load`; `weights.npz` holds plain arrays, no pickle.",
            "",
        ]
    )
