"""The commands under one roof, and what happens when one fails."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from tutelage import __version__
from tutelage.cli import (
    accounts,
    authoring,
    foresight,
    outcomes,
    rows_out,
    starting,
    watching,
)
from tutelage.cli.console import fail, interrupted
from tutelage.exceptions import TutelageError


class Commands(TyperGroup):
    """Turns errors into one screen and an exit code, whichever command raised them."""

    def invoke(self, ctx: Any) -> Any:
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except TutelageError as error:
            fail(error, as_json=as_json)
        except KeyboardInterrupt:
            interrupted(as_json=as_json)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            fail(
                TutelageError(
                    f"{place}{error.strerror or error}.",
                    "What was bought so far is in the ledger and is not lost.",
                    "Mend the cause and run the same command again.",
                ),
                as_json=as_json,
            )


app = typer.Typer(
    name="tutelage",
    cls=Commands,
    help="Turn a few gold examples, an LLM teacher and a budget into a small model, with evidence.",
    epilog="Exit codes: 0 done, 1 failed, 2 your mistake, 3 a budget is reached.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (authoring, foresight, starting, watching, accounts, outcomes, rows_out):
    group.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"tutelage {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None: ...


def run_command_line() -> None:
    """Run the command line; a user's mistake shows no traceback."""
    app()
