"""The world in which it matters what a teacher thinks of: reviews that say things in eight ways.

A review is of made-up goods and says plainly, or by comparison, negation, irony and so on, whether
its writer is content. Gold rows use all eight ways alike. The scripted teacher, asked for reviews
of a label and no more, thinks of four of them and of half of the words; shown a review, it can
write another one of that kind, in its own sentences. So there is a gap between what a teacher
writes unasked and what people write, of known size and place: rows carry their `phenomenon`.

Frozen before any method was compared on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from tutelage.exceptions import UserError
from tutelage.records import Gist, Label, Task
from tutelage.teacher.worlds.knowledge import SLOTS, Manner, Passage, slot_of
from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_cues import phenomenon_of
from tutelage.teacher.worlds.review_frames import PHENOMENA, REAL, Frames
from tutelage.teacher.worlds.review_words import (
    BETTER,
    BLAME,
    CONTENT,
    DOMAINS,
    NAMES,
    PRAISE,
    REGRET,
    RIVALS,
    WORSE,
    Domain,
)
from tutelage.teacher.worlds.teacher_frames import USUAL, WRITTEN

TASK = Task(
    name="reviews",
    kind="classification",
    fields=("text",),
    labels=(
        Label("positive", "positive", "The writer is content with what is reviewed."),
        Label("negative", "negative", "The writer is not content with what is reviewed."),
    ),
    instruction=(
        "Read a customer's review and say whether its writer is content, whatever others are "
        "reported to think and whatever is said in jest."
    ),
)
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
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "product": tuple(noun for domain in DOMAINS for noun in domain.nouns),
    "length": ("one sentence", "two or three sentences", "a short paragraph"),
    "tone": ("matter-of-fact", "enthusiastic", "annoyed", "humorous", "polite"),
    "writer": ("a student", "a retired teacher", "a parent of three", "an expert", "a tourist"),
}
"""What reviews differ in, as the teacher would name it, with values."""
MOST_ROWS = 20_000
"""Rows of one role and seed."""
_OPPOSITE = {"positive": "negative", "negative": "positive"}
_SLOT = re.compile(r"\{(\w+)(?:\.(\w))?\}")


# --- writing --------------------------------------------------------------------------------------


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
        lists = {
            "v": CONTENT if good else REGRET,
            "more": BETTER if good else WORSE,
            "rival": RIVALS,
        }
        return self._pick(self.stock.of(lists[slot]))

    def _aspect(self, slot: str) -> str:
        if slot not in self.aspects:
            self.aspects[slot] = self._pick(self.stock.of(tuple(self.domain.aspects)))
        return self.aspects[slot]

    def _pick(self, words: Sequence[str]) -> str:
        left = [word for word in words if word not in self.used]
        self.used.append(self.lots.pick(left or words))
        return self.used[-1]


def compose(frame: str, label: str, lots: Lots, stock: Stock, slot: int | None = None) -> str:
    """A review in the words of `stock`.

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
    filled = _SLOT.sub(
        lambda hole: hole[0] if hole[1] == "thing" else sentence.fill(hole[1], hole[2] or ""),
        frame,
    )
    if slot is None:
        name = lots.pick(stock.of(NAMES))
    else:
        numbers = _numbers()
        total = numbers[frame] + numbers[noun] + sum(numbers[word] for word in sentence.used)
        name = NAMES[(slot - total) % SLOTS]
    return _capitalised(filled.replace("{thing}", f"the {name} {noun}"))


def _capitalised(text: str) -> str:
    return re.sub(r"(?:\A|[.!?] )[a-z]", lambda start: start[0].upper(), text)


@cache
def _numbers() -> Mapping[str, int]:
    """A number for each frame of gold rows and each word, by which roles are kept apart."""
    words = [*PRAISE, *BLAME, *CONTENT, *REGRET, *BETTER, *WORSE, *RIVALS]
    for domain in DOMAINS:
        words += [*domain.nouns, *domain.aspects]
        words += [word for said in domain.aspects.values() for half in said for word in half]
    frames = [frame for kind in REAL.values() for label in _OPPOSITE for frame in kind.of(label)]
    return {text: number for number, text in enumerate(dict.fromkeys([*frames, *words]))}


