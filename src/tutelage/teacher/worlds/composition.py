"""The world in which a label is a sum over facts: inspection notes of a made-up plant.

Each note mentions five of a hundred findings. A finding is worth -2 to +2 points, drawn by lot
once and for all: nothing in its words tells, only labelled rows do. The label is the band of the
total. The teacher knows the table, and its rationale lists the points and the total. So the
rationale exposes the steps from text to label that a student would else have to guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from tutelage.records import Label, Task
from tutelage.teacher.worlds.knowledge import SLOTS, slot_of
from tutelage.teacher.worlds.lots import Lots

_TABLE = {
    -2: (
        "angled bracket, tight bushing, narrow clamp, flexing coupling, grey filter, chalky hose, "
        "rusty nut, slow paddle, sooty piston, creaking pivot, pale plate, buzzing relay, glossy "
        "roller, spinning rotor, tinted shroud, short spring, twisted strap, brown sump, sealed "
        "valve, thin washer"
    ),
    -1: (
        "painted bolt, coiled cable, dented casing, rattling chain, humming coil, stiff crank, "
        "soft damper, foggy dial, damp gasket, clicking gear, purring gearbox, wobbling hub, fine "
        "mesh, rumbling muffler, yellowed plug, throbbing pump, gleaming shaft, sandy socket, "
        "tapering spindle, brimming tank"
    ),
    0: (
        "oily axle, slack belt, dull blade, wavy diaphragm, spotted disc, echoing drum, dusty "
        "duct, rough flange, flickering gauge, sticky grating, curled louvre, ticking pulley, "
        "jumping ratchet, flat rivet, chattering solenoid, murky strainer, braced strut, "
        "tarnished terminal, fanned vane, crooked yoke"
    ),
    1: (
        "warm bearing, frayed brush, greased chuck, grabbing clutch, heavy flywheel, amber fuse, "
        "ajar hatch, full hopper, pitted impeller, foaming jet, shiny knob, long lever, frosted "
        "manifold, grooved rod, moist seal, fluttering shutter, wet sleeve, leaning spool, "
        "shifting sprocket, idle winch"
    ),
    2: (
        "bent clip, scuffed collar, shaded conveyor, sweating cylinder, whirring fan, dark "
        "grille, squeaking hinge, cool housing, snapping latch, loose linkage, droning motor, "
        "springy mount, dripping nozzle, sagging pedal, slick rail, blinking sensor, lagging "
        "thermostat, gummy throttle, banded tube, singing turbine"
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an inspector may write down, and what it is worth."""

    sign: str
    part: str
    points: int

    @property
    def named(self) -> str:
        """With its article, inside a sentence."""
        article = "an" if self.sign[0] in "aeiou" else "a"
        return f"{article} {self.sign} {self.part}"


FINDINGS = tuple(
    sorted(
        (
            Finding(phrase.split()[0], phrase.split()[1], points)
            for points, phrases in _TABLE.items()
            for phrase in phrases.split(", ")
        ),
        key=lambda finding: finding.part,
    )
)
_BY_PART = {finding.part: finding for finding in FINDINGS}
_PART = re.compile(rf"\b({'|'.join(_BY_PART)})\b", re.IGNORECASE)

_WHO = (
    "Ada", "Bela", "Chidi", "Dalia", "Emre", "Fatou", "Goran", "Hana", "Ines", "Jonas", "Kaito",
    "Leila", "Mara", "Nils", "Olga", "Pavel", "Rosa", "Samir", "Tomas", "Wanda",
)  # fmt: skip
_MACHINE = ("press", "lathe", "mixer", "kiln", "loom", "crane", "sorter", "stacker", "oven", "mill")
_WHERE = ("hall A", "hall B", "hall C", "the annex", "the yard", "the basement", "the workshop")
_DAY = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_OPENERS = (
    "{who} checked {machine} in {where} on {day}.",
    "{machine} in {where}, {day}: {who} was there.",
    "On {day} {who} went to {machine} in {where}.",
)
_FRAMES = (
    "{ordinal}, the {finding.part} was {finding.sign}.",
    "{ordinal}, there was {finding.named}.",
    "{ordinal} came {finding.named}.",
)
_FILLERS = (
    "Photos are in the folder.", "The operator was on hand.", "Output stayed as usual.",
    "The floor was swept afterwards.", "Nothing was taken apart.", "The next round is in a month.",
)  # fmt: skip


TASK = Task(
    name="composition",
    kind="classification",
    fields=("text",),
    labels=(
        Label("routine", "routine", "The points of the findings add up to -2 or less."),
        Label("watch", "watch", "The points of the findings add up to -1, 0 or 1."),
        Label("urgent", "urgent", "The points of the findings add up to 2 or more."),
    ),
    instruction=(
        "Read the inspection note of a machine and say how soon it needs attention. Each finding "
        "is worth between -2 and +2 points; the label is the band of their total."
    ),
)


