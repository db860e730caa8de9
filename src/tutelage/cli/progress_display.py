"""What a live run shows: a panel that is redrawn on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tutelage.cli.console import err, inert
from tutelage.cli.status_lines import describe, headline, summary

EVERY = 10.0
"""Seconds between plain lines while nothing but numbers changes."""


class Display:
    """Listens to a run's status board. Use as a context manager; what it shows goes to stderr.

    Args:
        caps: Caps of the study by unit, to stand beside what is spent.
        console: Where to; stderr where absent.
    """

    def __init__(self, caps: Mapping[str, Any], console: Console | None = None) -> None:
        self._console = console or err
        self._caps = caps
        self._live: Live | None = None
        self._told, self._told_at = "", float("-inf")
        self._lock = threading.Lock()
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop"
            )

    def __call__(self, facts: Mapping[str, Any]) -> None:
        """Show `facts`; called by the board's thread."""
        with self._lock:
            if self._live is not None:
                self._live.update(self._panel(facts), refresh=True)
            else:
                self._line(facts)

    def pause(self) -> None:
        """Take the panel away, so that a question can be asked."""
        with self._lock:
            if self._live is not None:
                self._live.stop()

    def resume(self) -> None:
        with self._lock:
            if self._live is not None:
                self._live.start()

    def __enter__(self) -> Self:
        self.resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pause()

    def _panel(self, facts: Mapping[str, Any]) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column(overflow="ellipsis", no_wrap=True)
        for name, said in describe(facts, self._caps):
            table.add_row(name, Text(inert(said)))
        return table

    def _line(self, facts: Mapping[str, Any]) -> None:
        """One line when the phase or unit changes, else at most one every ten seconds."""
        if not facts.get("phase"):
            return
        now, head = time.monotonic(), headline(facts)
        if head == self._told and now - self._told_at < EVERY:
            return
        self._told, self._told_at = head, now
        self._console.print(Text(inert(summary(facts))), soft_wrap=True)
