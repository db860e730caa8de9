"""The world in which rationales gain nothing: does one quantified sentence follow from another?

Premise and hypothesis say of every, some, no or not every noun that it did something, in the same
scene, with words of a made-up corner of English: a spaniel is a dog is an animal, who sprinted ran
and who ran moved. Labels are computed, not written: a pair is entailed where every possible state
of affairs that makes the premise true makes the hypothesis true (each noun having at least one
instance), contradicted where none does.

The rationale restates the monotonicity rule of the quantifiers, which already stand in the text.
What a student has to find out, which word is wider than which, it leaves unsaid: a careful
comparison must not find a gain from it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tutelage.records import Label, Task
from tutelage.teacher.worlds.knowledge import SLOTS, slot_of
from tutelage.teacher.worlds.lots import Lots

Quantifier = Literal["every", "some", "no", "not every"]

_PHRASES: Mapping[str, Quantifier] = {
    "every": "every", "each": "every", "some": "some", "at least one": "some", "no": "no",
    "not a single": "no", "not every": "not every", "not each": "not every",
}  # fmt: skip
_RULES: Mapping[Quantifier, str] = {
    "every": "every stays true for narrower subjects and wider actions",
    "some": "some stays true for wider subjects and wider actions",
    "no": "no stays true for narrower subjects and narrower actions",
    "not every": "not every stays true for wider subjects and narrower actions",
}
_NOUNS: Mapping[str, Mapping[str, str]] = {
    "animal": {
        "dog": "spaniel terrier poodle",
        "bird": "sparrow robin owl",
        "horse": "pony mare foal",
        "fish": "trout carp pike",
    },
    "person": {
        "child": "girl boy toddler",
        "worker": "baker welder mason",
        "artist": "painter dancer sculptor",
        "athlete": "rower boxer skater",
    },
}
_VERBS: Mapping[str, Mapping[str, str]] = {
    "moved": {"ran": "sprinted jogged", "jumped": "hopped leapt", "turned": "spun twirled"},
    "rested": {"slept": "dozed napped", "sat": "perched squatted"},
    "made noise": {"sang": "crooned chanted", "cried": "wailed sobbed"},
}
_ADJECTIVES = ("", "", "", "small", "tall", "old", "young", "quiet", "brave", "tired")
_PLACES = (
    "barn", "garden", "harbour", "market", "meadow", "museum", "park", "station", "tower", "valley",
)  # fmt: skip
_PLACE_KINDS = (
    "bright", "busy", "cold", "dark", "empty", "green", "large", "narrow", "sunny", "wide",
)  # fmt: skip


def _parents(tree: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The next wider word of each word; the widest have none."""
    wider: dict[str, str] = {}
    for widest, middles in tree.items():
        wider[widest] = ""
        for middle, narrow in middles.items():
            wider[middle] = widest
            wider.update(dict.fromkeys(narrow.split(), middle))
    return wider


_WIDER_NOUN = _parents(_NOUNS)
_WIDER_VERB = _parents(_VERBS)