# --- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Review:
    """A review as read from its text."""

    text: str
    label: str
    phenomenon: str = ""
    """Empty where the text is none of this world's making."""

    def reasons(self, label: str) -> str:
        """The words of praise and blame, how they are meant, and what follows.

        >>> (review,) = Reviews().read("Nothing about the Luna kettle is dreadful.")
        >>> review.reasons(review.label)
        'Praise: none. Blame: dreadful. What is said is denied. So the writer is content.'
        """
        found = [match[0].lower() for match in _vocabulary().finditer(self.text)]
        kinds = _kinds()
        praise = ", ".join(word for word in found if kinds[word] == "good") or "none"
        blame = ", ".join(word for word in found if kinds[word] == "bad") or "none"
        end = "content" if label == "positive" else "not content"
        return f"Praise: {praise}. Blame: {blame}. {_HOW[self.phenomenon]} So the writer is {end}."

    def five_w(self) -> tuple[str, str, str, str, str]:
        noun = _THING.findall(self.text)[0].lower()
        return "a customer", f"review of a {noun}", "", "", _HOW[self.phenomenon].rstrip(".")


_THING = re.compile(
    rf"\bthe (?:{'|'.join(NAMES)}) "
    rf"({'|'.join(noun for domain in DOMAINS for noun in domain.nouns)})\b",
    re.IGNORECASE,
)


@cache
def _kinds() -> Mapping[str, str]:
    """What each word is a case of: `good`, `bad`, `content`, `aspect` and so on."""
    kinds: dict[str, str] = {}
    for domain in DOMAINS:
        for aspect, (good, bad) in domain.aspects.items():
            kinds[f"the {aspect}"] = "aspect"
            kinds |= dict.fromkeys(good, "good") | dict.fromkeys(bad, "bad")
    lists = {
        "good": PRAISE, "bad": BLAME, "content": CONTENT, "regret": REGRET,
        "better": BETTER, "worse": WORSE, "rival": RIVALS,
    }  # fmt: skip
    for kind, words in lists.items():
        kinds |= dict.fromkeys((word.lower() for word in words), kind)
    return kinds


@cache
def _vocabulary() -> re.Pattern[str]:
    longest_first = sorted(_kinds(), key=lambda word: (-len(word), word))
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)


def _skeleton(text: str) -> str:
    """What is left of a text when its words are replaced by their kinds."""
    bare = _THING.sub("<thing>", text)
    return _vocabulary().sub(lambda word: f"<{_kinds()[word[0].lower()]}>", bare).lower()


@cache
def _known() -> Sequence[tuple[str, str, str]]:
    """Skeleton, phenomenon and label of every frame, the longest first."""
    found: dict[str, tuple[str, str]] = {}
    for frames in (REAL, WRITTEN):
        for phenomenon, kind in frames.items():
            for label in TASK.label_names:
                for frame in kind.of(label):
                    text = compose(frame, label, Lots("skeleton", frame), Stock())
                    found[_skeleton(text)] = (phenomenon, label)
    return sorted(((text, *told) for text, told in found.items()), key=lambda each: -len(each[0]))


@lru_cache(maxsize=100_000)
def _read_line(line: str) -> Review | None:
    if not _THING.search(line):
        return None
    skeleton = _skeleton(line)
    for known, phenomenon, label in _known():
        if known in skeleton:
            return Review(line, label, phenomenon)
    return Review(line, _guess(skeleton, phenomenon_of(line)))


def _guess(skeleton: str, phenomenon: str) -> str:
    """The label of a review in sentences that this world does not have: by words and cues."""
    good = sum(skeleton.count(f"<{kind}>") for kind in ("good", "content", "better"))
    bad = sum(skeleton.count(f"<{kind}>") for kind in ("bad", "regret", "worse"))
    content = good >= bad
    turned = phenomenon in ("negation", "expectation", "reported", "irony")
    return "positive" if content != turned else "negative"


# --- the world ------------------------------------------------------------------------------------


