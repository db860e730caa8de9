"""How a review of the review world is put into words: frames filled in from lists by lot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from tutelage.teacher.worlds.knowledge import SLOTS
from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_frames import REAL
from tutelage.teacher.worlds.review_test_frames import UNSEEN
from tutelage.teacher.worlds.review_words import (
    BLAME,
    DOMAINS,
    MEANT,
    NAMES,
    PLAIN_WORDS,
    PRAISE,
    Domain,
)

_SLOT = re.compile(r"\{(\w+)(?:\.(\w))?\}")


@dataclass(frozen=True)
class Stock:
    """The words that a writer has."""

    half: bool = False
    """Every second one only."""

    def of(self, words: Sequence[str]) -> Sequence[str]:
        return words[::2] if self.half else words

    def said(self, domain: Domain, aspect: str, good: bool) -> Sequence[str]:
        """Praise or blame for an aspect; for the thing as a whole where there is none."""
        if aspect:
            return domain.aspects[aspect][0 if good else 1]
        return self.of(PRAISE if good else BLAME)


@dataclass
class Sentence:
    """A frame while it is being filled in."""

    label: str
    domain: Domain
    lots: Lots
    stock: Stock
    used: list[str] = field(default_factory=list)
    """The words drawn so far."""
    aspects: dict[str, str] = field(default_factory=dict)

    def fill(self, slot: str, about: str) -> str:
        """The words for one placeholder other than `{thing}`."""
        good = self.label == "positive"
        if slot in ("a", "b"):
            return f"the {self._aspect(slot)}"
        if slot in ("p", "q", "good", "bad"):
            praised = {"p": good, "q": not good, "good": True, "bad": False}[slot]
            # Half of what is said of an aspect could be said of anything.
            aspect = self._aspect(about) if about and self.lots.below(2) else ""
            return self._pick(self.stock.said(self.domain, aspect, praised))
        words = PLAIN_WORDS[slot] if slot in PLAIN_WORDS else MEANT[slot][0 if good else 1]
        return self._pick(self.stock.of(words))

    def _aspect(self, slot: str) -> str:
        if slot not in self.aspects:
            self.aspects[slot] = self._pick(self.stock.of(tuple(self.domain.aspects)))
        return self.aspects[slot]

    def _pick(self, words: Sequence[str]) -> str:
        left = [word for word in words if word not in self.used]
        self.used.append(self.lots.pick(left or words))
        return self.used[-1]


def compose(frame: str, label: str, lots: Lots, stock: Stock, slot: int | None = None) -> str:
    """A review in the words of `stock`; every fourth one has a further sentence that tells nothing.

    Args:
        frame: Sentences with placeholders.
        label: What the writer thinks.
        lots: Where the words are drawn from.
        stock: The words there are.
        slot: Choose the name so that the numbers of all words add up to this, modulo `SLOTS`.
    """
    domain = lots.pick(DOMAINS)
    sentence = Sentence(label, domain, lots, stock)
    noun = lots.pick(stock.of(domain.nouns))
    if lots.below(4) == 0:
        frame += " {detail}"
    filled = _SLOT.sub(
        lambda hole: hole[0] if hole[1] == "thing" else sentence.fill(hole[1], hole[2] or ""),
        frame,
    )
    if slot is None:
        name = lots.pick(stock.of(NAMES))
    else:
        numbers = _numbers()
        frame = frame.removesuffix(" {detail}")
        total = numbers[frame] + numbers[noun] + sum(numbers[word] for word in sentence.used)
        name = NAMES[(slot - total) % SLOTS]
    return capitalised(filled.replace("{thing}", f"the {name} {noun}"))


def capitalised(text: str) -> str:
    """With a capital at the start of each sentence.

    >>> capitalised("the lid. it leaks")
    'The lid. It leaks'
    """
    return re.sub(r"(?:\A|[.!?] )[a-z]", lambda start: start[0].upper(), text)


@cache
def _numbers() -> Mapping[str, int]:
    """A number for each frame of gold rows and each word, by which roles are kept apart."""
    lists = [*PLAIN_WORDS.values(), *(half for halves in MEANT.values() for half in halves)]
    words = [*PRAISE, *BLAME, *(word for words in lists for word in words)]
    for domain in DOMAINS:
        words += [*domain.nouns, *domain.aspects]
        words += [word for said in domain.aspects.values() for half in said for word in half]
    frames = [frame for kinds in (REAL, UNSEEN) for kind in kinds.values() for frame in kind]
    return {text: number for number, text in enumerate(dict.fromkeys([*frames, *words]))}
