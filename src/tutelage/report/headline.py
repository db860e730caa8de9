"""The headline: who scored what, who beats whom, and the verdict in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tutelage.recipe.validation import parse_primary
from tutelage.report import numbers
from tutelage.report.teacher_sizes import upper_bounds

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleScore:
    """A score of a contender at one point of its grid under one checkpoint rule."""

    rule: str
    """`dev_loss`, `dev_accuracy`, `dev_f1`, `dev_chrf` or `last`; empty for rivals without one."""
    grid: str
    """Point of the grid; empty where there is none."""
    score: float | None
    """Mean over students; None where it is not a number."""
    low: float | None
    high: float | None
    """Ends of the interval; None for a metric without a value for each row."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A comparison of two contenders on the same rows. The fields are those of
    `tutelage.evaluation.significance.Comparison`; `a` and `b` are names of arms or rivals."""

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float | None
    smallest_detectable: float
    equivalence_bound: float
    verdict: str
    sentence: str
    rows: int
    groups: int
    seeds: tuple[int, int]
    covers: str
    level: float
    margin: float
    within_seeds: tuple[Mapping[str, Any], ...]
    """McNemar's test of the two students of each seed: student_seed, purchase_seed, won, lost, p.
    Empty for metrics other than accuracy. It says nothing of other seeds."""

    @property
    def p_shown(self) -> float:
        """The p value that the verdict follows."""
        return self.p if self.p_adjusted is None else self.p_adjusted


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the headline table: an arm at the grid point chosen on dev, or a rival."""

    name: str
    kind: Literal["arm", "rival"]
    main: RuleScore
    """Under the primary rule."""
    others: tuple[RuleScore, ...]
    """The same students under the other checkpoint rules."""
    covers: str
    """What the interval covers."""
    level: float
    """Of the intervals."""
    spread: float | None
    """Standard deviation between students; None for a single one."""
    student_seeds: tuple[int, ...]
    purchase_seeds: tuple[int, ...]
    rows: int
    """Rows that were answered."""
    scores: Mapping[str, float]
    """Every measure, mean over students."""
    charged: Mapping[str, int]
    """`requests`, `prompt_tokens`, `completion_tokens`, `nanousd`: mean over purchases, as if the
    arm had bought its replies alone."""
    against: Pair | None
    """The comparison with the reference; None for the reference itself and for rivals that are not
    compared."""
    best_on_test: RuleScore | None
    """Best of the grid on test, as a paper may have published it. Only in `as_published` mode and
    only where the test was opened; never a basis of a verdict."""
    upper_bound: bool = False
    """Whether it trains on all gold rows, those too that other arms do not have."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The study's answer."""

    code: str
    """`gain`, `loss`, `no gain above x`, `undecided`, or `none` where nothing was compared."""
    claim: str
    """What can be said, in a sentence that stands alone."""
    evidence: str
    """Difference, interval, p value, seeds, rows, smallest detectable difference and cost."""
    pair: Pair | None
    """The primary comparison; None where the recipe names none or it could not be made."""

    @property
    def sentence(self) -> str:
        """Claim and evidence together."""
        return f"{self.claim} {self.evidence}".strip()


def names_of(results: Facts) -> dict[str, str]:
    """Name of the arm or rival by how its chosen contender is written in comparisons."""
    return {
        " ".join(part for part in (c["arm"], c["grid"], c["rule"]) if part): name
        for name, c in results["chosen"].items()
    }


def pairs(results: Facts) -> list[Pair]:
    """All comparisons, the primary one first."""
    names = names_of(results)
    kept = set(Pair.__dataclass_fields__) - {"a", "b", "seeds", "within_seeds"}
    return [
        Pair(
            a=names.get(c["a"], c["a"]),
            b=names.get(c["b"], c["b"]),
            seeds=(c["seeds"][0], c["seeds"][1]),
            within_seeds=tuple(c["within_seeds"]),
            **{name: c[name] for name in kept},
        )
        for c in results["comparisons"]
    ]


def lines(results: Facts, compared: Sequence[Pair]) -> list[Line]:
    """The headline table: arms in the order of the recipe, then rivals."""
    rivals = set(results["rivals"])
    ordered = sorted(results["chosen"], key=lambda name: name in rivals)
    against = {pair.a: pair for pair in compared}
    bounds = upper_bounds(results)
    found = [_line(results, name, name in rivals, against.get(name)) for name in ordered]
    return [replace(line, upper_bound=line.name in bounds) for line in found]


def _line(results: Facts, name: str, rival: bool, against: Pair | None) -> Line:
    chosen = results["chosen"][name]
    own = [s for s in results["standings"] if s["arm"] == name]
    same = [s for s in own if s["grid"] == chosen["grid"]]
    main = next(s for s in same if s["rule"] == chosen["rule"])
    limits = main["interval"] or {}
    return Line(
        name=name,
        kind="rival" if rival else "arm",
        main=rule_score(main),
        others=tuple(rule_score(s) for s in same if s is not main),
        covers=limits.get("covers", ""),
        level=limits.get("level", 0.95),
        spread=main["spread"],
        student_seeds=tuple(main["student_seeds"]),
        purchase_seeds=tuple(main["purchase_seeds"]),
        rows=main["rows"],
        scores=main["scores"],
        charged=main["charged"],
        against=against,
        best_on_test=None if rival else _best_on_test(results, own, chosen["rule"]),
    )


