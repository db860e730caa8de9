"""A saved student: what plain transformers loads, and beside it what only Tutelage needs."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import UserError
from tutelage.records import Example, Label, Task

FILE = "student.json"
FORMAT = 1
MINILM_MIX = (
    "all-MiniLM-L6-v2 was trained on a mix that lists SNLI and MultiNLI: results on them are not "
    "results on unseen tasks."
)


def task_as_json(task: Task) -> dict[str, Any]:
    """A task as plain data."""
    return {
        "name": task.name,
        "kind": task.kind,
        "fields": list(task.fields),
        "labels": [[label.name, label.words, label.guideline] for label in task.labels],
        "instruction": task.instruction,
        "metric": task.metric,
    }


def task_from_json(given: Mapping[str, Any]) -> Task:
    """The task that `task_as_json` wrote."""
    labels = tuple(Label(*label) for label in given["labels"])
    return Task(**{**given, "fields": tuple(given["fields"]), "labels": labels})


def versions() -> dict[str, str]:
    """Versions of what a result may depend on."""
    found = {"python": platform.python_version()}
    for name in ("tutelage", "torch", "transformers", "tokenizers"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write_student(
    folder: Path,
    *,
    learner: str,
    task: Task,
    settings: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Write student.json and the model card beside weights that are already there.

    Args:
        folder: Where the model was saved.
        learner: Name of the learner, such as `seq2seq`.
        task: What was learned.
        settings: All that answering needs besides the model.
        facts: What the card tells.
    """
    note = {
        "format": FORMAT,
        "learner": learner,
        "task": task_as_json(task),
        "settings": settings,
        "facts": facts,
        "versions": versions(),
    }
    (folder / FILE).write_bytes(orjson.dumps(note, option=orjson.OPT_INDENT_2))
    (folder / "README.md").write_text(_card(learner, task, settings, facts), encoding="utf8")


def read_student(folder: Path, learner: str) -> tuple[Task, dict[str, Any]]:
    """Task and settings of a saved student.

    Raises:
        UserError: the folder holds no student of this learner.
    """
    try:
        note = orjson.loads((folder / FILE).read_bytes())
        if note["learner"] != learner or note["format"] != FORMAT:
            raise ValueError(f"it is a {note['learner']}, format {note['format']}")
        return task_from_json(note["task"]), note["settings"]
    except (OSError, ValueError, KeyError) as e:
        raise UserError(
            f"{folder} holds no {learner} student of format {FORMAT}.",
            str(e),
            "Give a folder that training wrote, with student.json in it.",
        ) from e


# --- what the card tells --------------------------------------------------------------------------


def origin_facts(rows: Sequence[Example]) -> dict[str, Any]:
    """How many rows came from where: people's gold or an arm's teacher."""
    made = sum(bool(row.origin.arm) for row in rows)
    return {
        "rows": len(rows),
        "rows_gold": len(rows) - made,
        "rows_by_teacher": made,
        "rows_with_rationale": sum(row.rationale is not None for row in rows),
        "arms": sorted({row.origin.arm for row in rows if row.origin.arm}),
    }


def _card(learner: str, task: Task, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    base = str(facts.get("model", ""))
    lines = [
        "---",
        "library_name: transformers",
        "tags: [tutelage, distillation]",
        "---",
        "",
        f"# {task.name}: a {learner} student",
        "",
        _purpose(task),
        "",
        "## Trained on",
        "",
        *[f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in facts.items()],
        "",
        "## Settings",
        "",
        *[f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in settings.items()],
        "",
        "## Licence",
        "",
        f"Weights start from {base or 'nothing'}; its licence applies to them. Rows that a teacher "
        "wrote fall under the terms of that teacher's provider, gold rows under those of their "
        "data set: check both before you share this model.",
        "",
        "## Limits",
        "",
        _first_limit(task),
        "- It repeats the mistakes and leanings of its teacher and of its gold rows.",
        "- A rationale that it writes is a likely text, not a record of how it decided.",
        *([f"- {MINILM_MIX}"] if "minilm" in base.lower() else []),
        "",
    ]
    return "\n".join(lines)


def _purpose(task: Task) -> str:
    if task.kind == "span_qa":
        context, question = task.fields
        return f"Answers questions by a piece of a text. It reads {context} and {question}."
    if task.kind == "generation":
        return f"Writes a text. It reads {', '.join(task.fields)}."
    return (
        f"Answers one question: {task.kind.replace('_', ' ')} with the labels "
        f"{', '.join(task.label_names)}. It reads {', '.join(task.fields)}."
    )


def _first_limit(task: Task) -> str:
    if task.kind == "span_qa":
        return (
            "- It points at some piece of any text, also of one that says nothing of the question, "
            "unless it was taught that questions may have no answer."
        )
    if task.kind == "generation":
        return (
            "- It writes something for any text, and may state what the text does not say: its "
            "fluency is no sign that it is right."
        )
    return "- It gives one of its labels to any text, also to one that has nothing to do with them."


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
