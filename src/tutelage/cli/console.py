"""What every command says and how: tables for people, one JSON object as the last line for programs.

Exit codes: 0 done, 1 failed, 2 the user's mistake, 3 a budget is reached.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from rich.console import Console
from rich.text import Text

from tutelage.exceptions import BudgetReached, TutelageError, UserError

INTERRUPTED = 130

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def finish(facts: Mapping[str, Any], *, as_json: bool, code: int = 0) -> NoReturn:
    """End a command: print its facts as the last line where asked for, and leave with `code`."""
    if as_json:
        sys.stdout.write(orjson.dumps(facts, default=str).decode() + "\n")
        sys.stdout.flush()
    raise SystemExit(code)


def fail(error: TutelageError, *, as_json: bool) -> NoReturn:
    """Tell an error on one screen, without a traceback, and leave with its code."""
    heading = {UserError: "Cannot do that", BudgetReached: "Budget reached"}
    title = next((t for kind, t in heading.items() if isinstance(error, kind)), "Failed")
    style = "yellow" if isinstance(error, BudgetReached) else "red"
    err.print(Text(f"{title}: ", style=f"bold {style}") + Text(error.what))
    for part in (error.why, error.do):
        if part:
            err.print(Text(part))
    facts = {"error": title.lower(), "what": error.what, "why": error.why, "do": error.do}
    finish(facts, as_json=as_json, code=error.exit_code)


def interrupted(*, as_json: bool) -> NoReturn:
    """Tell that Ctrl-C was heard."""
    err.print("Stopped. Everything bought and trained so far is kept; run it again to go on.")
    finish({"error": "interrupted"}, as_json=as_json, code=INTERRUPTED)
