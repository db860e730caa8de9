"""Which learners can learn which tasks."""

from __future__ import annotations

from tutelage.exceptions import UserError
from tutelage.records import Task, TaskKind

WHY = {
    "span_qa": "the answers of questions are pieces of their contexts",
    "generation": "the answers of this task are texts of its own",
}
"""Why a student that chooses among labels cannot learn a kind of task."""


def learners_for(kind: TaskKind) -> str:
    """The learners of a kind of task, as a sentence lists them."""
    if kind == "span_qa":
        return "span_reader"
    if kind == "generation":
        return "generator"
    if kind == "multi_label":
        return "classifier, embedding_head or linear"
    return "classifier, seq2seq, embedding_head or linear"


def check_has_labels(task: Task, learner: str) -> None:
    """Refuse a task whose answers are no labels.

    Raises:
        UserError: names the learner to use instead.
    """
    if task.kind in WHY:
        rival = "; as a rival, guess" if task.kind == "span_qa" else ""
        raise UserError(
            f"A {learner} student cannot learn the task {task.name!r} of kind {task.kind}.",
            f"It chooses among labels, and {WHY[task.kind]}.",
            f"Use the learner {learners_for(task.kind)}{rival}.",
        )
