"""How the teacher of the review world varies a review: in its manner, with other words.

As an LLM does that is asked for a text like another one: what it understands it says again in the
same sentences, of another thing and with other words of the same sense. It reads the text alone. It
has to make out the way in which things are said (`review_cues.py`) and a word on which the sense
hangs; else it does not know what makes the text what it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_reading import KINDS, THING, VOCABULARY, WORDS
from tutelage.teacher.worlds.review_words import DOMAINS, MEANT, NAMES, Domain
from tutelage.teacher.worlds.review_writing import Stock, capitalised

_TELLING = ("good", "bad", *(name + sign for name in MEANT for sign in "+-"))
"""Kinds of words on which the sense hangs."""
_DETAIL = re.compile(
    "|".join(rf" ?{re.escape(detail)}" for detail in WORDS["detail"]), re.IGNORECASE
)


def vary(text: str, lots: Lots) -> str:
    """`text` in other words; empty where it is not understood.

    >>> vary("The B7 kettle is what it is.", Lots("doctest"))
    ''
    """
    known = {KINDS[match[0].lower()] for match in VOCABULARY.finditer(text)}
    if known.isdisjoint(_TELLING) or not THING.search(text):
        return ""
    words = _Words(lots, lots.pick(DOMAINS))
    thing = f"the {lots.pick(NAMES)} {lots.pick(words.domain.nouns)}"
    bare = _DETAIL.sub("", text).strip()
    varied = VOCABULARY.sub(words.other, THING.sub("\0", bare)).replace("\0", thing)
    if lots.below(4) == 0:
        varied += f" {lots.pick(WORDS['detail'])}"
    return capitalised(varied)


@dataclass
class _Words:
    """What replaces the words of one review."""

    lots: Lots
    domain: Domain
    aspects: dict[str, str] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)

    def other(self, match: re.Match[str]) -> str:
        """Another word of the same kind, an aspect of the new thing for one of the old."""
        word = match[0].lower()
        kind = KINDS[word]
        if kind == "aspect":
            if word not in self.aspects:
                free = [each for each in self.domain.aspects if each not in self.aspects.values()]
                self.aspects[word] = self.lots.pick(free or tuple(self.domain.aspects))
            return f"the {self.aspects[word]}"
        return self._pick(self._of(kind), word)

    def _of(self, kind: str) -> Sequence[str]:
        if kind in ("good", "bad") and self.aspects and self.lots.below(2):
            return Stock().said(self.domain, [*self.aspects.values()][-1], kind == "good")
        return WORDS[kind]

    def _pick(self, words: Sequence[str], old: str) -> str:
        left = [each for each in words if each not in self.used and each.lower() != old]
        self.used.append(self.lots.pick(left or words))
        return self.used[-1]
