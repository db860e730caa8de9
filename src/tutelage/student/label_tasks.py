"""Which tasks a student that chooses among labels can learn."""

from __future__ import annotations

from tutelage.exceptions import UserError
from tutelage.records import Task


def check_has_labels(task: Task, learner: str) -> None:
    """Refuse a task whose answers are no labels.

    Raises:
        UserError: names the learner to use instead.
    """
    if task.kind == "span_qa":
        raise UserError(
            f"A {learner} student cannot learn the task {task.name!r} of kind span_qa.",
            "It chooses among labels, and the answers of questions are pieces of their contexts.",
            "Use the learner span_reader; as a rival, guess.",
        )
