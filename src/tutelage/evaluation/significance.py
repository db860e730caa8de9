"""Is the difference real? Intervals, paired tests and verdicts over test rows and student seeds.

Values are per-row correctness (0 or 1), or for F1 and for written texts the per-row values of
`influence.py`, whose mean is the score. What is resampled, and how, stands in `variance.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from tutelage.evaluation.scales import Scale
from tutelage.evaluation.variance import (
    Floats,
    Uncertainty,
    as_matrix,
    combine,
    group_codes,
    row_variance,
    seed_share,
)
from tutelage.exceptions import UserError

Verdict = Literal["gain", "loss", "no gain above x", "undecided"]
Groups = Sequence[object] | npt.ArrayLike | None
SHARE = Scale()
BOTH = "test rows and student seeds"
ROWS = "test rows only (one seed)"
SAME = "test rows (all seeds answer alike)"


@dataclass(frozen=True, slots=True)
class Interval:
    """A score with its confidence interval."""

    low: float
    point: float
    high: float
    covers: str
    """What could have been drawn differently: test rows and student seeds, or test rows only."""
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class WithinSeed:
    """McNemar's test of the two students of one seed. It says nothing of other seeds."""

    student_seed: int
    purchase_seed: int
    won: int
    """Rows that only the student of `a` has right."""
    lost: int
    """Rows that only the student of `b` has right."""
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What can be said of arm `a` minus arm `b`, paired by test row."""

    difference: float
    low: float
    high: float
    p: float
    """Two-sided, of no difference at all."""
    smallest_detectable: float
    """True difference that this comparison would have found in `power` of all studies."""
    equivalence_bound: float
    """Upper limit of the interval: the smallest x of which `no gain above x` can be said."""
    verdict: Verdict
    error: float
    """Standard error of the difference."""
    freedom: float
    """Degrees of freedom of the t distribution."""
    rows: int
    groups: int
    """Independent groups of rows; the rows themselves where they are not grouped."""
    seeds: tuple[int, int]
    covers: str
    level: float = 0.95
    margin: float = 0.02
    """Smallest gain that would matter."""
    p_adjusted: float | None = None
    """After Holm over the comparisons shown; None where only one was made."""
    a: str = ""
    b: str = ""
    top: float = 1.0
    """Of the metric's scale: 1, or 100 for metrics such as chrF."""
    within_seeds: tuple[WithinSeed, ...] = ()
    """One entry for each seed that both arms have, where the metric is accuracy."""

    @property
    def sentence(self) -> str:
        """The verdict in words, such as `no gain above 1.3 points`."""
        if self.verdict == "no gain above x":
            bound = 100 * max(self.equivalence_bound, 0.0) / self.top
            return f"no gain above {bound:.1f} points"
        return self.verdict

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON, with the p value of equivalence to within the margin."""
        return {
            **asdict(self),
            "seeds": list(self.seeds),
            "within_seeds": [asdict(w) for w in self.within_seeds],
            "equivalence_p": equivalence(self).p,
            "sentence": self.sentence,
        }


def interval(
    values: npt.ArrayLike, *, groups: Groups = None, level: float = 0.95, scale: Scale = SHARE
) -> Interval:
    """Confidence interval of the mean of `values` [seeds, rows], or [rows] for one seed.

    A score interval (Wilson 1927) at the effective number of rows p(1-p)/variance, with t
    quantiles: it stays inside the scale and keeps its coverage where nearly every row is right
    (Korn and Graubard 1998; Dean and Pagano 2015). A score at either end of the scale counts its
    groups.

    >>> i = interval([1] * 8 + [0] * 2)
    >>> round(i.low, 2), i.point, round(i.high, 2), i.covers
    (0.43, 0.8, 0.96, 'test rows only (one seed)')
    """
    matrix = as_matrix(values) / scale.top
    codes = group_codes(groups, matrix.shape[1])
    count = int(codes.max()) + 1
    share = seed_share(matrix, codes)
    by_rows = row_variance(matrix.mean(axis=0), codes)
    known = combine(by_rows, count, [share])
    point = float(matrix.mean())
    freedom = known.freedom if known.variance else float("inf")
    low, high = _score_limits(point, known, count, float(stats.t.ppf((1 + level) / 2, freedom)))
    covers = ROWS if len(matrix) == 1 else SAME if _alike(matrix) else BOTH
    return Interval(low * scale.top, point * scale.top, high * scale.top, covers, level)


def _alike(matrix: Floats) -> bool:
    return len(matrix) > 1 and bool((matrix == matrix[0]).all())


def _score_limits(
    point: float, known: Uncertainty, count: int, quantile: float
) -> tuple[float, float]:
    binomial = point * (1 - point)
    if binomial < -1e-12:  # a score outside its scale
        return point - quantile * known.error, point + quantile * known.error
    seen = known.variance > 0 and binomial > 1e-12
    effective = binomial / known.variance if seen else float(count)
    square = quantile**2 / effective
    middle = (point + square / 2) / (1 + square)
    half = np.sqrt(max(binomial, 0.0) * square + square**2 / 4) / (1 + square)
    low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
    return min(low, point), max(high, point)


def compare(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    groups: Groups = None,
    level: float = 0.95,
    margin: float = 0.02,
    power: float = 0.8,
    names: tuple[str, str] = ("", ""),
    scale: Scale = SHARE,
) -> Comparison:
    """Compare two arms on the same test rows.

    Args:
        a: Values [seeds, rows], or [rows] for one seed, of the arm that may be better.
        b: The same rows of the other arm; it may have another number of seeds.
        groups: Which rows belong together, such as those that share a premise.
        level: Of the interval; the verdict follows it.
        margin: Smallest gain that would matter, as a share of the scale: `no gain above x` is said
            where the upper limit lies below it.
        power: For `smallest_detectable`.
        names: Of the two arms, for the report.
        scale: Of the values, and how far two different answers to one row lie apart on it.

    Rows are paired, seeds are not. Two rows on which the arms differ by the scale's step are added,
    one for each arm, before the variance is taken (Bonett and Price 2012), so that two arms that
    agree on twenty rows are not called equal for certain.

    Raises:
        UserError: the two have not the same number of rows.
    """
    first, second = as_matrix(a), as_matrix(b)
    rows = first.shape[1]
    if second.shape[1] != rows:
        raise UserError(
            f"The arms were scored on {rows} and {second.shape[1]} rows.",
            "A paired comparison needs the same test rows for both.",
        )
    codes = group_codes(groups, rows)
    count = int(codes.max()) + 1
    difference = first.mean(axis=0) - second.mean(axis=0)
    by_rows = row_variance(difference, codes) + 2 * (scale.top * scale.step / rows) ** 2
    known = combine(by_rows, count, [seed_share(first, codes), seed_share(second, codes)])
    point, quantile = float(difference.mean()), float(stats.t.ppf((1 + level) / 2, known.freedom))
    half = quantile * known.error
    reach = quantile + float(stats.t.ppf(power, known.freedom))
    return decided(
        Comparison(
            difference=point,
            low=point - half,
            high=point + half,
            p=float(2 * stats.t.sf(abs(point) / known.error, known.freedom)),
            smallest_detectable=reach * known.error,
            equivalence_bound=point + half,
            verdict="undecided",
            error=known.error,
            freedom=known.freedom,
            rows=rows,
            groups=count,
            seeds=(len(first), len(second)),
            covers=_covers(len(first), len(second), names),
            level=level,
            margin=margin * scale.top,
            a=names[0],
            b=names[1],
            top=scale.top,
        )
    )


def _covers(first: int, second: int, names: tuple[str, str]) -> str:
    if min(first, second) > 1:
        return BOTH
    if max(first, second) == 1:
        return ROWS
    several, one = (0, 1) if first > 1 else (1, 0)
    return (
        f"test rows and the seeds of {names[several] or 'ab'[several]} "
        f"(one seed of {names[one] or 'ab'[one]})"
    )


def decided(comparison: Comparison) -> Comparison:
    """`comparison` with the verdict that its interval, p value and margin call for."""
    p = comparison.p if comparison.p_adjusted is None else comparison.p_adjusted
    verdict: Verdict = "undecided"
    if p < 1 - comparison.level:
        verdict = "gain" if comparison.difference > 0 else "loss"
    elif comparison.equivalence_bound < comparison.margin:
        verdict = "no gain above x"
    return replace(comparison, verdict=verdict)


def together(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons shown side by side, with Holm's p values and the verdicts they leave.

    Intervals stay those of each comparison alone.
    """
    if len(comparisons) < 2:
        return list(comparisons)
    adjusted = holm([c.p for c in comparisons])
    return [decided(replace(c, p_adjusted=p)) for c, p in zip(comparisons, adjusted, strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values of the step-down procedure (Holm 1979), in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def mcnemar(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Exact two-sided McNemar test (1947) of two students on the same rows, within one seed.

    Args:
        a: Correctness [rows], 0 or 1.
        b: The same rows of the other student.

    Raises:
        UserError: several seeds were given, values other than 0 and 1, or other rows.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or second.ndim != 1:
        raise UserError(
            f"McNemar's test was given scores of shape {first.shape} and {second.shape}.",
            "It knows one student for each arm. Over pooled seeds it counts each test row several "
            "times and cries wolf in 13 to 32 of 100 studies instead of 5.",
            "Use compare(), which resamples rows and seeds, or test one seed at a time.",
        )
    if first.shape != second.shape:
        raise UserError(f"The students were scored on {len(first)} and {len(second)} rows.")
    if not np.isin([*first, *second], (0.0, 1.0)).all():
        raise UserError("McNemar's test needs rows that are right (1) or wrong (0).")
    won, lost = int((first > second).sum()), int((first < second).sum())
    if won + lost == 0:
        return 1.0
    return float(stats.binomtest(won, won + lost, 0.5).pvalue)


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests against a margin."""

    margin: float
    p_below: float
    """Of a true difference of at most minus the margin."""
    p_above: float
    """Of a true difference of at least the margin."""

    @property
    def p(self) -> float:
        """The larger of the two: both must be rejected."""
        return max(self.p_below, self.p_above)


def equivalence(comparison: Comparison, *, margin: float | None = None) -> Equivalence:
    """Are the arms equal to within `margin`? Two one-sided t tests (Schuirmann 1987).

    Args:
        comparison: From `compare`.
        margin: Half-width of what counts as equal; the comparison's own where None.
    """
    c, width = comparison, comparison.margin if margin is None else margin
    below = stats.t.sf((c.difference + width) / c.error, c.freedom)
    above = stats.t.cdf((c.difference - width) / c.error, c.freedom)
    return Equivalence(width, float(below), float(above))
