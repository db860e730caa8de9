"""What recipes may set on annotation, and on any writer whose rows are answered afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tutelage.exceptions import UserError
from tutelage.records import Task


@dataclass(frozen=True, slots=True)
class AnsweringOptions:
    """How a teacher is asked for the answer to a row, and which answers count."""

    shots: int = 0
    """Gold train rows to show in the prompt, balanced over the labels."""
    rationale: Literal["none", "before", "after"] = "none"
    """Whether the teacher gives reasons, and on which side of its answer."""
    abstain: bool = False
    """Whether the teacher may answer that it cannot decide; such rows are left out."""
    votes: int = 1
    """Replies to each prompt; the majority labels the row, and shares of votes are its scores."""
    soft_labels: bool = False
    """Ask for log-probabilities of labels and keep them as scores (one vote only)."""
    confidence: float | None = None
    """Leave out rows of whose answer the teacher is less sure than this, 0 to 1: the probability of
    its label, or the geometric mean of the probabilities of a text's tokens."""
    keep_accuracy: float | None = None
    """Have that confidence chosen on dev, so that of the dev rows that are kept at least this share
    is right (tasks with one label)."""
    calibration_rows: int = 200
    """Most dev rows to choose it on; the teacher is asked about them first."""
    template: str = "annotate.v1"
    """Shipped template, or path of your own."""
    temperature: float | None = None
    """0 for one vote and 0.7 for several where absent."""
    max_tokens: int | None = None
    """Longest reply; made to fit labels, rationale or text where absent."""


@dataclass(frozen=True, slots=True)
class AnnotateOptions(AnsweringOptions):
    """Answers to unlabelled rows by a teacher."""

    rows: int | None = None
    """Rows to label in each turn; all that are offered where absent."""
    choose: Literal["random", "coverage", "uncertainty", "near_errors"] = "random"
    """How rows are chosen; where the last two have no feedback yet, at random."""


def check_answering(options: AnsweringOptions, task: Task) -> None:
    """Refuse options that a task, or other options, leave no room for.

    Raises:
        UserError: the first option that is at fault.
    """
    for name in ("confidence", "keep_accuracy"):
        share = getattr(options, name)
        if share is not None and not 0 < share <= 1:
            raise UserError(
                f"{name}: {share} is not a share.",
                "Confidence and accuracy lie between 0 and 1.",
                "Write a number above 0 and up to 1, such as 0.9.",
            )
    if options.confidence is not None and options.keep_accuracy is not None:
        raise UserError(
            "confidence and keep_accuracy are both given.",
            "The one says how sure the teacher must be, the other has it chosen on dev.",
            "Leave one of them out.",
        )
    sure = [n for n in ("confidence", "keep_accuracy") if getattr(options, n) is not None]
    single = task.kind in ("classification", "nli")
    if sure and not single and (task.kind != "generation" or sure == ["keep_accuracy"]):
        raise UserError(
            f"{sure[0]} is not for {task.kind} tasks.",
            "An answer with one label has a confidence that can be calibrated; a text to write has "
            "one that can be asked for (confidence); other answers have none.",
            "Leave it out.",
        )
    if options.abstain and options.template == "fields.v1":
        raise UserError(
            "abstain does not go with template: fields.v1.",
            "This prompt does not tell the teacher that it may answer that it cannot decide.",
            "Leave abstain out, or take another template.",
        )
    if task.kind == "generation":
        idle = {
            "votes": options.votes > 1,
            "soft_labels": options.soft_labels,
            "abstain": options.abstain,
            "rationale": options.rationale != "none",
        }
        for name in (name for name, said in idle.items() if said):
            raise UserError(
                f"{name} is for tasks with labels.",
                "A generation task is answered by the text that is wanted, and nothing else.",
                "Leave it out.",
            )
