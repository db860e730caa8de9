"""What recipes may set on ProGen and SuperGen, beside what they share with ZeroGen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from tutelage.synthesis.writer_options import (
    Count,
    RepetitionOptions,
    Share,
    WritingOptions,
    ZeroGenOptions,
)


@dataclass(frozen=True, slots=True)
class ProGenOptions(ZeroGenOptions):
    """Writing for labels with the rows shown that helped the student most."""

    schedule: tuple[Count, ...] | None = None
    """Rows of all turns together after each turn, such as [100, 200, 400]; `rows` more in each turn
    where absent."""
    shots: Count = 8
    """Most helpful rows to show, all of the label that is written for. As published: 8."""
    feedback_share: Annotated[float, Interval(ge=0, le=1)] = 0.5
    """Share of the orders that show helpful rows, once there are any. As published: 0.5."""
    most_shared: Share = 0.9
    """Refuse texts of whose words a row that was shown has at least this share. As published: 0.9
    of the words of the row that was shown."""


@dataclass(frozen=True, slots=True)
class SuperGenOptions(WritingOptions):
    """Writing many candidates, of which the check `selection` keeps the likeliest."""

    rows: Count = 500
    """Rows to keep in each turn, over all labels."""
    oversample: Annotated[float, Ge(1)] = 4.0
    """Candidates to ask for in a turn's first wave, for each row to keep. As published: 8.3 for
    SST-2 (25,000 candidates of each label for 3,000 rows)."""
    repetition: Mapping[str, RepetitionOptions] | Literal["published"] | None = None
    """Rewards and penalties by label for repeating the first text of a pair, and itself, such as
    `{yes: {reward: 0.8, penalty: 1.1}}`, or the paper's: for teachers that run in this process."""
    as_published: bool = False
    """Keep the published system's prompts and quirks; the module `supergen` lists them."""
