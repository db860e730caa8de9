"""Why drafts did not become rows, counted: kinds of reasons, copies of gold, abstentions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tutelage.records import Verdict

COPIES = "copies"
"""Name of the check that holds drafts against gold rows by n-grams and by embedding."""
WHOLE = "its texts are those of the gold row"
"""How the check `contamination` says that a draft is a gold row."""
ABSTAINED = "confidence"
"""How the reason begins for which an annotator kept its answer to itself."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Drafts that copy gold train or pool rows, by how that was seen."""

    whole: int
    """All texts are those of a gold row."""
    by_ngrams: int
    """Too large a share of its word n-grams stands in one gold row."""
    by_embedding: int
    """Its embedding is too near to that of a gold row."""


def reason_facts(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Counts by check, decision and kind of reason; copies and abstentions on their own."""
    told = Counter((v.check, v.decision, kind_of(v)) for v in verdicts if v.decision != "kept")
    return {
        "reasons": [
            {"check": check, "decision": decision, "reason": reason, "count": count}
            for (check, decision, reason), count in sorted(
                told.items(), key=lambda item: (-item[1], item[0])
            )
        ],
        "copied": asdict(copied(verdicts)),
        "abstained": sum(v.reason.startswith(ABSTAINED) for v in verdicts),
    }


def kind_of(verdict: Verdict) -> str:
    """A verdict's reason without what is particular to its row.

    >>> kind_of(Verdict(1, "dropped", "copies", "copies gold row 17: 83 % of its word 5-grams"))
    'copies a gold row (word n-grams)'
    >>> kind_of(Verdict(1, "dropped", "format", "confidence 0.42 is below 0.7"))
    'confidence below the threshold'
    >>> kind_of(Verdict(1, "dropped", "format", "no label: 'maybe'"))
    'no label'
    """
    if verdict.check == COPIES:
        how = "embedding" if _by_embedding(verdict) else "word n-grams"
        return f"copies a gold row ({how})"
    if verdict.reason.startswith(WHOLE):
        return f"{WHOLE.removesuffix(' the gold row')} a gold row"
    if verdict.reason.startswith(ABSTAINED):
        return f"{ABSTAINED} below the threshold"
    return verdict.reason.split(":")[0]


def copied(verdicts: Sequence[Verdict]) -> Copied:
    """Drafts that copy gold, whatever became of them."""
    near = [v for v in verdicts if v.check == COPIES and v.reason]
    embedded = sum(map(_by_embedding, near))
    return Copied(
        whole=sum(v.reason.startswith(WHOLE) for v in verdicts),
        by_ngrams=len(near) - embedded,
        by_embedding=embedded,
    )


def _by_embedding(verdict: Verdict) -> bool:
    return "embedding" in verdict.reason.rsplit(":", 1)[-1]  # before it may stand any row's id
