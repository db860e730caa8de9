"""The bench at which drafts are judged: what checks may use, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tutelage.contracts import Predictor, SealedFingerprints
from tutelage.records import Example, Task, Verdict


@dataclass
class DraftBench:
    """What checks may use to judge drafts (`contracts.Bench`)."""

    task: Task
    kept: Sequence[Example]
    """Rows kept so far by this arm."""
    gold: Sequence[Example]
    """Train and pool rows: a draft may not copy them."""
    sealed: SealedFingerprints
    """Knows dev and test rows by fingerprint only."""
    predictors: Mapping[str, Predictor] = field(default_factory=dict)
    reviews: Mapping[str, Verdict] = field(default_factory=dict)
    """Verdicts that people recorded, by row fingerprint."""
    lacking: Mapping[str, int] = field(default_factory=dict)
    """Rows of each label that the turn's quota still lacks; empty where there is none."""
