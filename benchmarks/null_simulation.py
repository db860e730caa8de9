"""How often is a gain reported where there is none, and how often is the truth inside the interval?

Studies are simulated: test rows differ in difficulty, arms in which rows suit them, seeds in how
good they are and in which rows they happen to get right. Both arms are drawn alike, so every gain
is a false positive. The last line is one JSON object.

    python benchmarks/null_simulation.py --json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from tutelage.evaluation.significance import compare, interval

Matrix = npt.NDArray[np.float64]
LIMIT = 0.07


@dataclass(frozen=True)
class World:
    """How students answer: right where the sum of a mean and four normal terms is above zero."""

    name: str
    mean: float
    """Probit of the accuracy of an average student on a row of average difficulty."""
    arm: float
    """Standard deviation of what suits an arm on a row."""
    seed: float
    """Standard deviation between the seeds of an arm."""
    noise: float
    """Standard deviation of a seed's luck on a row."""
    row: float = 1.0
    """Standard deviation of difficulty between rows."""

    @property
    def accuracy(self) -> float:
        """True accuracy, over all rows and seeds."""
        spread = np.sqrt(self.row**2 + self.arm**2 + self.seed**2 + self.noise**2)
        return float(stats.norm.cdf(self.mean / spread))

    def mean_for(self, accuracy: float) -> float:
        """The mean at which the true accuracy is `accuracy`."""
        return float(self.mean * stats.norm.ppf(accuracy) / stats.norm.ppf(self.accuracy))

    def arms(
        self, rng: np.random.Generator, seeds: int, rows: int, gain: float = 0.0
    ) -> tuple[Matrix, Matrix]:
        """Correctness [seeds, rows] of two arms; the first is better by `gain` in accuracy."""
        hard = self.row * rng.normal(size=rows)
        first, second = (
            (
                mean
                + hard
                + self.arm * rng.normal(size=rows)
                + self.seed * rng.normal(size=(seeds, 1))
                + self.noise * rng.normal(size=(seeds, rows))
                > 0
            ).astype(np.float64)
            for mean in (self.mean_for(self.accuracy + gain), self.mean)
        )
        return first, second


WORLDS = (
    World("seeds alike", mean=0.9, arm=0.0, seed=0.0, noise=0.6),
    World("seeds 1 point apart", mean=0.9, arm=0.3, seed=0.03, noise=0.6),
    World("seeds 1.5 points apart", mean=0.9, arm=0.0, seed=0.05, noise=0.6),
    World("seeds 2.5 points apart", mean=0.9, arm=0.3, seed=0.1, noise=0.5),
    World("nearly all right", mean=2.0, arm=0.2, seed=0.05, noise=0.5),
    World("hard task", mean=-0.25, arm=0.4, seed=0.05, noise=0.8),
)


def pooled_mcnemar(a: Matrix, b: Matrix) -> float:
    """What is often done and wrong: McNemar's test over the rows of all seeds as if independent."""
    won, lost = int((a > b).sum()), int((a < b).sum())
    return float(stats.binomtest(won, won + lost, 0.5).pvalue) if won + lost else 1.0


@dataclass(frozen=True)
class Result:
    world: str
    accuracy: float
    seeds: int
    rows: int
    studies: int
    seed_spread: float
    """Mean standard deviation of accuracy between the seeds of an arm."""
    false_positives: float
    pooled_mcnemar: float
    coverage: float
    """Share of studies in which an arm's interval holds its true accuracy."""
    power: float
    """Share of studies that find the difference called smallest detectable."""
    gain: float
    """That difference: the median over the null studies."""


def simulate(world: World, *, seeds: int, rows: int, studies: int, stream: int) -> Result:
    """Null studies first; then as many with the gain that they call detectable."""
    rng = np.random.default_rng(stream)
    found, pooled, covered, spreads = [], [], [], []
    for _ in range(studies):
        a, b = world.arms(rng, seeds, rows)
        found.append(compare(a, b))
        pooled.append(pooled_mcnemar(a, b) < 0.05)
        limits = interval(a)
        covered.append(limits.low <= world.accuracy <= limits.high)
        spreads.append(a.mean(axis=1).std(ddof=1))
    gain = float(np.median([c.smallest_detectable for c in found]))
    gain = min(gain, 0.999 - world.accuracy)
    verdicts = [compare(*world.arms(rng, seeds, rows, gain)).verdict for _ in range(studies // 4)]
    return Result(
        world=world.name,
        accuracy=world.accuracy,
        seeds=seeds,
        rows=rows,
        studies=studies,
        seed_spread=float(np.mean(spreads)),
        false_positives=float(np.mean([c.p < 0.05 for c in found])),
        pooled_mcnemar=float(np.mean(pooled)),
        coverage=float(np.mean(covered)),
        power=verdicts.count("gain") / len(verdicts),
        gain=gain,
    )


def results(args: argparse.Namespace) -> Iterator[Result]:
    for i, world in enumerate(WORLDS):
        for seeds in args.seeds:
            yield simulate(
                world,
                seeds=seeds,
                rows=args.rows,
                studies=args.studies,
                stream=args.stream + 100 * i + seeds,
            )


def line(r: Result) -> str:
    return (
        f"{r.world:<24}{r.accuracy:>8.3f}{r.seeds:>7}{100 * r.seed_spread:>8.2f}"
        f"{100 * r.false_positives:>9.1f}{100 * r.pooled_mcnemar:>9.1f}"
        f"{100 * r.coverage:>10.1f}{100 * r.power:>8.1f} at {100 * r.gain:.1f}"
    )


def _rounded(r: Result) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(r).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 5])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--stream", type=int, default=20261120, help="seed of the simulation")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    args = parser.parse_args()
    print(f"{args.studies} studies of two equal arms, {args.rows} test rows; figures in percent")
    print(
        f"{'world':<24}{'accuracy':>8}{'seeds':>7}{'spread':>8}"
        f"{'false +':>9}{'McNemar':>9}{'coverage':>10}{'power':>8}"
    )
    started, done = time.perf_counter(), []
    for result in results(args):
        done.append(result)
        print(line(result), flush=True)
    worst = max(r.false_positives for r in done)
    told: dict[str, Any] = {
        "rows": args.rows,
        "studies": args.studies,
        "false_positives_worst": worst,
        "false_positives_5_seeds_worst": max(
            (r.false_positives for r in done if r.seeds == 5), default=None
        ),
        "pooled_mcnemar_worst": max(r.pooled_mcnemar for r in done),
        "coverage_worst": min(r.coverage for r in done),
        "limit": LIMIT,
        "results": [_rounded(r) for r in done],
        "seconds": round(time.perf_counter() - started, 1),
    }
    if args.json:
        print(json.dumps(told))
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