def rule_score(standing: Facts) -> RuleScore:
    """A standing's score with its interval."""
    limits = standing["interval"] or {}
    return RuleScore(
        standing["rule"],
        standing["grid"],
        standing["mean"],
        limits.get("low"),
        limits.get("high"),
    )


def _best_on_test(results: Facts, own: Sequence[Facts], rule: str) -> RuleScore | None:
    if results["mode"] != "as_published" or results["split"] != "test":
        return None
    scored = [s for s in own if s["rule"] == rule and s["mean"] is not None]
    return rule_score(max(scored, key=lambda s: s["mean"])) if scored else None


def reference_of(compared: Sequence[Pair]) -> str:
    """The contender that all others are compared with; empty where nothing was compared."""
    return compared[0].b if compared else ""


def verdict(results: Facts, compared: Sequence[Pair], table: Sequence[Line]) -> Verdict:
    """What the primary comparison says, in one sentence that stands alone."""
    better, worse = parse_primary(results["primary"])
    pair = next((p for p in compared if (p.a, p.b) == (better, worse)), None)
    if pair is None:
        claim = _nothing_compared(results, better, worse)
        return Verdict("none", claim, f"{_best(results, table)}{_caveat(results)}".strip(), None)
    metric = results["task"]["metric"]
    told = (_evidence(pair, metric, table), _price(pair, table), _bound(pair, table))
    evidence = f"{' '.join(filter(None, told))}{_caveat(results)}"
    return Verdict(pair.verdict, _claim(pair, metric), evidence, pair)


def _claim(pair: Pair, metric: str) -> str:
    named = numbers.metric_name(metric)
    by = numbers.points(abs(pair.difference), metric)
    match pair.verdict:
        case "gain":
            return f"Gain: {pair.a} beats {pair.b} by {by} of {named}."
        case "loss":
            return f"Loss: {pair.a} is {by} of {named} worse than {pair.b}."
        case "undecided":
            return f"Undecided: this study cannot tell whether {pair.a} beats {pair.b}."
    bound = numbers.points(max(pair.equivalence_bound, 0.0), metric)
    return f"No gain above {bound}: {pair.a} does not beat {pair.b} by more than that."


def _evidence(pair: Pair, metric: str, table: Sequence[Line]) -> str:
    p = numbers.p_value(pair.p_shown)
    adjusted = "" if pair.p_adjusted is None else " after Holm"
    return (
        f"The difference is {numbers.difference(pair.difference, metric)} points "
        f"({numbers.level(pair.level)} interval "
        f"{numbers.difference(pair.low, metric)} to {numbers.difference(pair.high, metric)}; "
        f"{p}{adjusted}) over {_seeds(pair, table)} and {numbers.plural(pair.rows, 'row')}; the "
        f"smallest that would have been found is "
        f"{numbers.points(pair.smallest_detectable, metric)}."
    )


def _seeds(pair: Pair, table: Sequence[Line]) -> str:
    """How many students stand behind both sides. `Pair.seeds` counts purchases where there are
    several, since students of one purchase are no independent draws."""
    lines = {line.name: line for line in table}
    a, b = (_students(lines[name]) for name in (pair.a, pair.b))
    return f"{a} each" if a == b else f"{a} ({pair.a}), {b} ({pair.b})"


def _students(line: Line) -> str:
    seeds = numbers.plural(len(line.student_seeds), "seed")
    several = len(line.purchase_seeds)
    return f"{seeds} in each of {several} purchases" if several > 1 else seeds


def _price(pair: Pair, table: Sequence[Line]) -> str:
    charged = {line.name: line.charged["nanousd"] for line in table}
    return (
        f"{pair.a} was charged {numbers.dollars(charged.get(pair.a, 0))}, "
        f"{pair.b} {numbers.dollars(charged.get(pair.b, 0))}."
    )


def _bound(pair: Pair, table: Sequence[Line]) -> str:
    """That a side had more gold than the other; empty where none had."""
    above = [line.name for line in table if line.upper_bound and line.name in (pair.a, pair.b)]
    if len(above) != 1:
        return ""
    return f"{above[0]} is an upper bound: it trains on gold rows that the other arms do not have."


def _caveat(results: Facts) -> str:
    if results["split"] == "test":
        return ""
    return " These are scores on dev: the test is still sealed."


def _nothing_compared(results: Facts, better: str, worse: str) -> str:
    if not better:
        return "No verdict: the recipe names no primary comparison."
    absent = [name for name in (better, worse) if name not in results["chosen"]]
    why = f"{' and '.join(absent)} did not run" if absent else "it was not made"
    return f"No verdict: the primary comparison {better} > {worse} is missing, as {why}."


def _best(results: Facts, table: Sequence[Line]) -> str:
    scored = [line for line in table if line.main.score is not None]
    if not scored:
        return ""
    metric = results["task"]["metric"]
    top = max(scored, key=lambda line: line.main.score or 0.0)
    point = numbers.score(top.main.score, metric)
    limits = numbers.interval(top.main.low, top.main.high, metric)
    bound = ", an upper bound that trains on all gold" if top.upper_bound else ""
    return f"The highest score is that of {top.name}{bound}: {point} ({limits})."
