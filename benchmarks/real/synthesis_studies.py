"""All studies of `synthesis.py` by letter and by name."""

from __future__ import annotations

from collections.abc import Sequence

from corpus_studies import PARTS as CORPUS
from recorded_studies import PARTS as RECORDED
from span_studies import PARTS as SPANS
from synthesis_parts import Part
from tuned_studies import PARTS as TUNED

PARTS: Sequence[Part] = (*RECORDED, *CORPUS, *SPANS, *TUNED)
STUDIES = tuple(sorted({part.study for part in PARTS}))
NAMES = tuple(part.name for part in PARTS)


def chosen(only: Sequence[str], *, full: bool) -> list[Part]:
    """The parts that were asked for by letter or name.

    Without a choice: all that have the size. A part that is asked for by name runs at the size it
    has.
    """
    return [
        part
        for part in PARTS
        if part.name in only
        or ((full or part.two_core is not None) and (not only or part.study in only))
    ]
