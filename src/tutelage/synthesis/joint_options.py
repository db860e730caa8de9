"""What recipes may set on a teacher that writes whole rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from tutelage.synthesis.writer_options import Count, Share


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """Whole new rows, texts and answer, by a teacher that was tuned to write them, or any other."""

    rows: Count = 500
    """Rows to keep in each turn."""
    balance: Literal["equal", "gold", "free"] | None = None
    """Rows of each label: equally many, in the shares of the gold train rows, or as they come.
    Where texts are written for a label, `equal` and `gold` name it in the prompt; with `free` the
    teacher writes it with the texts. `equal` where absent, and `free` with `then: annotate`."""
    then: Literal["none", "annotate"] = "none"
    """What follows the writing. `annotate`: texts are written for no label, and answered by the
    same teacher afterwards (GAL, arXiv 2106.06168)."""
    waves: Count = 5
    """Most purchases in a turn: rows that the checks refuse are ordered again, wave by wave."""
    temperature: Annotated[float, Ge(0)] = 1.0
    """Of the texts; 0 for the likeliest one, which is always the same."""
    top_p: Share | None = 0.9
    """Nucleus sampling of the texts; the teacher's own where null."""
    max_tokens: Count = 256
    """Longest row."""
    logprobs: bool = False
    """Ask for the tokens' log-probabilities, whose mean is a draft's score."""
    shots: Annotated[int, Ge(0)] = 0
    """Gold train rows to show in each prompt, others in each: of the label where it is named."""
    most_shared: Share = 0.9
    """Refuse rows of whose words a row that was shown has at least this share."""
    template: str = "compose.v1"
    """Shipped template, or path of your own. `compose.v1` is short, for tuned teachers;
    `compose_told.v1` tells others the task and the form of the reply."""
    answer_template: str = "annotate.v1"
    """`then: annotate`: the template by which rows are answered."""
    soft_labels: bool = False
    """`then: annotate`: keep the probabilities of the labels as scores."""
    confidence: float | None = None
    """`then: annotate`: leave out rows of whose answer the teacher is less sure than this."""
    keep_accuracy: float | None = None
    """`then: annotate`: have that confidence chosen on dev, so that of the dev rows that are kept
    at least this share is right (tasks with one label)."""
    calibration_rows: int = 200
    """Most dev rows to choose it on; the teacher is asked about them first."""
