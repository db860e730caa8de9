"""The command that looks at a run from another shell: status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from tutelage.cli.arguments import AsJson, RunArgument
from tutelage.cli.console import finish, inert, say, show
from tutelage.cli.status_lines import describe

if TYPE_CHECKING:
    from tutelage.study.archive import Standing

SILENT = 30.0
"""Seconds without a word from a live run after which it is said to be silent."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel="While and after it runs")(status)


def status(run: RunArgument, as_json: AsJson = False) -> None:
    """Say from any shell what a run is doing, and if it is alive."""
    from tutelage.study.archive import find_run, look

    past = find_run(run)
    standing = look(past)
    if not as_json:
        teacher = past.recipe.teacher
        _show(standing, teacher.budget.model_dump() if teacher else {})
    finish(standing.to_facts(), as_json=as_json)


def _show(standing: Standing, caps: dict[str, object]) -> None:
    from tutelage.store.caps import dollars

    say(f"{standing.name} in {standing.folder}: {state_of(standing)}", "bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, said in describe(standing.facts, caps if standing.held else {}):
        table.add_row(name, Text(inert(said)))
    spent = standing.spent
    if spent.requests:
        told = f"{dollars(spent.nanousd)}, {spent.requests:,} requests, {spent.tokens:,} tokens"
        table.add_row("in all", Text(told))
    show(table)


def state_of(standing: Standing) -> str:
    """Whether the run is alive, in a few words."""
    age = "" if standing.silent is None else f", last heard of {ago(standing.silent)}"
    if standing.held:
        quiet = standing.silent is not None and standing.silent > SILENT
        return f"a live process works on it{age}" + (" (it may hang)" if quiet else "")
    if standing.finished and standing.facts.get("phase") == "done":
        return f"finished{age}"
    return f"no process works on it{age}; run its recipe again to go on"


def ago(seconds: float) -> str:
    """A time span as people say it.

    >>> ago(3), ago(90), ago(7200), ago(200000)
    ('3 s ago', '1 min ago', '2 h ago', '2 days ago')
    """
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
