"""Runs that were started earlier: what they are, what they are doing, what they found."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import UserError
from tutelage.plugins import nearest
from tutelage.recipe import Recipe
from tutelage.records import Usage
from tutelage.store.ledger import Ledger
from tutelage.store.runs import is_held

RUNS = Path("runs")
"""Where runs lie that are not told to lie elsewhere."""


def default_folder(name: str) -> Path:
    """Where a recipe of this name runs: `runs/NAME` below the current folder."""
    return RUNS / name


@dataclass(frozen=True)
class PastRun:
    """A run's folder, read only."""

    folder: Path

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """`id`, `recipe` (its name), `folder` (of the recipe) and `ledger`; once gold was read also
        `task` and `folds` (their numbers)."""
        return self._read("run.json")

    @property
    def name(self) -> str:
        return str(self.about["recipe"])

    @property
    def ledger(self) -> Path:
        """Where its replies are; beside the run's folder where both were moved together."""
        told = Path(self.about.get("ledger", ""))
        return told if told.is_file() else self.folder.resolve().parent / "ledger.sqlite"

    @cached_property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return Recipe.model_validate(self._read("recipe.json"))

    @property
    def status(self) -> dict[str, Any]:
        """What it said last of what it is doing; empty where it said nothing yet."""
        path = self.folder / "status.json"
        return self._read("status.json") if path.exists() else {}

    @property
    def finished(self) -> bool:
        return (self.folder / "results.json").exists()

    @property
    def ended(self) -> bool:
        """Whether its last start came to its end: results may be those of a start before."""
        return self.finished and self.status.get("phase") == "done"

    @cached_property
    def results(self) -> dict[str, Any]:
        """What it found.

        Raises:
            UserError: it is not finished.
        """
        if not self.finished:
            raise UserError(
                f"The run {self.folder} is not finished.",
                "It has no results yet.",
                f"See what it is doing with `tutelage status {self.folder}`, or run its recipe "
                "again to go on.",
            )
        return self._read("results.json")

    def spent(self) -> Usage:
        """What all lives of the run paid, sendings without an answer included."""
        if not self.ledger.is_file():
            return Usage()
        with Ledger.open(self.ledger, read_only=True) as book:
            totals = book.totals(study=str(self.about["id"]))
        return sum((part for total in totals for part in (total.paid, total.presumed)), Usage())

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            return dict(orjson.loads(path.read_bytes()))
        except (OSError, ValueError) as e:
            raise UserError(f"{path} cannot be read: {e}.", do="Is this a run's folder?") from e


def find_run(place: str | Path) -> PastRun:
    """The run at `place`: its folder, or its name below `runs`.

    Raises:
        UserError: there is none; the message names the nearest.
    """
    folder = Path(place)
    for candidate in (folder, RUNS / folder):
        if (candidate / "run.json").is_file():
            return PastRun(candidate)
    known = [path.parent.name for path in sorted(RUNS.glob("*/run.json"))]
    what = f"{folder} is no run's folder." if folder.exists() else f"There is no run {folder}."
    hint = nearest(folder.name, known) if known else "Start one with `tutelage run RECIPE`."
    raise UserError(what, do=hint)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run is doing, as seen from another shell."""

    folder: str
    name: str
    held: bool
    """Whether a live process works on it."""
    facts: Mapping[str, Any]
    """What it wrote last (`store/status.py`)."""
    silent: float | None
    """Seconds since it last wrote; None where it never did."""
    spent: Usage
    finished: bool

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "run": self.folder,
            "name": self.name,
            "live": self.held,
            "finished": self.finished,
            "phase": self.facts.get("phase", ""),
            "unit": self.facts.get("unit", ""),
            "seconds_since_written": self.silent,
            "spent_usd": self.spent.usd,
            "spent_tokens": self.spent.tokens,
            "spent_requests": self.spent.requests,
            "status": dict(self.facts),
        }


def look(run: PastRun) -> Standing:
    """What a run is doing now."""
    facts = run.status
    at = facts.get("at")
    return Standing(
        str(run.folder),
        run.name,
        is_held(run.folder),
        facts,
        None if at is None else max(0.0, time.time() - float(at)),
        run.spent(),
        run.finished,
    )
