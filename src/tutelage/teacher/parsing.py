"""Reads a label out of a reply, and never guesses.

What counts as evidence, from the teacher's point of view: the reply (or its first or last line) is
a label; a label follows an answer marker (`Answer: x`, `So the answer is x`); a JSON object names
it. All evidence must agree. A label that is merely mentioned counts only where a short reply names
one label and no other, and does not deny it. Everything else is None, which the evaluation counts
as wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tutelage.records import Label


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says."""

    label: str | None = None
    """Name of the label; None where none can be read for certain."""
    labels: tuple[str, ...] | None = None
    """Names of all labels, in the order of the task (multi-label); None where unreadable."""
    abstained: bool = False
    """Whether the teacher said that it cannot decide."""
    start: int = -1
    """Where in the text the label stands, to find its tokens; -1 where there is none."""
    before: str = ""
    """The text before the answer, without the words that lead to it."""
    after: str = ""
    """The text after the answer, without a heading such as `Reasons:`."""


ABSTAIN = (
    "unsure", "not sure", "i am not sure", "i'm not sure", "uncertain", "i don't know",
    "i do not know", "unknown", "cannot decide", "i cannot decide", "can't decide",
    "cannot determine", "cannot be determined", "undecided", "abstain",
)  # fmt: skip
"""Answers that are no label, unless the task has a label of that name."""

