"""What a live run is doing: facts gathered by a timer, written for other shells, shown to this one.

Work never waits for its display: whoever buys or trains only sets values or offers a source, and a
thread looks at them a few times a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from tutelage.exceptions import UserError
from tutelage.store.runs import Run

Listener = Callable[[Mapping[str, Any]], None]
Source = Callable[[], Mapping[str, Any]]


class StatusBoard:
    """Facts about a live run. Use as a context manager."""

    def __init__(self, run: Run, listener: Listener | None = None, *, every: float = 0.5) -> None:
        self._run, self._listener, self._every = run, listener, every
        self._facts: dict[str, Any] = {}
        self._sources: dict[str, Source] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="status", daemon=True)

    def set(self, **facts: Any) -> None:
        """Replace facts by name."""
        with self._lock:
            self._facts.update(facts)

    def watch(self, name: str, source: Source) -> None:
        """Ask `source` for the facts under `name` whenever the board is shown."""
        with self._lock:
            self._sources[name] = source

    def facts(self) -> dict[str, Any]:
        """All facts as they stand now."""
        with self._lock:
            facts, sources = dict(self._facts), dict(self._sources)
        return {**facts, **{name: dict(source()) for name, source in sources.items()}}

    def __enter__(self) -> Self:
        self.set(started=time.time())
        self._show()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()
        if kind is not None:
            self.set(phase="stopped", why=f"{kind.__name__}: {error}".splitlines()[0])
        self._show()

    def _tell(self) -> None:
        while not self._stopped.wait(self._every):
            self._show()

    def _show(self) -> None:
        facts = self.facts()
        try:
            self._run.status(facts)
        except UserError:  # a full disk must not stop the work; the work's own writes will say so
            facts["status_file"] = "cannot be written"
        if self._listener:
            self._listener(facts)