TASK = Task(
    name="monotonicity",
    kind="nli",
    fields=("premise", "hypothesis"),
    labels=(
        Label("entailment", "entailment", "The hypothesis must be true where the premise is."),
        Label("neutral", "neutral", "The premise leaves open whether the hypothesis is true."),
        Label("contradiction", "contradiction", "Premise and hypothesis cannot both be true."),
    ),
    instruction=(
        "Say whether the hypothesis follows from the premise. There is at least one of everybody "
        "and everything that a sentence names."
    ),
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a quantified sentence says, whatever phrase it uses for its quantifier."""

    quantifier: Quantifier
    noun: str
    verb: str
    adjective: str = ""
    scene: str = ""

    @property
    def subject(self) -> str:
        return f"{self.adjective} {self.noun}".strip()


Relation = Literal["same", "wider", "narrower", "other"]


def relation(first: Sentence, second: Sentence) -> tuple[Relation, Relation]:
    """How the second subject and action stand to the first ones.

    >>> relation(Sentence("every", "dog", "ran"), Sentence("some", "dog", "moved", "old"))
    ('narrower', 'wider')
    """
    subjects = _compare(
        _covers(second.noun, first.noun, _WIDER_NOUN) and second.adjective in ("", first.adjective),
        _covers(first.noun, second.noun, _WIDER_NOUN) and first.adjective in ("", second.adjective),
    )
    actions = _compare(
        _covers(second.verb, first.verb, _WIDER_VERB), _covers(first.verb, second.verb, _WIDER_VERB)
    )
    return subjects, actions


def _covers(wide: str, narrow: str, wider: Mapping[str, str]) -> bool:
    while narrow and narrow != wide:
        narrow = wider[narrow]
    return bool(narrow)


def _compare(second_covers: bool, first_covers: bool) -> Relation:
    if second_covers:
        return "same" if first_covers else "wider"
    return "narrower" if first_covers else "other"


@cache
def judge(
    premise: Quantifier, hypothesis: Quantifier, subjects: Relation, actions: Relation
) -> str:
    """The label, by going through all states of affairs that matter.

    An individual is told by whether it is in the first and second subject and does the first and
    second action. Two sentences and the existence of both subjects need four witnesses at most,
    so states of up to four kinds of individuals decide.

    >>> judge("every", "some", "narrower", "wider")
    'entailment'
    >>> judge("no", "some", "same", "narrower")
    'contradiction'
    """
    kinds = [
        kind
        for kind in itertools.product((False, True), repeat=4)
        if _possible(kind[0], kind[1], subjects) and _possible(kind[2], kind[3], actions)
    ]
    verdicts = {
        _true(hypothesis, [(kind[1], kind[3]) for kind in state])
        for size in range(1, 5)
        for state in itertools.combinations(kinds, size)
        if any(kind[0] for kind in state)
        and any(kind[1] for kind in state)
        and _true(premise, [(kind[0], kind[2]) for kind in state])
    }
    if len(verdicts) == 2:
        return "neutral"
    return "entailment" if verdicts == {True} else "contradiction"


def _possible(first: bool, second: bool, how: Relation) -> bool:
    if how == "same":
        return first == second
    if how == "wider":
        return second or not first
    return how == "other" or first or not second


def _true(quantifier: Quantifier, individuals: Sequence[tuple[bool, bool]]) -> bool:
    done = [act for member, act in individuals if member]
    if quantifier in ("every", "not every"):
        return all(done) == (quantifier == "every")
    return any(done) == (quantifier == "some")


@dataclass(frozen=True, slots=True)
class Pair:
    """A premise and a hypothesis as read from their texts."""

    premise: Sentence
    hypothesis: Sentence

    @property
    def label(self) -> str:
        if self.premise.scene != self.hypothesis.scene:
            return "neutral"
        related = relation(self.premise, self.hypothesis)
        return judge(self.premise.quantifier, self.hypothesis.quantifier, *related)

    def reasons(self, label: str) -> str:
        """The rules of both quantifiers, which are the same whatever the label.

        >>> pair = Pair(Sentence("no", "dog", "ran"), Sentence("no", "spaniel", "ran"))
        >>> pair.reasons("entailment")
        'By rule, no stays true for narrower subjects and narrower actions.'
        """
        used = dict.fromkeys((self.premise.quantifier, self.hypothesis.quantifier))
        return f"By rule, {'; '.join(_RULES[quantifier] for quantifier in used)}."

    def five_w(self) -> tuple[str, str, str, str, str]:
        said = self.premise
        return f"{said.quantifier} {said.subject}", said.verb, "", f"the {said.scene}", ""


_SENTENCE = re.compile(
    rf"\bin the (?P<scene>(?:{'|'.join(_PLACE_KINDS)}) (?:{'|'.join(_PLACES)})), "
    rf"(?P<phrase>{'|'.join(sorted(_PHRASES, key=len, reverse=True))}) "
    rf"(?:(?P<adjective>{'|'.join(dict.fromkeys(filter(None, _ADJECTIVES)))}) )?"
    rf"(?P<noun>{'|'.join(_WIDER_NOUN)}) (?P<verb>{'|'.join(_WIDER_VERB)})\b",
    re.IGNORECASE,
)


class Monotonicity:
    """The world of quantified sentences; see the module."""

    task = TASK

    def write(self, count: int, *, role: str, seed: int) -> list[dict[str, str]]:
        """Pairs whose labels come in equal shares: each three rows hold every label once."""
        lots = Lots("monotonicity", 1, role, seed)
        drawn = _pairs(lots, slot_of(role, seed))
        rows: list[dict[str, str]] = []
        waiting: dict[str, list[Pair]] = {name: [] for name in TASK.label_names}
        while len(rows) < count:
            for label in lots.order(TASK.label_names):
                while not waiting[label]:
                    pair = next(drawn)
                    waiting[pair.label].append(pair)
                chosen = waiting[label].pop(0)
                premise, hypothesis = (
                    _say(said, lots) for said in (chosen.premise, chosen.hypothesis)
                )
                rows.append({"premise": premise, "hypothesis": hypothesis, "label": label})
        return rows[:count]

    def read(self, prompt: str) -> Sequence[Pair]:
        """Each two sentences in turn are a pair; a last premise without hypothesis is its own."""
        said = [_parse(match) for match in _SENTENCE.finditer(prompt)]
        return [Pair(said[at], said[min(at + 1, len(said) - 1)]) for at in range(0, len(said), 2)]


def _parse(match: re.Match[str]) -> Sentence:
    found = {name: (text or "").lower() for name, text in match.groupdict().items()}
    return Sentence(
        _PHRASES[found["phrase"]], found["noun"], found["verb"], found["adjective"], found["scene"]
    )


def _say(said: Sentence, lots: Lots) -> str:
    phrase = lots.pick(
        [phrase for phrase, quantifier in _PHRASES.items() if quantifier == said.quantifier]
    )
    return f"In the {said.scene}, {phrase} {said.subject} {said.verb}."


def _pairs(lots: Lots, slot: int) -> Iterator[Pair]:
    """Pairs whose words' numbers, the scene's included, add up to `slot` modulo `SLOTS`.

    There are as many scenes as slots, so whatever the sentences say, one scene fits.
    """
    nouns, verbs, quantifiers = tuple(_WIDER_NOUN), tuple(_WIDER_VERB), tuple(_RULES)
    seen: set[Pair] = set()
    while True:
        first = (lots.pick(nouns), lots.pick(verbs), lots.pick(_ADJECTIVES))
        noun = _near(first[0], _WIDER_NOUN, lots)
        verb = _near(first[1], _WIDER_VERB, lots)
        second = (noun, verb, first[2] if lots.below(3) else lots.pick(_ADJECTIVES))
        sides = lots.pick(quantifiers), lots.pick(quantifiers)
        numbers = [
            nouns.index(first[0]),
            nouns.index(noun),
            verbs.index(first[1]),
            verbs.index(verb),
        ]
        place = (slot - sum(numbers)) % SLOTS
        scene = f"{_PLACE_KINDS[place // 10]} {_PLACES[place % 10]}"
        pair = Pair(Sentence(sides[0], *first, scene), Sentence(sides[1], *second, scene))
        if pair not in seen and pair.premise != pair.hypothesis:
            seen.add(pair)
            yield pair


def _near(word: str, wider: Mapping[str, str], lots: Lots) -> str:
    """The word itself, a wider or a narrower one, or now and then any other."""
    lot = lots.below(7)
    if lot < 2:
        return word
    if lot < 4:
        return wider[word] or word
    if lot < 6:
        return lots.pick([narrow for narrow, wide in wider.items() if wide == word] or [word])
    return lots.pick(tuple(wider))
