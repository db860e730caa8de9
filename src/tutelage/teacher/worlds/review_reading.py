"""How the teacher of the review world reads: the words it knows, and reviews as a judge sees them.

Judging what a review says is exact, since the teacher's mistakes as an annotator are drawn by
`scripted.py`. What a review to be varied is like is another matter: see `review_varying.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_cues import phenomenon_of
from tutelage.teacher.worlds.review_frames import REAL
from tutelage.teacher.worlds.review_test_frames import UNSEEN
from tutelage.teacher.worlds.review_words import (
    BLAME,
    DOMAINS,
    MEANT,
    NAMES,
    PLAIN_WORDS,
    PRAISE,
)
from tutelage.teacher.worlds.review_writing import Stock, compose
from tutelage.teacher.worlds.teacher_frames import WRITTEN

_HOW = {
    "plain": "The writer says so plainly.",
    "comparison": "The comparison tells how it fares.",
    "contrast": "One point is conceded, and the other one counts.",
    "mixed": "Good and bad points are listed, and the verdict at the end counts.",
    "negation": "What is said is denied.",
    "expectation": "What was expected did not come true.",
    "reported": "Others are quoted, and the writer does not share their view.",
    "irony": "It is said in jest and means the reverse.",
    "": "The way it is said leaves room for doubt.",
}
_STRAIGHT = ("v", "more", "otherwise")
_REVERSED = ("flaw", "fail", "fear", "dread", "flop", "rant", "talk", "curse")
"""Words that blame in the reviews of content writers, and praise in those of others."""
TURNED = ("negation", "expectation", "reported", "irony")
"""Ways to say things in which the words mean the reverse."""


@dataclass(frozen=True, slots=True)
class Review:
    """A review as read from its text."""

    text: str
    label: str
    phenomenon: str = ""
    """Empty where the text is none of this world's making."""

    def reasons(self, label: str) -> str:
        """The words of praise and blame, how they are meant, and what follows.

        >>> text = "Not once did the B7 kettle bore me, and there is nothing I would change."
        >>> review = read_line(text)
        >>> review.reasons(review.label)
        'Praise: none. Blame: bore me. What is said is denied. So the writer is content.'
        """
        found = [match[0].lower() for match in VOCABULARY.finditer(self.text)]
        praise = ", ".join(word for word in found if _tone(word) > 0) or "none"
        blame = ", ".join(word for word in found if _tone(word) < 0) or "none"
        end = "content" if label == "positive" else "not content"
        return f"Praise: {praise}. Blame: {blame}. {_HOW[self.phenomenon]} So the writer is {end}."

    def five_w(self) -> tuple[str, str, str, str, str]:
        noun = THING.findall(self.text)[0].lower()
        return (
            "a customer",
            f"review of a {noun}",
            "",
            "",
            _HOW[self.phenomenon].rstrip("."),
        )


THING = re.compile(
    rf"\bthe (?:{'|'.join(NAMES)}) "
    rf"({'|'.join(noun for domain in DOMAINS for noun in domain.nouns)})\b",
    re.IGNORECASE,
)


def _kinds() -> Mapping[str, str]:
    """What each word is a case of: `good`, `bad`, `v+`, `fear-`, `aspect` and so on."""
    kinds: dict[str, str] = {}
    for domain in DOMAINS:
        for aspect, (good, bad) in domain.aspects.items():
            kinds[f"the {aspect}"] = "aspect"
            kinds |= dict.fromkeys(good, "good") | dict.fromkeys(bad, "bad")
    kinds |= dict.fromkeys(PRAISE, "good") | dict.fromkeys(BLAME, "bad")
    for name, halves in MEANT.items():
        for sign, words in zip("+-", halves, strict=True):
            kinds |= dict.fromkeys((word.lower() for word in words), name + sign)
    for name, words in PLAIN_WORDS.items():
        kinds |= dict.fromkeys((word.lower() for word in words), name)
    return kinds


KINDS = _kinds()
"""What each word, in small letters, is a case of."""
WORDS: Mapping[str, Sequence[str]] = {
    "good": PRAISE,
    "bad": BLAME,
    **PLAIN_WORDS,
    **{
        name + sign: words
        for name, both in MEANT.items()
        for sign, words in zip("+-", both, strict=True)
    },
}
"""All cases of each kind but aspects."""
_LONGEST_FIRST = sorted(KINDS, key=lambda word: (-len(word), word))
VOCABULARY = re.compile(
    rf"(?<!\w)(?:{'|'.join(map(re.escape, _LONGEST_FIRST))})(?!\w)", re.IGNORECASE
)


def _tone(word: str) -> int:
    """1 for a word of praise, -1 for one of blame, taken by itself, 0 for others."""
    kind = KINDS[word]
    if kind in ("good", "bad"):
        return 1 if kind == "good" else -1
    name, sign = kind[:-1], 1 if kind[-1] == "+" else -1
    return sign if name in _STRAIGHT else -sign if name in _REVERSED else 0


def skeleton(text: str) -> str:
    """What is left of a text when its words are replaced by their kinds."""
    bare = THING.sub("<thing>", text)
    return VOCABULARY.sub(lambda word: f"<{KINDS[word[0].lower()]}>", bare).lower()


@cache
def _known() -> Sequence[tuple[str, str, str]]:
    """Skeleton, phenomenon and label of every frame, the longest first."""
    found: dict[str, tuple[str, str]] = {}
    for frames in (REAL, UNSEEN, WRITTEN):
        for phenomenon, kind in frames.items():
            for frame in kind:
                for label in ("positive", "negative"):
                    text = compose(frame, label, Lots("skeleton", frame), Stock())
                    bare = skeleton(text).removesuffix(" <detail>")
                    found[bare] = (phenomenon, label)
    return sorted(((text, *told) for text, told in found.items()), key=lambda each: -len(each[0]))


@lru_cache(maxsize=100_000)
def read_line(line: str) -> Review | None:
    """The review that stands in a line; none where no thing of this world is named."""
    if not THING.search(line):
        return None
    bare = skeleton(line)
    for known, phenomenon, label in _known():
        if known in bare:
            return Review(line, label, phenomenon)
    return Review(line, _guess(line), "")


def _guess(text: str) -> str:
    """The label of a review in sentences that this world does not have: by words and cues."""
    tone = sum(_tone(match[0].lower()) for match in VOCABULARY.finditer(text))
    return "positive" if (tone >= 0) != (phenomenon_of(text) in TURNED) else "negative"
