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


@dataclass(frozen=True, slots=True)
class SelfDebiasingOptions:
    """How strongly pieces of text that suit another label better are scaled down."""

    decay: Annotated[float, Ge(0)] = 200.0
    """Lambda: the factor is exp(decay times the difference of the probabilities)."""
    least: Share = 0.01
    """Epsilon: the factor is never below it."""


@dataclass(frozen=True, slots=True)
class RepetitionOptions:
    """Factors on the temperature of single pieces of text; 1 leaves them alone."""

    reward: Annotated[float, Gt(0)] = 1.0
    """For pieces of the first text of a pair that are not written yet: below 1 makes them likelier,
    above 1 less likely."""
    penalty: Annotated[float, Gt(0)] = 1.0
    """For pieces that are written already: above 1 makes them less likely."""


@dataclass(frozen=True, slots=True)
class ZeroGenOptions(WritingOptions):
    """Writing for labels from nothing."""

    rows: Count = 500
    """Rows to keep in each turn, over all labels."""
    topics: Annotated[int, Ge(0)] = 0
    """Single texts: subjects that the teacher names in a stage before; each text is about one."""
    self_debiasing: SelfDebiasingOptions | None = None
    """The paper's contrast with the other labels' prompts while decoding, `{}` for its values: for
    teachers that run in this process."""
    as_published: bool = False
    """Keep the published system's prompts and quirks; the module `zerogen` lists them."""


@dataclass(frozen=True, slots=True)
class GoldGenOptions(WritingOptions):
    """Writing for labels with gold rows shown."""

    rows: Count = 500
    """Rows to keep in each turn, over all labels."""
    shots: Count = 4
    """Gold train rows of the label to show."""
    choose: Literal["random", "balanced", "nearest"] = "balanced"
    """Which rows: drawn anew for each prompt; each row equally often; or one row, each equally
    often, with those nearest to it by TF-IDF."""
    redraw: Count = 1
    """So many orders are shown the same rows: prompts that begin alike are cheaper where the
    endpoint caches them."""
    most_shared: Share = 0.9
    """Refuse texts of whose words a row that was shown has at least this share."""


@dataclass(frozen=True, slots=True)
class ExtrapolateOptions(WritingOptions):
    """Seed rows in the first turn, then variations of the rows that the critic names (S3)."""

    seed: Literal["reasons", "plain", "none"] = "reasons"
    """How the first turn writes: for reasons that lead to the label, named in a stage before
    (single texts only; pairs are written plainly, as in the paper), for the label alone, or not
    at all."""
    seed_rows: Count = 500
    """Rows to keep in the first turn, over all labels."""
    reasons: Count = 20
    """Reasons that the teacher names for each label."""
    reasons_per_text: Count = 2
    """Reasons drawn for each text."""
    rows: Count | None = None
    """Rows to keep in each later turn, over all rows that the critic names; `variations` for each
    of them where absent."""
    variations: Count = 1
    """Variations of each row that the critic names, in each turn."""
    most_variations: Count | None = None
    """Most variations kept of one row over all turns; no limit where absent."""
    share: Share = 1.0
    """Share of the named rows to use: the heaviest, of equal ones some at random."""
    weighted: bool = False
    """Vary rows in proportion to the weights that the critic gives them, not equally."""
    variation_template: str = ""
    """Path of your own template for variations; `vary.v1` where absent."""
    even_labels: bool = False
    """Write equally many variations for each label, not as the named rows' labels come."""
    most_shared: Share = 0.9
    """Refuse variations of whose words the varied row has at least this share."""
    as_published: Literal["imdb", "qnli", "rte", "adqa"] | None = None
    """Keep the published system's quirks, with its prompts for this data set; the module
    `extrapolation` lists them."""