class Reviews:
    """The world of reviews; see the module."""

    task = TASK

    def write(self, count: int, *, role: str, seed: int) -> list[dict[str, str]]:
        """Reviews with their `phenomenon`: each sixteen rows hold every phenomenon with every
        label once, and each two rows both labels.

        Raises:
            UserError: more than `MOST_ROWS`.
        """
        if count > MOST_ROWS:
            raise UserError(
                f"The world of reviews cannot write {count} different rows for one role.",
                f"It has words for {MOST_ROWS}.",
                f"Ask for {MOST_ROWS} rows or fewer.",
            )
        lots = Lots("reviews", 1, role, seed)
        seen: set[str] = set()
        rows: list[dict[str, str]] = []
        while len(rows) < count:
            orders = {label: lots.order(PHENOMENA) for label in TASK.label_names}
            for at in range(len(PHENOMENA)):
                for label in lots.order(TASK.label_names):
                    kind = orders[label][at]
                    text = _fresh(REAL[kind], label, lots, slot_of(role, seed), seen)
                    rows.append({"text": text, "label": label, "phenomenon": kind})
        return rows[:count]

    def read(self, prompt: str) -> Sequence[Review]:
        """One review for each line that names a thing of this world."""
        found = (_read_line(line) for line in prompt.splitlines())
        return [review for review in found if review is not None]

    def compose(self, gist: Gist, prompt: str, *, manner: Manner, lots: Lots) -> Passage | None:
        """A review for the label of `gist`; like the one it shows, where it shows one.

        Of a review to vary, or of examples in the prompt, the text alone is read, by its cues.
        Fields that stand already, reasons and requirements are not heeded.
        """
        if gist.wanted != TASK.fields:
            return None
        shown = self._shown(gist, prompt, lots)
        phenomenon = phenomenon_of(shown) if shown else ""
        follows = lots.unit() < (manner.stays if gist.kind == "variation" else manner.follows)
        alike = bool(phenomenon) and follows
        label = gist.label or lots.pick(TASK.label_names)
        slip = not alike and lots.unit() < manner.slips
        meant = _OPPOSITE[label] if slip else label
        kind = phenomenon if alike else lots.pick(USUAL)
        frame = lots.pick(WRITTEN[kind].of(meant))
        text = compose(frame, meant, lots, Stock(half=not alike))
        strange = 0.25 * (kind not in USUAL) + 0.5 * slip
        return Passage({"text": text}, -(0.3 + strange + 0.2 * lots.unit()))

    def _shown(self, gist: Gist, prompt: str, lots: Lots) -> str:
        if gist.kind == "variation":
            return " ".join(gist.given.values())
        examples = self.read(prompt)[-gist.shots :] if gist.shots else []
        return lots.pick(examples).text if examples else ""

    def suggest(self, gist: Gist, prompt: str, *, lots: Lots) -> Sequence[str]:
        """Reasons why a writer may think what the label says, or what reviews differ in."""
        if gist.kind == "attributes":
            found = tuple(DIMENSIONS)
            if gist.wanted != ("dimension",):
                asked = next((name for name in DIMENSIONS if name in prompt), "product")
                found = DIMENSIONS[asked]
            return lots.order(found)[: gist.count]
        return [_reason(gist.label != "negative", lots) for _ in range(gist.count)]


def _reason(good: bool, lots: Lots) -> str:
    domain, stock = lots.pick(DOMAINS), Stock(half=True)
    aspect = lots.pick(stock.of(tuple(domain.aspects)))
    word = lots.pick(stock.said(domain, aspect, good))
    return f"The {aspect} of the {lots.pick(domain.nouns)} is {word}."


def _fresh(kind: Frames, label: str, lots: Lots, slot: int, seen: set[str]) -> str:
    """A review that is not among those `seen`, to which it is added."""
    for text in _drawn(kind, label, lots, slot):
        if text not in seen:
            seen.add(text)
            return text
    raise AssertionError("drawing never ends")


def _drawn(kind: Frames, label: str, lots: Lots, slot: int) -> Iterator[str]:
    while True:
        yield compose(lots.pick(kind.of(label)), label, lots, Stock(), slot)
