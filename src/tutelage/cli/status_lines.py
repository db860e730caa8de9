"""What a run is doing, in words: for the live display and for `tutelage status` alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tutelage.store.caps import dollars

ENDS = ("done", "stopped")
"""Phases after which nothing more is done."""
SHOWN = ("accuracy", "f1", "chrf", "loss")
"""Measures on dev that are told while a student is trained."""
Line = tuple[str, str]
"""What is told, and what is said of it."""


def describe(facts: Mapping[str, Any], caps: Mapping[str, Any] | None = None) -> list[Line]:
    """All that a status board says, line by line.

    Args:
        facts: As the board holds or wrote them (`store/status.py`).
        caps: Caps of the study by unit, such as `{"usd": 5}`.
    """
    ended = facts.get("phase") in ENDS
    training = {} if ended else facts.get("training") or {}
    learning = {} if ended else facts.get("learning") or {}
    teacher = [("teacher", _learning(learning))] if learning else []
    return [*_work(facts), *_training(training), *teacher, *_buying(facts, caps or {})]


def summary(facts: Mapping[str, Any]) -> str:
    """The same on one line, for output that is not a terminal."""
    parts = [headline(facts)]
    training, teacher = facts.get("training") or {}, facts.get("teacher") or {}
    learning = facts.get("learning") or {}
    if learning and parts[0] not in ENDS:
        parts.append(_learning(learning))
    elif training and parts[0] not in ENDS:
        parts.append(_steps(training))
    elif teacher.get("sent"):
        parts.append(f"{_replies(teacher)}, {dollars(teacher['paid'])} paid")
    if waits := _waiting(teacher):
        parts.append(waits)
    return "; ".join(parts)


def headline(facts: Mapping[str, Any]) -> str:
    """Phase, unit and how many are done."""
    phase, unit = str(facts.get("phase") or "starting"), str(facts.get("unit") or "")
    if phase in ENDS:
        return phase
    units, done = facts.get("units"), facts.get("units_done", 0)
    at = f" [{min(done + 1, units)} of {units}]" if units and unit else ""
    return f"{phase}{': ' + unit if unit else ''}{at}"


def _work(facts: Mapping[str, Any]) -> Iterator[Line]:
    yield "phase", str(facts.get("phase") or "starting")
    if why := facts.get("why"):
        yield "why", "Ctrl-C" if str(why).startswith("KeyboardInterrupt") else str(why)
    if (unit := facts.get("unit")) and facts.get("phase") != "done":
        yield "unit", str(unit) + (f", turn {facts['turn'] + 1}" if facts.get("turn") else "")
    if units := facts.get("units"):
        yield "units", f"{facts.get('units_done', 0)} of {units} done"


def _training(training: Mapping[str, Any]) -> Iterator[Line]:
    if training:
        yield "training", _steps(training)


def _learning(learning: Mapping[str, Any]) -> str:
    """A teacher that learns before it answers.

    >>> _learning({"phase": "tuning", "teacher": "t", "purchase": 1, "step": 20, "steps": 90})
    'tuning t, purchase 1: step 20 of 90'
    """
    told = f"{learning['phase']} {learning['teacher']}, purchase {learning['purchase']}"
    return f"{told}: {_steps(learning)}" if "step" in learning else told


def _steps(training: Mapping[str, Any]) -> str:
    told = f"step {training.get('step', 0):,} of {training.get('steps', 0):,}"
    if (loss := training.get("loss")) is not None:
        told += f", loss {loss:.3f}"
    dev = training.get("dev") or {}
    measures = [f"{name} {dev[name]:.3f}" for name in SHOWN if name in dev]
    return told + (f", dev {', '.join(measures)}" if measures else "")


def _buying(facts: Mapping[str, Any], caps: Mapping[str, Any]) -> Iterator[Line]:
    teacher = facts.get("teacher")
    if not teacher:
        return
    yield "replies", _replies(teacher)
    yield (
        "requests",
        f"{teacher['sent']:,} sent, {teacher['in_flight']} in flight, {teacher['rate']:.1f} "
        "replies a second",
    )
    yield "money", _money(teacher, caps)
    if trouble := _trouble(teacher):
        yield "trouble", trouble
    if waits := _waiting(teacher):
        yield "waiting", waits
    for note in teacher.get("notes") or ():
        yield "note", str(note)


def _replies(teacher: Mapping[str, Any]) -> str:
    got, total = teacher["hits"] + teacher["replies"], teacher.get("total")
    of = f" of {total:,}" if total else ""
    return f"{got:,}{of} replies" + (
        f", {teacher['hits']:,} of them found" if teacher["hits"] else ""
    )


def _money(teacher: Mapping[str, Any], caps: Mapping[str, Any]) -> str:
    told = f"{dollars(teacher['paid'])} paid"
    if (projected := teacher.get("projected")) is not None:
        told += f", {dollars(projected)} expected for this purchase"
    if (cap := caps.get("usd")) is not None:
        told += f", cap {dollars(round(cap * 1e9))}"
    return told


def _trouble(teacher: Mapping[str, Any]) -> str:
    parts = []
    if teacher.get("refusals"):
        parts.append(f"{teacher['refusals']:,} times told to slow down (429 or 503)")
    lapses = teacher.get("lapses") or {}
    parts += [f"{count:,} x {why}" for why, count in sorted(lapses.items(), key=lambda i: -i[1])]
    if teacher.get("failed"):
        parts.append(f"{teacher['failed']:,} given up")
    return ", ".join(parts)


def _waiting(teacher: Mapping[str, Any]) -> str:
    seconds = teacher.get("waiting_seconds") or 0.0
    return f"the endpoint asked for {seconds:.0f} s of silence" if seconds > 0.5 else ""
