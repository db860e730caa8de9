"""Finished runs side by side, and whether their scores may be compared at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutelage.exceptions import UserError
from tutelage.report import numbers
from tutelage.report.facts import Report, report_of
from tutelage.report.headline import Line
from tutelage.report.writing import read_results

COLUMNS = ("run", "arm or rival", "score", "interval", "seeds", "rows", "charged", "verdict")


@dataclass(frozen=True, slots=True)
class RunLine:
    """One arm or rival of one run."""

    run: str
    """Path of the run's folder, as it was given."""
    name: str
    kind: str
    """`arm` or `rival`."""
    score: float | None
    low: float | None
    high: float | None
    seeds: int
    """Student seeds; 0 for rivals that are no students."""
    rows: int
    nanousd: int
    """Charged for one purchase."""
    verdict: str
    """Against its own run's reference; empty for the reference itself."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run."""

    run: str
    name: str
    mode: str
    split: str
    metric: str
    fingerprints: tuple[str, ...]
    """Of the rows that scores stand on: one for each fold."""
    verdict: str


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Runs side by side. Scores of different runs are not tested against each other: what is not in
    one recipe has no common seeds, and no hypothesis that was named beforehand."""

    runs: tuple[RunFacts, ...]
    lines: tuple[RunLine, ...]
    """Run by run, in the order given; within a run as in its own report."""
    warnings: tuple[str, ...]
    """Why scores are not comparable; empty where they are."""

    @property
    def comparable(self) -> bool:
        """Whether all scores are of one metric on the same rows of one split."""
        return not self.warnings

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "comparable": self.comparable}

    def rows(self) -> list[tuple[str, ...]]:
        """The table's cells under `COLUMNS`."""
        metrics = {run.run: run.metric for run in self.runs}
        return [_cells(line, metrics[line.run]) for line in self.lines]

    def text(self) -> str:
        """The table as plain text, warnings first."""
        table = [COLUMNS, *self.rows()]
        widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
        told = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([*(f"Warning: {warning}" for warning in self.warnings), *told])


def compare_runs(folders: Sequence[Path]) -> RunComparison:
    """Put finished runs side by side.

    Args:
        folders: Of at least two runs that finished.

    Raises:
        UserError: fewer than two folders, one of them twice, or a run that did not finish.
    """
    if len({folder.resolve() for folder in folders}) < 2 or len(set(folders)) < len(folders):
        raise UserError(
            f"{numbers.plural(len(folders), 'run')} cannot be compared.",
            "A comparison needs at least two different ones.",
            "Name the folders of two or more finished runs, each once.",
        )
    reports = {str(folder): report_of(read_results(folder)) for folder in folders}
    runs = tuple(_facts(place, report) for place, report in reports.items())
    lines = tuple(_line(place, line) for place, r in reports.items() for line in r.lines)
    return RunComparison(runs, lines, tuple(_warnings(runs)))


def _facts(place: str, report: Report) -> RunFacts:
    prints = tuple(str(gold["used"].get(report.split, "")) for gold in report.gold)
    return RunFacts(
        place,
        report.name,
        report.mode,
        report.split,
        report.metric,
        prints,
        report.verdict.claim,
    )


def _line(place: str, line: Line) -> RunLine:
    return RunLine(
        run=place,
        name=line.name,
        kind=line.kind,
        score=line.main.score,
        low=line.main.low,
        high=line.main.high,
        seeds=len(line.student_seeds) if line.main.rule else 0,
        rows=line.rows,
        nanousd=line.charged["nanousd"],
        verdict=line.against.sentence if line.against else "",
    )


def _warnings(runs: Sequence[RunFacts]) -> list[str]:
    """What makes the runs incomparable, worst first."""
    told = []
    if len({run.metric for run in runs}) > 1:
        told.append(f"the metrics differ ({_each(runs, 'metric')}).")
    if len({run.split for run in runs}) > 1:
        told.append(
            f"the splits differ ({_each(runs, 'split')}); scores on dev flatter. "
            "`tutelage run --final` opens the test."
        )
    elif len({run.fingerprints for run in runs}) > 1:
        told.append(
            f"the runs were scored on different {runs[0].split} rows: their fingerprints differ "
            f"({', '.join(f'{run.run} {_short(run.fingerprints)}' for run in runs)})."
        )
    return [f"Scores are not comparable: {why}" for why in told]


def _each(runs: Sequence[RunFacts], name: str) -> str:
    return ", ".join(f"{run.run} {getattr(run, name)}" for run in runs)


def _short(fingerprints: Sequence[str]) -> str:
    more = f" and {len(fingerprints) - 1} more" if len(fingerprints) > 1 else ""
    return f"{fingerprints[0][:15]}…{more}" if fingerprints else "none"


def _cells(line: RunLine, metric: str) -> tuple[str, ...]:
    return (
        line.run,
        line.name,
        numbers.score(line.score, metric),
        numbers.interval(line.low, line.high, metric),
        str(line.seeds) if line.seeds else numbers.NONE,
        numbers.count(line.rows),
        numbers.dollars(line.nanousd),
        line.verdict,
    )
