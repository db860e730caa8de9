"""The world in which it matters what a teacher thinks of: reviews that say things in eight ways.

A review is of made-up goods and says plainly, or by comparison, negation, irony and so on, whether
its writer is content. Gold rows use all eight ways alike. The scripted teacher, asked for reviews
of a label and no more, thinks of four of them and of half of the words, in sentences of its own;
shown a review whose manner it recognises, it says the like in other words. So there is a gap
between what a teacher writes unasked and what people write, of known size and place: rows carry
their `phenomenon`. In the four ways that the teacher leaves out, most words mean the reverse of
what they say, so that a student who never met them errs there. No sentence frame of role test
occurs in another role or with the teacher: nothing can be learned by heart.

Second edition. In the first one no teacher, however complete, could have taught a student on frozen
embeddings much: the gap did not limit it (docs/findings.md). So this one was made to a rule that
names no method and was measured before any ran: with a logistic head on frozen MiniLM embeddings
and with TF-IDF, (i) 800 rows for bare labels must stay far below both (ii) 800 rows in which the
same teacher writes all eight ways with all words and (iii) 800 variations of gold rows that no
study uses; and (iv) 800 gold rows must teach at least as much as (iii). Words, frames and cues were
chosen by these four figures alone, and frozen before any method was compared on this world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutelage.exceptions import UserError
from tutelage.records import Gist, Label, Task
from tutelage.teacher.worlds.knowledge import Manner, Passage, slot_of
from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_cues import phenomenon_of
from tutelage.teacher.worlds.review_frames import PHENOMENA, REAL
from tutelage.teacher.worlds.review_reading import Review, read_line
from tutelage.teacher.worlds.review_test_frames import UNSEEN
from tutelage.teacher.worlds.review_varying import vary
from tutelage.teacher.worlds.review_words import DOMAINS
from tutelage.teacher.worlds.review_writing import Stock, compose
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
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "product": tuple(noun for domain in DOMAINS for noun in domain.nouns),
    "length": ("one sentence", "two or three sentences", "a short paragraph"),
    "tone": ("matter-of-fact", "enthusiastic", "annoyed", "humorous", "polite"),
    "writer": (
        "a student",
        "a retired teacher",
        "a parent of three",
        "an expert",
        "a tourist",
    ),
}
"""What reviews differ in, as the teacher would name it, with values."""
MOST_ROWS = 20_000
"""Rows of one role and seed."""
_OPPOSITE = {"positive": "negative", "negative": "positive"}


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
        lots = Lots("reviews", 2, role, seed)
        frames = UNSEEN if role == "test" else REAL
        seen: set[str] = set()
        rows: list[dict[str, str]] = []
        while len(rows) < count:
            orders = {label: lots.order(PHENOMENA) for label in TASK.label_names}
            for at in range(len(PHENOMENA)):
                for label in lots.order(TASK.label_names):
                    kind = orders[label][at]
                    text = _fresh(frames[kind], label, lots, slot_of(role, seed), seen)
                    rows.append({"text": text, "label": label, "phenomenon": kind})
        return rows[:count]

    def read(self, prompt: str) -> Sequence[Review]:
        """One review for each line that names a thing of this world."""
        found = (read_line(line) for line in prompt.splitlines())
        return [review for review in found if review is not None]

    def compose(self, gist: Gist, prompt: str, *, manner: Manner, lots: Lots) -> Passage | None:
        """A review for the label of `gist`; like the one it shows, where it shows one.

        Of a review to vary, or of examples in the prompt, the text alone is read, by its words and
        cues. A variation has the sentences of the text it varies; a text written after examples
        has the teacher's own, in the way of one of them. Fields that stand already, reasons and
        requirements are not heeded.
        """
        if gist.wanted != TASK.fields:
            return None
        shown = self._shown(gist, prompt, lots)
        phenomenon = phenomenon_of(shown) if shown else ""
        follows = lots.unit() < (manner.stays if gist.kind == "variation" else manner.follows)
        alike = bool(phenomenon) and follows
        if alike and gist.kind == "variation" and (text := vary(shown, lots)):
            return Passage({"text": text}, _ease(phenomenon, 0, lots))
        alike = alike and gist.kind != "variation"
        label = gist.label or lots.pick(TASK.label_names)
        slip = not alike and lots.unit() < manner.slips
        kind = phenomenon if alike else lots.pick(USUAL)
        meant = _OPPOSITE[label] if slip else label
        text = compose(lots.pick(WRITTEN[kind]), meant, lots, Stock(half=not alike))
        return Passage({"text": text}, _ease(kind, 0.5 * slip, lots))

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


def _ease(kind: str, strange: float, lots: Lots) -> float:
    """Mean log-probability of a text: what the teacher thinks of unasked comes easier."""
    return -(0.3 + strange + 0.25 * (kind not in USUAL) + 0.2 * lots.unit())


def _reason(good: bool, lots: Lots) -> str:
    domain, stock = lots.pick(DOMAINS), Stock(half=True)
    aspect = lots.pick(stock.of(tuple(domain.aspects)))
    word = lots.pick(stock.said(domain, aspect, good))
    return f"The {aspect} of the {lots.pick(domain.nouns)} is {word}."


def _fresh(frames: Sequence[str], label: str, lots: Lots, slot: int, seen: set[str]) -> str:
    """A review that is not among those `seen`, to which it is added."""
    while (text := compose(lots.pick(frames), label, lots, Stock(), slot)) in seen:
        pass
    seen.add(text)
    return text
