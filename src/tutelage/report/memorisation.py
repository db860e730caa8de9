"""Does the teacher repeat the gold rows that it has seen, and when does it keep its answer back?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tutelage.report import numbers
from tutelage.report.bookkeeping import purchases

Facts = Mapping[str, Any]
COPIES = "copies"
"""The check that holds drafts against gold rows by n-grams and by embedding."""
SEVERE = 0.05
"""Share of copies from which on they are a finding."""


@dataclass(frozen=True, slots=True)
class Memorised:
    """One arm's drafts that copy gold train or pool rows, and answers that were held back."""

    arm: str
    drafts: int
    looked: bool
    """Whether the check `copies` judged them; without it only whole copies are known."""
    embedded: bool
    """Whether it held embeddings against each other too."""
    whole: int
    """Drafts whose texts are those of a gold row."""
    by_ngrams: int
    by_embedding: int
    abstained: int
    """Answers that were not confident enough."""

    @property
    def copies(self) -> int:
        return self.whole + self.by_ngrams + self.by_embedding

    @property
    def rate(self) -> float:
        """Copies as a share of all drafts."""
        return self.copies / self.drafts if self.drafts else 0.0

    @property
    def sentence(self) -> str:
        """The copies in words."""
        how = [
            f"{numbers.count(number)} {what}"
            for number, what in (
                (self.whole, "whole"),
                (self.by_ngrams, "by word n-grams"),
                (self.by_embedding, "by embedding"),
            )
            if number
        ]
        return (
            f"{self.arm}: {numbers.percent(self.rate)} of {numbers.plural(self.drafts, 'draft')} "
            f"copied gold rows ({', '.join(how)})."
        )


def memorised(results: Facts) -> list[Memorised]:
    """Every arm whose drafts were held against gold or whose teacher abstained."""
    arms = dict.fromkeys(unit["arm"] for unit in results["units"])
    found = [_of(results, arm) for arm in arms if arm not in results["rivals"]]
    return [m for m in found if m.drafts and (m.looked or m.copies or m.abstained)]


def _of(results: Facts, arm: str) -> Memorised:
    turns = list(purchases(results, arm))
    check = _check(results["recipe"], arm)
    copied = [turn["copied"] for turn in turns if "copied" in turn]
    return Memorised(
        arm=arm,
        drafts=sum(turn["drafts"] - turn["materials"] for turn in turns),
        looked=check is not None,
        embedded=bool(check and check.get("options", {}).get("similarity")),
        whole=sum(c["whole"] for c in copied),
        by_ngrams=sum(c["by_ngrams"] for c in copied),
        by_embedding=sum(c["by_embedding"] for c in copied),
        abstained=sum(turn.get("abstained", 0) for turn in turns),
    )


def _check(recipe: Facts, arm: str) -> Facts | None:
    """The check `copies` that an arm's drafts had to pass, the recipe's or its own."""
    own = (recipe.get("arms") or {}).get(arm) or {}
    named = recipe.get("checks", ()) if own.get("checks") is None else own["checks"]
    return next((check for check in named if check["name"] == COPIES), None)
