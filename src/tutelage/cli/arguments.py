"""Arguments and options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RecipeArgument = Annotated[
    str,
    typer.Argument(metavar="RECIPE", help="Recipe file, or name of a shipped one."),
]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's folder, or its name below runs/.")
]
Assignments = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a value of the recipe, such as teacher.budget.usd=5. Repeatable.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="Use at most so many rows of each role: a quick trial."),
]
Arms = Annotated[list[str], typer.Option("--arm", help="This arm only. Repeatable.")]
LedgerPath = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        dir_okay=False,
        help="Where replies are kept and found again; ledger.sqlite beside the run's folder.",
    ),
]
Over = Annotated[
    str,
    typer.Option(
        "--over",
        metavar="KEY=VALUE,VALUE",
        help="A study for each of several values of one key, such as gold.fraction=0.02,0.05,0.2; "
        "ends with a page that shows all of them.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
]
