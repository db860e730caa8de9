"""How sure a teacher must be of an answer for it to count, chosen on dev.

The dev rows are asked about first. Each brings its confidence, and whether the answer was right.
The threshold is then the smallest confidence seen such that, of the dev answers at least as sure,

1. there are `LEAST` or more, since the accuracy of a handful says little, and
2. the share that is right reaches what was asked for.

So as many rows are kept as the accuracy allows. It is an estimate from a choice among as many
thresholds as there are answers, and a little too good for that: the accuracy of what is kept is
expected to lie at or somewhat below the one asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from tutelage.records import Material

KIND = "confidence"
"""Kind of the materials that calibration brings."""
LEAST = 10
"""Dev answers that a threshold must keep to be believed."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """An answer to a dev row."""

    confidence: float | None
    """None where no answer could be read, or none that is weighed: such rows are never kept."""
    right: bool

    def material(self) -> Material:
        """What the stage of the annotations is told."""
        return Material(KIND, f"{self.confidence!r} {'right' if self.right else 'wrong'}")


def weighed(materials: Sequence[Material]) -> list[Weighed]:
    """The answers that `materials` tell of."""
    found = []
    for material in materials:
        if material.kind == KIND:
            said, right = material.text.split()
            found.append(Weighed(None if said == "None" else float(said), right == "right"))
    return found


@dataclass(frozen=True, slots=True)
class Threshold:
    """What calibration came to."""

    confidence: float | None
    """Answers at least as sure are kept; None where none are."""
    reason: str = ""
    """Why none are kept."""


def threshold(answers: Sequence[Weighed], accuracy: float) -> Threshold:
    """The smallest confidence from which on dev answers are right often enough.

    >>> sure = [Weighed(0.9, True)] * 18 + [Weighed(0.8, False), Weighed(0.8, True)]
    >>> threshold(sure, 0.95).confidence, threshold(sure, 0.96).confidence
    (0.8, 0.9)
    """
    known = [(one.confidence, one.right) for one in answers if one.confidence is not None]
    ranked = sorted(known, key=lambda one: -one[0])
    right = list(accumulate(int(one[1]) for one in ranked))
    # Answers of one confidence are kept or refused together: what counts is the last of each.
    ends = [group[-1] for _, group in _groups([confidence for confidence, _ in ranked])]
    shares = {at: right[at] / (at + 1) for at in ends if at + 1 >= LEAST}
    good = [at for at, share in shares.items() if share >= accuracy - 1e-12]
    if good:
        return Threshold(ranked[max(good)][0])
    if not shares:
        return Threshold(
            None,
            f"nothing is kept: of {len(answers)} dev answers {len(known)} have a confidence, "
            f"and {LEAST} are needed to choose a threshold",
        )
    best = max(shares, key=lambda at: (shares[at], at))
    return Threshold(
        None,
        f"nothing is kept: no confidence reaches an accuracy of {accuracy:g} on "
        f"{len(answers)} dev rows; the best is {shares[best]:.2f}, from {ranked[best][0]:.2f} on",
    )


def _groups(values: Sequence[float]) -> list[tuple[float, list[int]]]:
    """Places of equal values that follow each other."""
    places = groupby(range(len(values)), key=lambda at: values[at])
    return [(value, list(group)) for value, group in places]


def below(confidence: float, least: float) -> str:
    """That one is below the other, with as many digits as it takes to see it.

    >>> below(0.62, 0.87), below(0.8699, 0.87)
    ('confidence 0.62 is below 0.87', 'confidence 0.8699 is below 0.8700')
    """
    digits = next((d for d in range(2, 17) if f"{confidence:.{d}f}" != f"{least:.{d}f}"), 17)
    return f"confidence {confidence:.{digits}f} is below {least:.{digits}f}"
