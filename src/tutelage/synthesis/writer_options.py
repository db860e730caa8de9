"""What recipes may set on writers: the options that all of them share, and what some share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

Count = Annotated[int, Gt(0)]
Share = Annotated[float, Interval(gt=0, le=1)]
Context = Literal["train", "unlabelled", "written", "together"]
GivenAttributes = Mapping[str, tuple[str, ...] | Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class AttributesOptions:
    """Dimensions and values that the teacher proposes, in stages of their own."""

    dimensions: Count = 4
    """Ways in which texts may differ, such as length or tone."""
    values: Count = 8
    """Values of each dimension, for each label on its own."""


@dataclass(frozen=True, slots=True)
class WritingOptions:
    """How any writer asks, whatever its plan."""

    balance: Literal["labels", "gold"] = "labels"
    """Rows of each label: equally many, or in the shares of the gold train rows."""
    waves: Count = 5
    """Most purchases in a turn: rows that the checks refuse are ordered again, wave by wave."""
    texts_per_request: Count = 1
    """Texts asked for in one reply, as a JSON array: fewer prompts to pay, texts more alike."""
    structured: bool = False
    """Send a JSON schema with each request, for endpoints that can follow one."""
    correct: bool = True
    """Ask once more, saying what was wrong, where a reply cannot be read."""
    temperature: Annotated[float, Ge(0)] = 0.9
    """0 for the likeliest text."""
    top_p: Share | None = None
    """Nucleus sampling; the teacher's own where absent."""
    max_tokens: Count = 400
    """Longest text; a reply with k texts may be k times as long."""
    logprobs: bool = False
    """Ask for the tokens' log-probabilities, whose mean is a draft's score."""
    context: Context = "train"
    """Pairs: where the first text comes from: gold train rows, unlabelled rows, the teacher in a
    stage before, or the teacher together with the second text."""
    attributes: AttributesOptions | GivenAttributes | None = None
    """What texts must be like, drawn for each order (AttrPrompt): `{dimensions: 4, values: 8}` lets
    the teacher propose it; `{tone: [angry, calm]}` gives it, by label where it differs:
    `{topic: {sport: [tennis, chess], trade: [oil, rents]}}`."""
    template: str = ""
    """Path of your own template for the texts; the method's own where absent."""
