"""Runs of one recipe over the values of one of its keys, on one page and as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os.path import relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from tutelage.report import numbers
from tutelage.report.drawing import styles
from tutelage.report.facts import Report, report_of
from tutelage.report.headline import Line
from tutelage.report.page import page_environment
from tutelage.report.run_comparison import compare_runs
from tutelage.report.sweep_chart import SweepCurve, SweepScore, sweep_chart
from tutelage.report.writing import HTML, read_results
from tutelage.store.runs import write_whole


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One value and what its run found."""

    value: str
    run: str
    """Its folder, seen from the page."""
    link: str
    """Address of its report, seen from the page; empty where there is none."""
    train_rows: int
    """Gold train rows of its first fold; 0 where it failed."""
    verdict: str
    failed: str = ""
    """Why there is no result."""
    opened: bool = False
    """Whether it opened the test."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """All values of one key side by side."""

    name: str
    key: str
    metric: str
    split: str
    reference: str
    """The arm that the others are held against in each run."""
    points: tuple[SweepPoint, ...]
    curves: tuple[SweepCurve, ...]
    differences: Mapping[str, Mapping[str, str]]
    """By arm and value: how it differs from the reference in the run of that value."""
    warnings: tuple[str, ...]

    @property
    def openings(self) -> str:
        """What the openings of the test mean, in a sentence; empty where none was opened."""
        count = sum(point.opened for point in self.points)
        if not count:
            return ""
        return (
            f"{numbers.plural(count, 'run')} opened the test, each of them once. The curves show "
            "how arms compare at each value; whoever picks the best value by them has chosen on "
            "the test."
        )

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "openings": self.openings}


def write_sweep(
    place: Path, key: str, runs: Mapping[str, Path], failed: Mapping[str, str]
) -> tuple[Path, Path] | None:
    """Write what runs over several values found together.

    Args:
        place: Of the page, without its ending.
        key: What was varied.
        runs: Folder of every value's run, in the order of the values.
        failed: Why there is no result, by value.

    Returns:
        Paths of the JSON and of the page; None where no run finished.

    Raises:
        UserError: results that cannot be read, or a full disk.
    """
    found = {v: report_of(read_results(folder)) for v, folder in runs.items() if v not in failed}
    if not found:
        return None
    sweep = _sweep(place, key, runs, found, failed)
    first = next(iter(found.values()))
    look = styles(
        [line.name for line in first.lines if line.kind == "arm"],
        [line.name for line in first.lines if line.kind == "rival"],
    )
    known = [curve for curve in sweep.curves if curve.points and curve.name in look]
    values = [value for value in runs if value in found]
    chart = sweep_chart(known, values, look, key=key, metric=sweep.metric, split=sweep.split)
    html = (
        page_environment()
        .get_template("sweep.html.jinja")
        .render(
            s=sweep,
            chart=chart,
            scores={c.name: {p.value: p for p in c.points} for c in sweep.curves},
            colours={name: style.page_colour for name, style in look.items()},
        )
    )
    told, page = place.with_name(f"{place.name}.json"), place.with_name(f"{place.name}.html")
    write_whole(told, orjson.dumps(sweep.to_json(), option=orjson.OPT_INDENT_2))
    write_whole(page, html.encode("utf-8"))
    return told, page


def _sweep(
    place: Path,
    key: str,
    runs: Mapping[str, Path],
    found: Mapping[str, Report],
    failed: Mapping[str, str],
) -> Sweep:
    first = next(iter(found.values()))
    warnings: tuple[str, ...] = ()
    if len(found) > 1:
        warnings = compare_runs([runs[value] for value in found]).warnings
    names = dict.fromkeys((line.name, line.kind) for r in found.values() for line in r.lines)
    return Sweep(
        name=first.name,
        key=key,
        metric=first.metric,
        split=first.split,
        reference=first.reference,
        points=tuple(
            _point(value, relpath(folder, place.parent), found.get(value), failed.get(value, ""))
            for value, folder in runs.items()
        ),
        curves=tuple(_curve(name, kind, found) for name, kind in names),
        differences=_differences(found),
        warnings=warnings,
    )


def _point(value: str, run: str, report: Report | None, failed: str) -> SweepPoint:
    if report is None:
        return SweepPoint(value, run, "", 0, "", failed)
    rows = int(report.gold[0]["rows"]["train"])
    opened, link = report.split == "test", quote(f"{Path(run).as_posix()}/{HTML}")
    return SweepPoint(value, run, link, rows, report.verdict.sentence, opened=opened)


def _curve(name: str, kind: str, found: Mapping[str, Report]) -> SweepCurve:
    points, bound = [], False
    for value, report in found.items():
        line = _line(report.lines, name)
        if line is not None and line.main.score is not None:
            points.append(SweepScore(value, line.main.score, line.main.low, line.main.high))
            bound = line.upper_bound
    return SweepCurve(name, kind, tuple(points), bound)


def _line(lines: Sequence[Line], name: str) -> Line | None:
    return next((line for line in lines if line.name == name), None)


def _differences(found: Mapping[str, Report]) -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = {}
    for value, report in found.items():
        for line in report.lines:
            if (pair := line.against) is not None:
                difference = numbers.difference(pair.difference, report.metric)
                told.setdefault(line.name, {})[value] = f"{difference}, {pair.sentence}"
    return told
