"""When two answers are the same, for questions that are answered by a piece of text (span QA).

The rules are those of the official SQuAD scripts (Rajpurkar et al. 2016, arXiv 1606.05250; with
questions that have no answer: Rajpurkar et al. 2018, arXiv 1806.03822).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tutelage.records import Example, Prediction

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """`text` in lower case, without ASCII punctuation and articles, white space folded.

    >>> normalised("The  Town-Moor, a park.")
    'townmoor park'
    """
    bare = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLE.sub(" ", bare).split())


@dataclass(frozen=True, slots=True)
class Match:
    """How well one answer agrees with the best of its references."""

    exact: float
    """1 where the normalised texts are equal, else 0."""
    f1: float
    """F1 of the multisets of normalised words, 0 to 1."""


NOTHING = Match(0.0, 0.0)


def match(said: str, references: Sequence[str]) -> Match:
    """Compare an answer with its references; each measure is the best over all of them.

    Args:
        said: The answer; empty for `the question has none`.
        references: Acceptable answers; empty for a question without an answer. References of
            which normalisation leaves nothing are passed over where others remain.

    >>> match("the Moor", ["Town Moor"])
    Match(exact=0.0, f1=0.6666666666666666)
    """
    wanted = [text for text in map(normalised, references) if text] or [""]
    own = normalised(said)
    return Match(
        max(float(own == other) for other in wanted),
        max(_f1(own.split(), other.split()) for other in wanted),
    )


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    if not said or not wanted:  # no answer: all or nothing
        return float(said == wanted)
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted))


def match_of(row: Example, answer: Prediction) -> Match:
    """How well `answer` agrees with what `row` says; an answer that could not be read is wrong,
    also where the question has none."""
    if answer.spans is None:
        return NOTHING
    said = answer.spans[0].text if answer.spans else ""
    return match(said, [span.text for span in row.spans or ()])