def band(total: int) -> str:
    """The label of a total.

    >>> [band(total) for total in (-2, -1, 1, 2)]
    ['routine', 'watch', 'watch', 'urgent']
    """
    return "routine" if total <= -2 else "watch" if total <= 1 else "urgent"


@dataclass(frozen=True, slots=True)
class Note:
    """An inspection note as read from its text."""

    findings: tuple[Finding, ...]
    text: str = ""

    @property
    def label(self) -> str:
        return band(sum(finding.points for finding in self.findings))

    def reasons(self, label: str) -> str:
        """The points of each finding, by its number in the note, and the total.

        Reasons for every label are equally long in tokens: a student that batches rows of like
        length would else see one label at a time.

        >>> (note,) = Composition().read("First, the bearing was warm. Second came a bent clip.")
        >>> note.reasons("urgent")
        'first +1, second +2. Total +3.'
        >>> note.reasons("watch")
        'first -1, second +2. Total +1.'
        """
        points = [finding.points for finding in self.findings]
        _misjudge(points, label)
        numbered = zip(chain(_ORDINALS, repeat("then")), points, strict=False)
        listed = ", ".join(f"{ordinal} {worth:+d}" for ordinal, worth in numbered)
        return f"{listed}. Total {sum(points):+d}."

    def five_w(self) -> tuple[str, str, str, str, str]:
        who = _first(_WHO, self.text)
        machine = re.search(rf"\b(?:{'|'.join(_MACHINE)}) \d+", self.text, re.IGNORECASE)
        what = f"inspection of {machine[0].lower()}" if machine else ""
        return who, what, _first(_DAY, self.text), _first(_WHERE, self.text), ""


def _misjudge(points: list[int], label: str) -> None:
    """Change as few of `points` as it takes for their total to have `label`."""
    step = 1 if label == "urgent" or (label == "watch" and sum(points) < 0) else -1
    place = 0
    while band(sum(points)) != label and place < len(points):
        if abs(points[place] + step) <= 2:
            points[place] += step
        else:
            place += 1


def _first(words: Sequence[str], text: str) -> str:
    """The first of `words` that stands in `text`, or nothing."""
    return next((word for word in words if re.search(rf"\b{word}\b", text)), "")


class Composition:
    """The world of inspection notes; see the module."""

    task = TASK

    def write(self, count: int, *, role: str, seed: int) -> list[dict[str, str]]:
        """Notes whose labels come in equal shares: each three rows hold every band once."""
        lots = Lots("composition", 1, role, seed)
        drawn = _findings(lots, slot_of(role, seed))
        rows: list[dict[str, str]] = []
        waiting: dict[str, list[tuple[Finding, ...]]] = {name: [] for name in TASK.label_names}
        while len(rows) < count:
            for label in lots.order(TASK.label_names):
                while not waiting[label]:
                    findings = next(drawn)
                    waiting[Note(findings).label].append(findings)
                rows.append({"text": _note(waiting[label].pop(0), lots), "label": label})
        return rows[:count]

    def read(self, prompt: str) -> Sequence[Note]:
        """One note for each line that names findings."""
        notes = []
        for line in prompt.splitlines():
            found = dict.fromkeys(_BY_PART[match.lower()] for match in _PART.findall(line))
            if found:
                notes.append(Note(tuple(found), line))
        return notes


def _findings(lots: Lots, slot: int) -> Iterator[tuple[Finding, ...]]:
    """Sets of five findings whose numbers add up to `slot` modulo `SLOTS`, none twice.

    With as many findings as slots, four draws leave just one fifth that fits.
    """
    seen: set[frozenset[Finding]] = set()
    while True:
        four = [lots.below(len(FINDINGS)) for _ in range(4)]
        numbers = {*four, (slot - sum(four)) % SLOTS}
        findings = tuple(FINDINGS[number] for number in lots.order(sorted(numbers)))
        if len(findings) == 5 and frozenset(findings) not in seen:
            seen.add(frozenset(findings))
            yield findings


def _note(findings: Sequence[Finding], lots: Lots) -> str:
    opener = lots.pick(_OPENERS).format(
        who=lots.pick(_WHO),
        machine=f"{lots.pick(_MACHINE)} {1 + lots.below(9)}",
        where=lots.pick(_WHERE),
        day=lots.pick(_DAY),
    )
    sentences = [opener]
    for ordinal, finding in zip(_ORDINALS, findings, strict=True):
        sentences.append(lots.pick(_FRAMES).format(ordinal=ordinal, finding=finding))
    if lots.below(2):
        sentences.append(lots.pick(_FILLERS))
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)
