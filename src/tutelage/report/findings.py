"""What a reader must be warned of: one check for each way in which a result misleads.

Each check ends as *found*, *clear*, or *not applicable* with the reason why it does not apply; what
does not apply is never shown as passed. Codes are for good: a check that goes leaves its number
unused. `docs/report.md` has a paragraph for each, under the anchor of its code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutelage.report import numbers
from tutelage.report.bookkeeping import Account, Reason
from tutelage.report.headline import Line, Verdict
from tutelage.report.hygiene import gold_uses, overfitting, pool_errors
from tutelage.report.quota_accounts import SURPLUS
from tutelage.report.teaching_findings import (
    Outcome,
    Status,
    copies_of_gold,
    no_distillation,
    other_students,
    silent_texts,
)

Facts = Mapping[str, Any]
FEWEST_SEEDS = 3
PLANNED = (SURPLUS, "selection")
"""Checks that drop what was ordered to be dropped: more candidates than wanted."""
BLIND = {
    "majority": "always gives the commonest answer",
    "guess": "does not read the question",
    "copy": "only repeats the input",
}
"""Kinds of rivals that learn nothing, and what they do."""
ABSTAINED = "confidence"
"""How the reason begins of answers that a teacher keeps back on purpose."""
OFFLINE_TEACHERS = {
    "scripted": "wrote its replies from a program that knows the task",
    "recorded": "replayed replies that were bought or published earlier",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of a study."""

    code: str
    """`T` and three digits."""
    title: str
    """What is looked for."""
    status: Status
    sentence: str
    """What was found, that nothing was, or why the check does not apply."""

    @property
    def anchor(self) -> str:
        """Where the documents explain it."""
        return f"docs/report.md#{self.code.lower()}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What checks look at."""

    results: Facts
    lines: Sequence[Line]
    accounts: Sequence[Account]
    verdict: Verdict

    @property
    def arms(self) -> list[Line]:
        return [line for line in self.lines if line.kind == "arm"]

    def units(self, arm: str) -> list[Facts]:
        """Units of an arm at its chosen grid point."""
        grid = self.results["chosen"].get(arm, {}).get("grid")
        return [u for u in self.results["units"] if u["arm"] == arm and u["grid"] == grid]

    @property
    def buyers(self) -> list[Account]:
        """Accounts of arms that bought or brought along anything."""
        return [a for a in self.accounts if a.requests or a.drafts or a.unbought or a.failed]


Check = Callable[[Evidence], Outcome]


def findings(evidence: Evidence) -> list[Finding]:
    """The outcome of every check, in the order of their codes."""
    return [Finding(code, title, *check(evidence)) for code, title, check in CHECKS]


def _found(sentences: Sequence[str], clear: str) -> Outcome:
    return ("found", " ".join(sentences)) if sentences else ("clear", clear)


def _few_seeds(e: Evidence) -> Outcome:
    few: dict[int, list[str]] = {}
    for line in e.arms:
        if len(line.student_seeds) < FEWEST_SEEDS:
            few.setdefault(len(line.student_seeds), []).append(line.name)
    told = [
        f"On {numbers.plural(seeds, 'seed')} each: {', '.join(names)}."
        for seeds, names in few.items()
    ]
    return _found(told, f"Every arm was trained with {FEWEST_SEEDS} student seeds or more.")


def _blunt(e: Evidence) -> Outcome:
    pair = e.verdict.pair
    if pair is None:
        return "not applicable", "No primary comparison was made."
    metric = e.results["task"]["metric"]
    least, margin = (numbers.points(x, metric) for x in (pair.smallest_detectable, pair.margin))
    if pair.smallest_detectable <= pair.margin:
        return "clear", f"A difference of {least} would have been found in 8 of 10 such studies."
    return "found", (
        f"{pair.a} against {pair.b}: a difference is found in 8 of 10 such studies only where it "
        f"is {least} or more; what would matter starts at {margin}. More test rows or seeds "
        "sharpen it."
    )


