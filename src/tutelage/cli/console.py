"""What every command says, and how: tables for people, one JSON object last for programs.

Exit codes: 0 done, 1 failed, 2 the user's mistake, 3 a budget is reached.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from tutelage.exceptions import BudgetReached, RecipeError, TutelageError, UserError

INTERRUPTED = 130

# No markup: texts of teachers and users must not be read as colours or links.
out = Console(highlight=False, markup=False)
err = Console(stderr=True, highlight=False, markup=False)
PLAIN_WIDTH = 110
"""Columns where there is no terminal to fit."""

_INERT = {code: "�" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def inert(text: str) -> str:
    """`text` without control characters, so that it cannot steer a terminal.

    >>> inert("red: \\x1b[31m")
    'red: �[31m'
    """
    return text.translate(_INERT)


def say(text: str = "", style: str = "") -> None:
    """A line of the command's result."""
    out.print(Text(inert(text), style=style), soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """A line beside the result: progress, advice, warnings."""
    err.print(Text(inert(text), style=style), soft_wrap=True)


def show(thing: RenderableType) -> None:
    """A table or the like, on a terminal within its width."""
    if not out.is_terminal:
        out.width = PLAIN_WIDTH
    out.print(thing)


def tabulate(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()
) -> Table:
    """A plain table; the columns in `right` are flush right, as numbers are."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        numeric = column in right
        table.add_column(
            column,
            justify="right" if numeric else "left",
            no_wrap=numeric or number == 0,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(inert(str(cell))) for cell in row))
    return table


def finish(facts: Mapping[str, Any], *, as_json: bool, code: int = 0) -> NoReturn:
    """End a command: print its facts as the last line where asked for, and leave with `code`."""
    if as_json:
        body = orjson.dumps(facts, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        sys.stdout.write(body + "\n")
        sys.stdout.flush()
    raise SystemExit(code)


def fail(error: TutelageError, *, as_json: bool) -> NoReturn:
    """Tell an error on one screen, without a traceback, and leave with its code."""
    tell(error)
    facts: dict[str, Any] = {
        "error": title_of(error).lower(),
        "what": error.what,
        "why": error.why,
        "do": error.do,
    }
    if isinstance(error, RecipeError):
        facts["faults"] = [{"where": f.where, "what": f.what, "line": f.line} for f in error.faults]
    finish(facts, as_json=as_json, code=error.exit_code)


def tell(error: TutelageError) -> None:
    """An error's three parts on the screen."""
    style = "yellow" if isinstance(error, BudgetReached) else "red"
    head = Text(f"{title_of(error)}: ", style=f"bold {style}")
    err.print(head + Text(inert(error.what)), soft_wrap=True)
    for part in (error.why, error.do):
        if part:
            note(part)


def title_of(error: TutelageError) -> str:
    heading = {UserError: "Cannot do that", BudgetReached: "Budget reached"}
    return next((t for kind, t in heading.items() if isinstance(error, kind)), "Failed")


def interrupted(*, as_json: bool) -> NoReturn:
    """Tell that Ctrl-C was heard."""
    note("Stopped. Everything bought and trained so far is kept; run it again to go on.")
    finish({"error": "interrupted"}, as_json=as_json, code=INTERRUPTED)
