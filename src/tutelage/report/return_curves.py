"""What more data brought, arm by arm, and whether the last turn says: buy more.

The rule, on the gain g of each student's last turn with its interval l to h and the margin m:
*enough* where h < m, *buy more* where l > 0, else *undecided*; *nothing to buy* where the turn
added no row, and *one turn* where there is no turn before it to compare with. A turn that a cap or
failed requests cut short is not judged (*cut short*), nor one after which the stop rule ended an
arm (*stopped early*): that turn was picked because it did not gain on these same dev rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tutelage.report import numbers

Facts = Mapping[str, Any]
Answer = Literal[
    "buy more", "enough", "undecided", "nothing to buy", "one turn", "cut short", "stopped early"
]


@dataclass(frozen=True, slots=True)
class ReturnPoint:
    """An arm after one of its turns, mean over its students."""

    turn: int
    """From 1."""
    with_gold: bool
    """True for the further student that trains on gold too after all turns (`gold: last`)."""
    students: int
    """Students that took this turn; those that stopped before count with their last one."""
    rows: float
    """Rows it was trained on."""
    usage: Mapping[str, float]
    """`requests`, `prompt_tokens`, `completion_tokens`, `nanousd` of all replies up to here."""
    score: float | None
    """On dev."""
    low: float | None
    high: float | None
    covers: str


@dataclass(frozen=True, slots=True)
class ReturnCurve:
    """Score on dev of one arm against what it was given, and what to do next."""

    arm: str
    buys: bool
    """Whether it adds anything to gold; one that does not is the level to beat."""
    points: tuple[ReturnPoint, ...]
    answer: Answer
    sentence: str
    """What the last turn cost and moved, and what follows."""
    stopping: str
    """What the stop rule did; empty where there is none."""
    last: Mapping[str, Any] | None
    """The last turn's `difference`, `low`, `high`, `p`, `rows`, `usage`, `margin`."""


def return_curves(results: Facts) -> list[ReturnCurve]:
    """The curve of every arm; rivals are no arms and have none."""
    metric = results["task"]["metric"]
    return [_curve(told, metric) for told in results.get("returns", ()) if not told["rival"]]


def _curve(told: Facts, metric: str) -> ReturnCurve:
    answer = answer_of(told)
    return ReturnCurve(
        arm=told["arm"],
        buys=told["buys"],
        points=tuple(ReturnPoint(**point) for point in told["points"]),
        answer=answer,
        sentence=_sentence(answer, told, metric) + _before_gold(told),
        stopping=_stopping(told),
        last=told["last"],
    )


def answer_of(told: Facts) -> Answer:
    """The rule at the head of this file."""
    last = told["last"]
    if last is None:
        return "one turn"
    if last.get("cut_short"):
        return "cut short"
    if told["patience"] is not None and min(told["taken"]) < told["planned_turns"]:
        return "stopped early"
    if not last["rows"]:
        return "nothing to buy"
    if last["high"] < last["margin"]:
        return "enough"
    return "buy more" if last["low"] > 0 else "undecided"


def _sentence(answer: Answer, told: Facts, metric: str) -> str:
    last = told["last"]
    if last is None:
        return _one_turn(told)
    named, usage = numbers.metric_name(metric), last["usage"]
    seen = f"({numbers.level(last['level'])} interval {_limits(last, metric)})"
    moved = f"moved dev {named} by {numbers.difference(last['difference'], metric)} points {seen}"
    cost = f"The last turn cost {numbers.dollars(round(usage['nanousd']))}"
    asked = numbers.plural(round(usage["requests"]), "request")
    added = numbers.plural(round(last["rows"]), "row")
    bought = f"{cost} for {asked}, added {added} and {moved}"
    match answer:
        case "cut short":
            whom = f"{last['cut_short']} of {numbers.plural(len(told['taken']), 'student')}"
            return f"{bought}. Not judged: for {whom} a cap or failed requests cut that turn short."
        case "stopped early":
            return (
                f"{bought}. Not judged: the stop rule chose that turn by its dev score, so its "
                "gain on dev is biased downwards."
            )
        case "nothing to buy":
            return (
                f"Nothing to buy: the last turn added no row. It cost "
                f"{numbers.dollars(round(usage['nanousd']))}."
            )
        case "enough":
            worth = numbers.points(last["margin"], metric)
            return f"{bought}: enough. A gain of {worth} or more from it is ruled out."
        case "buy more":
            return f"{bought}: buy more.{_price_of_a_point(last, metric)}"
    return (
        f"{bought}: undecided. {numbers.plural(last['dev_rows'], 'dev row')} cannot tell a gain "
        "from none here; more dev rows or seeds can."
    )


def _before_gold(told: Facts) -> str:
    """Turns are compared among students that had no gold yet."""
    if told["last"] is None or not any(point["with_gold"] for point in told["points"]):
        return ""
    return " Both are students before gold joins."


def _limits(last: Facts, metric: str) -> str:
    low, high = (numbers.difference(last[end], metric) for end in ("low", "high"))
    return f"{low} to {high}"


def _price_of_a_point(last: Facts, metric: str) -> str:
    """What a point of the last turn cost, with the range that follows from the interval."""
    nanousd = last["usage"]["nanousd"]
    if not nanousd:
        return " The next turn may bring less."
    dear, usual, cheap = (
        numbers.dollars(round(nanousd / numbers.points_of(last[end], metric)))
        for end in ("low", "difference", "high")
    )
    return f" A point cost {usual} ({cheap} to {dear}); the next turn may cost more for one."


def _one_turn(told: Facts) -> str:
    if not told["buys"]:
        return "Gold alone: nothing is bought."
    if len(told["taken"]) and max(told["taken"]) == 1:
        return (
            "One turn: a single point tells no return. A second one would be held against the "
            "first."
        )
    return "The metric has no value for each row, so a turn's gain has no interval."


def _stopping(told: Facts) -> str:
    """Which students the stop rule stopped, and after which turn."""
    patience, planned = told["patience"], told["planned_turns"]
    if patience is None or planned == 1:
        return ""
    rule = (
        "a turn without a better dev score"
        if patience == 1
        else f"{numbers.count(patience)} turns without a better dev score"
    )
    early = sorted(turns for turns in told["taken"] if turns < planned)
    if not early:
        return f"No student met the stop rule ({rule}) before turn {planned}, the last planned."
    when = " and ".join(str(turn) for turn in dict.fromkeys(early))
    whom = f"{len(early)} of {numbers.plural(len(told['taken']), 'student')}"
    return f"{whom} stopped after turn {when} of {planned} planned: {rule}."