def _unparseable(e: Evidence) -> Outcome:
    shares = {n.name: n.scores["unparseable"] for n in e.lines if "unparseable" in n.scores}
    if not shares:
        return "not applicable", "No metric of this task counts unreadable answers."
    texts = e.results["task"]["kind"] == "generation"
    counted = "as empty texts" if texts else "as wrong"
    told = [
        f"{numbers.percent(share)} of the answers of {name} could not be read and count {counted}."
        for name, share in shares.items()
        if share > 0
    ]
    return _found(told, "Every answer could be read.")


def _staged(e: Evidence) -> Outcome:
    recipe = e.results["recipe"]
    own = {"": recipe["teacher"]} if recipe.get("teacher") else {}
    teachers = {**own, **(recipe.get("teachers") or {})}
    if not teachers:
        return "not applicable", "The recipe has no teacher."
    staged = [
        f"The teacher{name and f' {name}'} is {teacher['kind']}: it {what}."
        for name, teacher in teachers.items()
        if (what := OFFLINE_TEACHERS.get(teacher["kind"]))
    ]
    if not staged:
        kinds = " and ".join(dict.fromkeys(teacher["kind"] for teacher in teachers.values()))
        who = "The teacher is" if len(teachers) == 1 else "Teachers are"
        return "clear", f"{who} of kind {kinds}."
    return "found", (
        f"{' '.join(staged)} Scores show that the method works on such replies, not what a live "
        "LLM would have given; charges are what they would have cost."
    )


def _cut(e: Evidence) -> Outcome:
    told, measured = [], False
    for line in e.lines:
        for side in ("source", "target"):
            shares = [u["training"].get(f"share_{side}_cut") for u in e.units(line.name)]
            known = [share for share in shares if share is not None]
            measured = measured or bool(known)
            if known and max(known) > 0:
                told.append(
                    f"{line.name}: up to {numbers.percent(max(known))} of its training {side}s "
                    "were cut."
                )
    if not measured:
        return "not applicable", "No student here has a length limit that it reports on."
    return _found(told, "No training row was cut.")


def _label_named(e: Evidence) -> Outcome:
    explained = [account for account in e.accounts if account.with_rationale]
    counted = [account for account in explained if account.naming_label is not None]
    if not explained:
        return "not applicable", "No arm has rationales."
    if not counted:
        return "not applicable", "The run did not count them."
    told = [
        f"{numbers.percent(account.naming_label / account.with_rationale)} of the rationales of "
        f"{account.arm} name their label: as an input they would give the answer away."
        for account in counted
        if account.naming_label
    ]
    return _found(told, "No rationale names its label.")


def _unanswered(e: Evidence) -> Outcome:
    if not e.buyers:
        return "not applicable", "No arm bought anything."
    told = [f"{a.arm}: {a.shortfall}." for a in e.buyers if a.shortfall]
    return _found(told, "Every order was answered.")


def _dropped(e: Evidence) -> Outcome:
    if not any(a.drafts for a in e.accounts):
        return "not applicable", "There were no drafts to judge."
    told = []
    for a in e.accounts:
        refused = [r for r in a.reasons if r.decision == "dropped" and not _planned(r)]
        if refused:
            dropped, first = sum(r.count for r in refused), refused[0]
            told.append(
                f"{a.arm}: {numbers.count(dropped)} of {numbers.plural(a.drafts, 'draft')} were "
                f"dropped ({numbers.percent(dropped / a.drafts)}), most of them by "
                f"{first.check}: {first.reason}."
            )
        if a.drafts > a.materials and not a.added:
            told.append(f"{a.arm}: no draft became a row, so it adds nothing to gold.")
        if not a.adds_up:
            told.append(f"{a.arm}: drafts and verdicts do not add up; please report this.")
    return _found(told, "No draft was refused by a check, and the accounts add up.")


def _planned(reason: Reason) -> bool:
    return reason.check in PLANNED or reason.reason.startswith(ABSTAINED)


def _capped(e: Evidence) -> Outcome:
    if not e.buyers:
        return "not applicable", "No arm bought anything."
    told = [f"{a.arm} stopped buying at a cap: {why}" for a in e.buyers for why in a.stopped]
    return _found([s if s.endswith(".") else f"{s}." for s in told], "No cap stopped a purchase.")


