"""The commands under one roof, and what happens when one fails."""

from __future__ import annotations

import sys

import typer

from tutelage import __version__
from tutelage.cli import (
    answering,
    buying_ledger,
    looking,
    recipe_writing,
    running_studies,
)
from tutelage.cli.console import fail, interrupted
from tutelage.exceptions import TutelageError

app = typer.Typer(
    name="tutelage",
    help="Turn a few gold examples, an LLM teacher and a budget into a small model, with evidence.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for group in (recipe_writing, running_studies, looking, answering, buying_ledger):
    group.register(app)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Show the version.")) -> None:
    if version:
        sys.stdout.write(f"tutelage {__version__}\n")
        raise typer.Exit


def run_command_line() -> None:
    """Run the command line; a user's mistake shows no traceback."""
    as_json = "--json" in sys.argv
    try:
        app()
    except TutelageError as error:
        fail(error, as_json=as_json)
    except KeyboardInterrupt:
        interrupted(as_json=as_json)
