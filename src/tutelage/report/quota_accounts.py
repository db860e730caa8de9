"""Exactly N rows of each label, or why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tutelage.report import numbers

Facts = Mapping[str, Any]
SURPLUS = "quota"
"""Check that drops good rows of which there were enough."""
MOST_REASONS = 3
FEWER = (
    "fewer texts were ordered, or came in the replies, than were wanted (rows to vary may have had "
    "their most variations)"
)


@dataclass(frozen=True, slots=True)
class Quota:
    """What an arm's purchases wanted of each label and what they kept, all purchases together."""

    wanted: Mapping[str, int]
    """By label; label `` for tasks without labels."""
    kept: Mapping[str, int]
    lacking: Mapping[str, int]
    """Labels of which rows are missing, with how many."""
    waves: int
    """Most waves that a purchase took."""
    most_waves: int
    """Most waves that one may take."""
    surplus: int
    """Good rows that were dropped because there were enough."""
    sentence: str

    @property
    def met(self) -> bool:
        return not self.lacking


def quota_of(purchases: Sequence[Facts], most_waves: int, most_rows: int | None) -> Quota | None:
    """The quota's account over `purchases` (turns of results.json); None where nothing wanted one.

    Args:
        purchases: Of one arm, each once.
        most_waves: Waves that a turn may take.
        most_rows: Rows that the arm may keep in all (`match: rows`); None for no such limit.
    """
    turns = [turn for turn in purchases if turn.get("wanted")]
    if not turns:
        return None
    wanted, lacking = Counter[str](), Counter[str]()
    for turn in turns:
        wanted.update(turn["wanted"])
        lacking.update(turn["lacking"])
    kept = {name: count - lacking[name] for name, count in wanted.items()}
    told = [r for turn in turns for r in turn["reasons"] if r["decision"] == "dropped"]
    quota = Quota(
        wanted=dict(wanted),
        kept=kept,
        lacking={name: count for name, count in lacking.items() if count},
        waves=max(turn["waves"] for turn in turns),
        most_waves=most_waves,
        surplus=sum(r["count"] for r in told if r["check"] == SURPLUS),
        sentence="",
    )
    sentence = _met(quota, turns) if quota.met else _short(quota, turns, told, most_rows)
    return replace(quota, sentence=sentence)


def _met(quota: Quota, turns: Sequence[Facts]) -> str:
    rows = numbers.plural(sum(quota.wanted.values()), "row")
    counts = set(quota.wanted.values())
    each = ""
    if len(quota.wanted) > 1:
        same = (
            f"{numbers.count(counts.pop())} of each" if len(counts) == 1 else "the number of each"
        )
        each = f", {same} of {numbers.plural(len(quota.wanted), 'label')}"
    over = f" over {numbers.plural(len(turns), 'purchase')}" if len(turns) > 1 else ""
    return f"Exactly {rows}{each}, as wanted{over}, in at most {_waves(quota)}."


def _waves(quota: Quota) -> str:
    return f"{numbers.count(quota.waves)} of {numbers.plural(quota.most_waves, 'wave')}"


def _short(
    quota: Quota, turns: Sequence[Facts], told: Sequence[Facts], most_rows: int | None
) -> str:
    kept, wanted = sum(quota.kept.values()), sum(quota.wanted.values())
    missing = ", ".join(
        f"{name} {numbers.count(count)}".lstrip() for name, count in quota.lacking.items()
    )
    why = "; ".join(_causes(quota, turns, most_rows))
    return (
        f"{numbers.count(kept)} of {numbers.plural(wanted, 'row')}. Missing: {missing}. "
        f"Why: {why}.{_refusals(told)}"
    )


def _causes(quota: Quota, turns: Sequence[Facts], most_rows: int | None) -> list[str]:
    """What ended each purchase that stayed short, each cause with its number of purchases."""
    causes = Counter[str]()
    for turn in turns:
        if not turn["lacking"]:
            continue
        if turn["stopped"]:
            causes[f"a cap stopped it ({turn['stopped'].rstrip('.')})"] += 1
        elif most_rows is not None and _full(turn, most_rows):
            causes[f"the arm may keep {numbers.plural(most_rows, 'row')} in all (match: rows)"] += 1
        elif turn["drafts"] - turn["materials"] < sum(turn["wanted"].values()):
            causes[FEWER] += 1
        elif turn["waves"] >= quota.most_waves:
            causes[f"all {numbers.plural(quota.most_waves, 'wave')} were used up"] += 1
        else:
            causes[f"wave {turn['waves']} brought no row that was kept"] += 1
        if turn["failed"]:
            causes["requests failed"] += 1
    several = len(turns) > 1
    return [
        f"{cause} in {numbers.count(count)} of {numbers.plural(len(turns), 'purchase')}"
        if several
        else cause
        for cause, count in causes.items()
    ]


def _full(turn: Facts, most_rows: int) -> bool:
    """Whether rows were left out because the arm had as many as it may keep."""
    return turn["added"] >= most_rows or any(
        r["check"] == SURPLUS and r["reason"].startswith("enough rows in all")
        for r in turn["reasons"]
    )


def _refusals(told: Sequence[Facts]) -> str:
    """Why drafts were dropped, the commonest reasons first."""
    counts = Counter[str]()
    for reason in told:
        if reason["check"] != SURPLUS:
            counts[f"{reason['check']}: {reason['reason']}"] += reason["count"]
    if not counts:
        return ""
    first = counts.most_common(MOST_REASONS)
    rest = counts.total() - sum(count for _, count in first)
    listed = "; ".join(f"{numbers.count(count)} by {name}" for name, count in first)
    more = f"; {numbers.count(rest)} for other reasons" if rest else ""
    return f" Dropped: {listed}{more}."