def _still_rising(e: Evidence) -> Outcome:
    told, looked = [], False
    for line in e.arms:
        courses = [
            [
                m["dev"][name]
                for m in unit["history"]
                for name in ("accuracy", "f1", "chrf")
                if name in m["dev"]
            ]
            for unit in e.units(line.name)
        ]
        courses = [course for course in courses if len(course) > 1]
        looked = looked or bool(courses)
        rising = sum(course[-1] > max(course[:-1]) for course in courses)
        if rising:
            told.append(
                f"{line.name}: {rising} of {numbers.plural(len(courses), 'student')} had the best "
                "dev score at the last look; longer training may still gain."
            )
    if not looked:
        return "not applicable", "No student was looked at more than once during training."
    return _found(told, "Every arm had its best dev score before the last look.")


def _on_dev(e: Evidence) -> Outcome:
    if e.results["split"] == "test":
        return "clear", "Scores are on the test, opened after every student was final."
    return "found", (
        "The run ended on dev: checkpoints and grid points were chosen on the same rows, so scores "
        "flatter. `tutelage run --final` opens the test."
    )


def _as_published(e: Evidence) -> Outcome:
    if e.results["mode"] != "as_published":
        return "clear", "The recipe is the sound variant."
    return "found", (
        "The recipe keeps a paper's quirks (as_published), so that its figures can be compared. "
        "The column of the best of the grid on test chooses on test and flatters; no verdict uses "
        "it."
    )


def _gold_warnings(e: Evidence) -> Outcome:
    told = dict.fromkeys(w for gold in e.results["gold"] for w in gold["warnings"])
    return _found(list(told), "Roles do not overlap, no text repeats, no label is missing.")


def _idle_seeds(e: Evidence) -> Outcome:
    several = [line for line in e.arms if len(line.student_seeds) > 1]
    if not several:
        return "not applicable", "No arm has more than one student seed."
    alike = [
        line.name for line in several if "alike" in line.covers or _never_varied(e.units(line.name))
    ]
    if not alike:
        return "clear", "Students differ between seeds."
    whose = "its interval covers" if len(alike) == 1 else "their intervals cover"
    each = "" if len(alike) == 1 else "each of "
    return "found", (
        f"The students of {each}{numbers.listed(alike)} answer alike on every row: {whose} test "
        "rows only."
    )


def _never_varied(units: Sequence[Facts]) -> bool:
    return bool(units) and all(u["training"].get("seed_varies") is False for u in units)


def _unequal_grids(e: Evidence) -> Outcome:
    sizes = {
        line.name: len({u["grid"] for u in e.results["units"] if u["arm"] == line.name})
        for line in e.arms
    }
    if max(sizes.values(), default=1) < 2:
        return "not applicable", "No arm has a grid."
    if len(set(sizes.values())) == 1:
        return "clear", f"Every arm chose among {next(iter(sizes.values()))} grid points."
    listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
    return "found", f"Arms chose among grids of unequal size, and more points flatter: {listed}."


def _unpriced(e: Evidence) -> Outcome:
    if not e.results["costs"]["charged"]:
        return "not applicable", "Nothing was bought."
    unpriced = e.results["costs"]["unpriced"]
    if not unpriced:
        return "clear", "Every reply had a price."
    return "found", (
        f"{numbers.plural(unpriced, 'reply', 'replies')} had no known price: dollars are too low. "
        "Set teacher.prices."
    )


def _pool_learned(e: Evidence) -> Outcome:
    told, judged = overfitting(pool_errors(e.results))
    if not judged:
        return "not applicable", (
            "No arm's errors were measured in two turns and in a held-back part of its pool."
        )
    return _found(told, "Errors in the pool and in its held-back part kept step.")


