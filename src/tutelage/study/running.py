"""A whole study: every arm, grid point and seed under one budget, then the sealed test, once.

The order is the promise: all students first; then, and only with `final`, the test is opened, and
the rivals that read test texts are asked. Without `final` a run ends on dev.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tutelage.building import prepare
from tutelage.recipe.validation import LoadedRecipe
from tutelage.results import Results
from tutelage.store.runs import Run
from tutelage.store.status import Listener, StatusBoard


@dataclass(frozen=True)
class Choices:
    """What a user decides at each start, beside the recipe."""

    final: bool = False
    """Open the sealed test at the end."""
    limit: int | None = None
    """Use at most so many rows of each role: a quick trial."""
    yes: bool = False
    """Go on without asking where the pilot finds the teacher no better than gold alone."""


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    folder: Path
    results: Results


def run_study(
    loaded: LoadedRecipe,
    folder: Path,
    *,
    choices: Choices | None = None,
    ledger: Path | None = None,
    listener: Listener | None = None,
) -> Outcome:
    """Run a recipe in `folder`, or go on with what is there.

    Raises:
        BudgetReached: the study's cap stopped it; run again with a higher one to go on.
        TutelageError: anything else that can go wrong, told in three parts.
    """
    chosen = choices or Choices()
    prepared = prepare(loaded, limit=chosen.limit)
    with Run(folder) as run, StatusBoard(run, listener) as board:
        study = Study(prepared, run, board, chosen, ledger or folder.parent / "ledger.sqlite")
        return asyncio.run(study.complete())