_SPACE = r"[\s_-]+"
_MARK = r"[\s*_`\"'“”‘’]*"
_MARKER = re.compile(
    r"(?:(?<=[\s,.;:!?(*_])|\A)"
    r"(?:(?:so|hence|thus|therefore|and so|and hence)\s*,?\s+)?"
    r"(?:the\s+|my\s+)?(?P<final>final\s+)?(?:correct\s+|right\s+|best\s+)?"
    rf"(?:answer|label){_MARK}(?:is\b|:|=|would be\b|should be\b){_MARK}:?{_MARK}",
    re.IGNORECASE,
)
_JSON_KEY = re.compile(
    r"(?<=[{,\s\"'“])(?:label|labels|answer|class|category)[\"'”]?\s*:\s*"
    r"(?:\[(?P<list>[^\]]*)\]?|[\"'“](?P<text>[^\"”\n]*?)[\"'”]\s*(?=[,}\n]|\Z)"
    r"|(?P<bare>[\w .-]+))",
    re.IGNORECASE,
)
_JSON_REASON = re.compile(
    r"[\"'“](?:rationale|reasons?|reasoning|explanation)[\"'”]\s*:\s*\"((?:[^\"\\]|\\.)*)\"",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:not?|never|neither|nor|without|rather than|instead of|\w+n['’]t|cannot|hardly|but"
    r"|mixed|mostly|partly|somewhat|both|either|or|could|might|may|if|unless)\b|\?",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not?|never|neither|nor|without|\w+n['’]t|cannot|hardly)\W+(?:\w+\W+){0,3}\Z",
    re.IGNORECASE,
)
_HEADING = re.compile(
    rf"\A[\s.,;:)\]*_`\"'“”’-]*(?:(?:reasons?|reasoning|rationale|explanation|because)\b{_MARK}:?)?"
    r"[\s:*_]*",
    re.IGNORECASE,
)
_LEAD = re.compile(r"\A\s*(?:reasons?|reasoning|rationale|explanation)\s*:\s*", re.IGNORECASE)
_OR = re.compile(
    r"[\s*_`\"'”]*(?:/|\||&|,|\bor\b|\band\b)[\s*_`\"'“]*(?:(?:or|and)\s+)?", re.IGNORECASE
)
_LETTER = re.compile(r"\(?[a-zA-Z](?:[).:]|\W*\Z)")
_OPTION = re.compile(r"\(([a-zA-Z])\)")
SHORT = 15
"""Words in a reply that may be read by a mere mention of one label."""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """All ways to write the labels of a task."""

    pattern: re.Pattern[str]
    """One group for each form, the longest first."""
    names: tuple[str, ...]
    """Name of the label that each group means."""
    forms: frozenset[str]

    def name(self, found: re.Match[str]) -> str:
        assert found.lastindex is not None
        return self.names[found.lastindex - 1]


def _lexicon(forms: dict[str, str], *, open_from: int | None = None) -> _Lexicon:
    """A lexicon of `forms` (label name by written form).

    Forms are whole words; those of `open_from` characters or more may go on, as stems do.
    """
    order = sorted(forms, key=lambda form: (-len(form), form))
    ends = ["" if open_from and len(form) >= open_from else r"(?!\w)" for form in order]
    words = [_SPACE.join(map(re.escape, form.split())) for form in order]
    parts = "|".join(f"({word}){end}" for word, end in zip(words, ends, strict=True))
    pattern = re.compile(rf"(?<!\w)(?:{parts})", re.IGNORECASE)
    return _Lexicon(pattern, tuple(forms[form] for form in order), frozenset(forms))


@lru_cache(maxsize=64)
def _words(labels: tuple[Label, ...]) -> _Lexicon:
    """The labels' words; their names too, where they are not another label's words."""
    forms: dict[str, str] = {}
    for label in labels:
        forms.setdefault(_folded(label.said), label.name)
    for label in labels:
        forms.setdefault(_folded(label.name), label.name)
    return _lexicon(forms)


@lru_cache(maxsize=64)
def _stems(labels: tuple[Label, ...]) -> _Lexicon:
    forms: dict[str, str] = {}
    for label in labels:
        stem = re.sub(r"(?<=\w{6})(?:ment|ion)\Z", "", _folded(label.said))
        forms.setdefault(stem, label.name)
    return _lexicon(forms, open_from=5)


def _folded(text: str) -> str:
    """`text` without case, with blanks for hyphens and underscores inside it: `-1` stays `-1`."""
    return " ".join(re.sub(rf"(?<=\w){_SPACE}(?=\w)", " ", text).split()).casefold()


def read_label(text: str, labels: Sequence[Label], *, letters: bool = False) -> Reading:
    """The one label that `text` gives as its answer.

    Args:
        text: A completion, cut where it runs on.
        labels: The task's labels; both their words and their names are understood.
        letters: Whether the prompt lettered the labels, so that `(b)` is the second.

    >>> labels = (Label("pos", "positive"), Label("neg", "negative"))
    >>> read_label("It praises the cast. So the answer is **Positive**.", labels).label
    'pos'
    >>> read_label("Both positive and negative things are said.", labels).label is None
    True
    """
    reader = _Reader(tuple(labels), letters)
    found = list(reader.evidence(text))
    finals = [one for one in found if one.final]
    said = {one.name for one in finals or found}
    if len(said) != 1:
        return Reading()
    first = min(finals or found, key=lambda one: one.lead)
    before, after = _sides(text, first)
    abstained = first.name is None
    return Reading(
        label=first.name,
        abstained=abstained,
        start=-1 if abstained else first.start,
        before=before,
        after=after,
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    name: str | None
    """The label; None for an abstention."""
    start: int
    end: int
    lead: int
    """Where the words begin that lead to the answer."""
    final: bool = False


class _Reader:
    """Collects all that a text says about its label."""

    def __init__(self, labels: tuple[Label, ...], letters: bool) -> None:
        self.words = _words(labels)
        self.letters = {chr(97 + i): label.name for i, label in enumerate(labels[:26])}
        self.lettered = letters
        self.abstain = tuple(a for a in ABSTAIN if a not in self.words.forms)

    def evidence(self, text: str) -> Iterator[_Evidence]:
        if objects := _objects(text):
            yield from self._json(objects)
            return
        plain = [*self._lines(text), *self._marked(text)]
        yield from plain
        if not plain and not _MARKER.search(text) and len(text.split()) <= SHORT:
            one = self._only(text, 0, 0)
            yield from [one] if one else []

    def _json(self, objects: Iterable[re.Match[str]]) -> Iterator[_Evidence]:
        for found in objects:
            for group in ("text", "bare"):
                value = found.group(group)
                if value and (one := self._exact(value, found.start(group), found.start())):
                    yield one

    def _lines(self, text: str) -> Iterator[_Evidence]:
        """The first and the last line, where one of them is nothing but an answer."""
        lines = [m for m in re.finditer(r"[^\n]+", text) if m.group().strip()]
        for line in lines[:1] + lines[1:][-1:]:
            if one := self._exact(line.group(), line.start(), line.start()):
                yield one

    def _marked(self, text: str) -> Iterator[_Evidence]:
        for marker in _MARKER.finditer(text):
            rest = text[marker.end() :].split("\n", 1)[0]
            one = self._leading(rest, marker.end(), marker.start()) or self._only(
                rest.split(". ", 1)[0], marker.end(), marker.start()
            )
            if one:
                final = bool(marker.group("final"))
                yield _Evidence(one.name, one.start, one.end, one.lead, final)

    def _exact(self, text: str, at: int, lead: int) -> _Evidence | None:
        """`text` where it is a label or an abstention, and nothing besides marks."""
        one = self._leading(text, at, lead)
        if one and not re.search(r"\w", text[one.end - at :]):
            return one
        return None

    def _leading(self, text: str, at: int, lead: int) -> _Evidence | None:
        """The label, letter or abstention with which `text` begins."""
        start = len(text) - len(re.sub(r"\A[^\w(]+", "", text))
        option = _LETTER.match(text, start) if self.lettered else None
        if option:
            return self._letter(option, text, at, lead)
        found = self.words.pattern.search(text)
        if found and not re.search(r"\w", text[: found.start()]):
            name = self.words.name(found)
            more = _OR.match(text, found.end())
            other = more and self.words.pattern.match(text, more.end())
            asks = text[found.end() :].lstrip(' *_"”').startswith("?")
            if asks or (other and self.words.name(other) != name):
                return None
            return _Evidence(name, at + found.start(), at + found.end(), lead)
        start += len(text[start:]) - len(text[start:].lstrip("("))
        plain = _folded(re.sub(r"[^\w\s'-]+", " ", text[start:].replace("’", "'")))
        if plain in self.abstain:
            return _Evidence(None, at + start, at + len(text), lead)
        return None

    def _letter(self, option: re.Match[str], text: str, at: int, lead: int) -> _Evidence | None:
        """A lettered option, which the words behind it must not contradict."""
        name = self.letters.get(option[0].strip(" ().:*_").lower()[:1])
        end = option.end()
        behind = self.words.pattern.match(text, len(text) - len(text[end:].lstrip(" *_")))
        if name is None or (behind and self.words.name(behind) != name):
            return None
        stop = behind.end() if behind else end
        return _Evidence(name, at + option.start(), at + stop, lead)

    def _only(self, text: str, at: int, lead: int) -> _Evidence | None:
        """The one label that `text` names, where it names no other and denies nothing."""
        found = list(self.words.pattern.finditer(text))
        said = {self.words.name(one) for one in found}
        if len(said) != 1 or len(found[0].group()) < 3 or found[0].group().isdigit():
            return None
        around = text[: found[0].start()] + text[found[-1].end() :]
        options = {self.letters.get(x.lower()) for x in _OPTION.findall(around)}
        if _DENIAL.search(around) or (self.lettered and options - said):
            return None
        return _Evidence(said.pop(), at + found[0].start(), at + found[0].end(), lead)


def _objects(text: str) -> list[re.Match[str]]:
    """Where a JSON object, whole or slightly broken, names its label."""
    return list(_JSON_KEY.finditer(text, text.index("{"))) if "{" in text else []


def _sides(text: str, answer: _Evidence) -> tuple[str, str]:
    """What stands before and after the answer, without the words that lead to either."""
    if _objects(text):
        reason = _JSON_REASON.search(text)
        if reason is None:
            return "", ""
        inside = reason.group(1).replace("\\n", "\n").replace('\\"', '"').strip()
        return (inside, "") if reason.start() < answer.start else ("", inside)
    before = re.sub(r"[\s,;:*_(\"'“‘`-]+\Z", "", text[: answer.lead])
    after = _HEADING.sub("", text[answer.end :]).strip()
    return _LEAD.sub("", before).strip(), after


def read_labels(text: str, labels: Sequence[Label]) -> Reading:
    """All labels that `text` gives as its answer, for tasks where several may apply.

    The answer is a JSON list, what follows an answer marker, or the whole reply: labels between
    commas, bullets, `and` or line ends, with nothing else among them, or `none`.

    >>> labels = [Label("joy"), Label("fear"), Label("anger")]
    >>> read_labels("Answer: Joy, anger and fear", labels).labels
    ('joy', 'fear', 'anger')
    >>> read_labels("Answer: joy and perhaps fear", labels).labels is None
    True
    """
    found = list(_lists(text, tuple(labels)))
    if len({names for _, _, names in found}) != 1:
        abstained = _Reader(tuple(labels), False)._exact(text, 0, 0)
        return Reading(abstained=bool(abstained and abstained.name is None))
    start, end, names = found[0]
    marker = max((m.start() for m in _MARKER.finditer(text) if m.start() <= start), default=start)
    before, after = _sides(text, _Evidence(None, start, end, marker))
    return Reading(labels=names, start=start, before=before, after=after)


def _lists(text: str, labels: tuple[Label, ...]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where answers that are lists of labels begin and end, and the labels in the task's order."""
    places: Iterable[tuple[int, str]]
    if objects := _objects(text):
        places = [
            (one.start(group), one.group(group))
            for one in objects
            for group in ("list", "text", "bare")
            if one.group(group) is not None
        ]
    elif markers := list(_MARKER.finditer(text)):
        places = [(m.end(), re.split(r"\n(?=\w+:)|\n\n", text[m.end() :])[0]) for m in markers]
    else:
        places = [(0, text)]
    for at, part in places:
        if (names := _listed(part, labels)) is not None:
            yield at, at + len(part), names


_NONE = ("none", "none of them", "no label", "none of the labels", "none apply", "none applies")


def _listed(text: str, labels: tuple[Label, ...]) -> tuple[str, ...] | None:
    """The labels of a list that holds nothing else; None where it holds something else."""
    words = _words(labels)
    found = {words.name(one) for one in words.pattern.finditer(text)}
    rest = re.sub(r"\band\b|[^\w]+", " ", words.pattern.sub(" ", text), flags=re.IGNORECASE)
    if not found and rest.strip().casefold() in _NONE:
        return ()
    if rest.strip() or not found:
        return None
    return tuple(label.name for label in labels if label.name in found)


def mentioned(text: str, labels: Sequence[Label]) -> set[str]:
    """Names of the labels that `text` names by a word that begins with the label's stem.

    The stem of a label is its words without a final `-ment` or `-ion` (where six letters stay), so
    that `contradicts` names `contradiction` and `entailed` names `entailment`. Stems under five
    letters are whole words: `nothing` does not name `no`. Longer labels are matched first: `not
    entailment` does not name `entailment`.

    >>> sorted(mentioned("It contradicts the text.", [Label("contradiction"), Label("neutral")]))
    ['contradiction']
    """
    return {name for name, _ in mentions(text, labels)}


def mentions(text: str, labels: Sequence[Label]) -> list[tuple[str, bool]]:
    """The labels that `text` names, one by one as in `mentioned`, and whether it denies each.

    A mention is denied where up to three words before it stands `not`, `never`, `cannot` or the
    like: `does not necessarily entail`.
    """
    stems = _stems(tuple(labels))
    return [
        (stems.name(found), _DENIED.search(text, 0, found.start()) is not None)
        for found in stems.pattern.finditer(text)
    ]


def argued(text: str, labels: Sequence[Label]) -> str | None:
    """The label that a rationale argues for; None where it does not say.

    It gives that label as its answer, or names that label alone and never denies it.

    >>> labels = (Label("entailment"), Label("contradiction"))
    >>> argued("Sleeping contradicts running.", labels)
    'contradiction'
    >>> argued("Sitting does not contradict reading.", labels) is None
    True
    """
    answer = read_label(text, labels).label
    found = mentions(text, labels)
    if answer is not None or len({name for name, _ in found}) != 1 or any(no for _, no in found):
        return answer
    return found[0][0]