def _unequal_gold(e: Evidence) -> Outcome:
    """Arms alone: a rival of the box is what one would have without the loop, and an upper bound
    has more gold on purpose."""
    uses = [use for use in gold_uses(e.results) if not (use.rival or use.upper_bound)]
    if len(uses) < 2:
        return "not applicable", "There are no two arms to compare."
    least = min(use.total for use in uses)
    if all(use.total == least for use in uses):
        return "clear", f"Every arm saw {numbers.plural(least, 'gold row')}, dev included."
    groups: dict[int, list[str]] = {}
    for use in sorted(uses, key=lambda use: use.total):
        groups.setdefault(use.total, []).append(use.name)
    listed = "; ".join(f"{numbers.count(n)} by {', '.join(names)}" for n, names in groups.items())
    return "found", (
        f"Distinct gold rows, dev included: {listed}. Part of a difference between arms of unequal "
        "numbers may be the gold rows themselves."
    )


def _quota_missed(e: Evidence) -> Outcome:
    quotas = [(a.arm, a.quota) for a in e.accounts if a.quota]
    if not quotas:
        return "not applicable", "No arm wanted a fixed number of rows."
    told = [
        f"{arm} kept {numbers.count(sum(quota.kept.values()))} of "
        f"{numbers.plural(sum(quota.wanted.values()), 'row')}."
        for arm, quota in quotas
        if not quota.met
    ]
    told += ["What the data became says why."] * bool(told)
    return _found(told, "Every arm kept exactly as many rows of each label as it wanted.")


def _without_student(e: Evidence) -> Outcome:
    told = [f"{f['what']} {f['why']}" for f in e.results.get("failed", ())]
    return _found(told, "Every arm that was run has its students.")


def _below_blind(e: Evidence) -> Outcome:
    kinds = {n: rival["kind"] for n, rival in (e.results["recipe"].get("rivals") or {}).items()}
    metric = e.results["task"]["metric"]
    blind = [n for n in e.lines if kinds.get(n.name) in BLIND and n.main.score is not None]
    if not blind:
        return "not applicable", "No rival that learns nothing was scored."
    told = []
    for rival in blind:
        least = rival.main.score or 0.0
        below = [
            f"{line.name} ({numbers.score(line.main.score, metric)})"
            for line in e.arms
            if line.main.score is not None
            and (line.main.score if line.main.high is None else line.main.high) < least
        ]
        if below:
            told.append(
                f"{numbers.listed(below)} {'lies' if len(below) == 1 else 'lie'} below "
                f"{rival.name} ({numbers.score(least, metric)}), which {BLIND[kinds[rival.name]]}."
            )
    return _found(told, "No arm lies below a rival that learns nothing.")


CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("T101", "Few seeds behind a figure", _few_seeds),
    ("T102", "The comparison is too blunt for what would matter", _blunt),
    ("T103", "Answers that could not be read", _unparseable),
    ("T105", "The teacher is no live LLM", _staged),
    ("T106", "Rows cut by a length limit", _cut),
    ("T107", "Rationales that name their label", _label_named),
    ("T108", "Orders without a reply", _unanswered),
    ("T109", "Drafts dropped", _dropped),
    ("T110", "Purchases stopped at a cap", _capped),
    ("T111", "Dev score still rising", _still_rising),
    ("T112", "Scores on dev", _on_dev),
    ("T113", "As published", _as_published),
    ("T114", "Gold rows that overlap, repeat or lack labels", _gold_warnings),
    ("T115", "Seeds that vary nothing", _idle_seeds),
    ("T116", "Grids of unequal size", _unequal_grids),
    ("T117", "Replies without a price", _unpriced),
    ("T118", "Errors fall in the pool and not in its held-back part", _pool_learned),
    ("T119", "Arms that saw more gold than others", _unequal_gold),
    ("T120", "Quotas that were not met", _quota_missed),
    ("T121", "Arms without a student", _without_student),
    ("T122", "Texts that say nothing", lambda e: silent_texts(e.results)),
    ("T123", "Students as large as their teacher", lambda e: no_distillation(e.results)),
    ("T124", "Drafts that copy gold", lambda e: copies_of_gold(e.results)),
    ("T125", "Arms below a rival that learns nothing", _below_blind),
    ("T126", "Arms with students of different kinds", lambda e: other_students(e.results)),
)
"""T104 stands in `openings.py`: it depends on when the run was started."""
