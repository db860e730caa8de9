"""What became of everything that was paid for: drafts to the row, money to the cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tutelage.report import numbers
from tutelage.report.quota_accounts import Quota, quota_of

Facts = Mapping[str, Any]
ASIDE = ("rival", "pilot")
"""Accounts in the ledger that are no arm's begin with one of these and a colon."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why drafts were mended or dropped."""

    check: str
    decision: str
    """`mended` or `dropped`."""
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one arm's drafts, over its purchases, turns and folds."""

    arm: str
    purchases: int
    """Purchases that are counted: one for each purchase seed, fold and turn, and one for each
    student where a turn's orders depended on the student before it. What an arm brought along
    counts as one."""
    requests: int
    failed: int
    """Requests that were given up."""
    unbought: int
    """Requests that a cap did not let through."""
    stopped: tuple[str, ...]
    """What stopped a purchase, each cap once."""
    drafts: int
    kept: int
    mended: int
    dropped: int
    materials: int
    """Drafts that served later orders and were never meant to be rows."""
    reasons: tuple[Reason, ...]
    added: int
    """Rows that joined the training data: kept and mended."""
    with_rationale: int
    naming_label: int | None
    """Of those, rationales that name their own label; None where the run did not count them."""
    rows: int
    """Rows the last student was trained on, gold included; the smallest number of any student."""
    quota: Quota | None = None
    """What was wanted of each label and what came; None where nothing had a quota."""

    @property
    def shortfall(self) -> str:
        """What was ordered and never answered, in words; empty where all was."""
        parts = [
            f"{numbers.plural(number, 'request')} {what}"
            for number, what in ((self.failed, "failed"), (self.unbought, "stayed unbought"))
            if number
        ]
        return " and ".join(parts)

    @property
    def adds_up(self) -> bool:
        """Whether every draft has its place and every change its reason."""
        told = Counter[str]()
        for reason in self.reasons:
            told[reason.decision] += reason.count
        return (
            self.drafts == self.kept + self.mended + self.dropped + self.materials
            and self.materials >= 0
            and self.added == self.kept + self.mended
            and told["mended"] == self.mended
            and told["dropped"] == self.dropped
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """What one arm or rival was charged under one purchase seed, as if it had bought alone."""

    name: str
    kind: str
    """`arm`, `rival`, or `pilot`: gold train rows by which an arm's teacher was judged before."""
    purchase_seed: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    nanousd: int
    student: str = ""
    """The one student that was charged, such as `seed 2`, where each buys for itself."""


def accounts(results: Facts) -> list[Account]:
    """The account of each arm, in the order in which arms were run."""
    arms = dict.fromkeys(unit["arm"] for unit in results["units"])
    return [_account(results, arm) for arm in arms if arm not in results["rivals"]]


def _account(results: Facts, arm: str) -> Account:
    turns = list(purchases(results, arm))
    decided = Counter[str]()
    told = Counter[tuple[str, str, str]]()
    for turn in turns:
        decided.update(turn["decisions"])
        for r in turn["reasons"]:
            told[(r["check"], r["decision"], r["reason"])] += r["count"]
    drafts = _sum(turns, "drafts")
    ordered = sorted(told.items(), key=lambda item: (-item[1], item[0]))
    units = [unit for unit in results["units"] if unit["arm"] == arm]
    return Account(
        arm=arm,
        purchases=len(turns),
        requests=_sum(turns, "requests"),
        failed=_sum(turns, "failed"),
        unbought=_sum(turns, "unbought"),
        stopped=tuple(dict.fromkeys(t["stopped"] for t in turns if t["stopped"])),
        drafts=drafts,
        kept=decided["kept"],
        mended=decided["mended"],
        dropped=decided["dropped"],
        materials=sum(turn["materials"] for turn in turns),
        reasons=tuple(Reason(*key, count) for key, count in ordered),
        added=_sum(turns, "added"),
        with_rationale=_sum(turns, "with_rationale"),
        naming_label=_naming(turns),
        rows=min(unit.get("rows", unit["turns"][-1]["rows"]) for unit in units),
        quota=quota_of(turns, units[0].get("most_waves", 1), units[0].get("most_rows")),
    )


def _sum(turns: list[Facts], name: str) -> int:
    return sum(turn[name] for turn in turns)


def _naming(turns: list[Facts]) -> int | None:
    counted = [turn["rationale_names_label"] for turn in turns if "rationale_names_label" in turn]
    return sum(counted) if turns and len(counted) == len(turns) else None


def purchases(results: Facts, arm: str) -> Iterator[Facts]:
    """Each purchase once, however many students share it: what was bought, or brought along, is
    known by the folder of its step. Of a purchase that was tried again the last attempt counts."""
    found: dict[str, Facts] = {}
    for unit in results["units"]:
        for turn in unit["turns"] if unit["arm"] == arm else ():
            steps = turn["steps"]
            if place := steps.get("buy") or steps.get("curate"):
                found[place] = turn
    yield from found.values()


def charges(results: Facts) -> list[Charge]:
    """What everyone was charged, arms before rivals."""
    found = [_charge(entry) for entry in results["costs"]["charged"]]
    order = {name: i for i, name in enumerate(results["chosen"])}
    kinds = ("arm", *ASIDE)
    return sorted(
        found,
        key=lambda c: (
            kinds.index(c.kind),
            order.get(c.name, len(order)),
            c.name,
            c.purchase_seed,
            c.student,
        ),
    )


def _charge(entry: Facts) -> Charge:
    prefix, colon, name = entry["arm"].partition(":")
    aside = bool(colon) and prefix in ASIDE
    return Charge(
        name=name if aside else entry["arm"],
        kind=prefix if aside else "arm",
        purchase_seed=entry["purchase_seed"],
        requests=entry["requests"],
        prompt_tokens=entry["prompt_tokens"],
        completion_tokens=entry["completion_tokens"],
        nanousd=entry["nanousd"],
        student=entry.get("buyer", entry["arm"]).removeprefix(entry["arm"]).strip(" []"),
    )
