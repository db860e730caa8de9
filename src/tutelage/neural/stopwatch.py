"""How long the parts of a job took, over all the sessions that it was done in."""

from __future__ import annotations

import time
from pathlib import Path

import orjson

from tutelage.neural.checkpoint import check_identity, write_json

NOTE_EVERY = 0.5
"""Seconds between notes: what a killed session loses of its time at most."""


class Stopwatch:
    """Adds up the seconds of each part of a job, and keeps them in a file.

    Seconds that a killed session spent on steps that are done again count too: they were spent.

    Args:
        path: Where the seconds are noted.
        identity: Of the job.

    Raises:
        TrainingError: the note is of another job.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self.path, self.identity = path, identity
        self.seconds: dict[str, float] = {}
        if path.exists():
            note = orjson.loads(path.read_bytes())
            check_identity(path, note, identity)
            self.seconds = note["seconds"]
        self.part = ""
        self.last = self.noted = time.perf_counter()

    def begin(self, part: str) -> None:
        """From now on seconds belong to `part`."""
        self.tick()
        self.part = part
        self.seconds.setdefault(part, 0.0)
        self.note()

    def tick(self) -> None:
        """Count the seconds since the last tick, and note them from time to time."""
        now = time.perf_counter()
        if self.part:
            self.seconds[self.part] += now - self.last
        self.last = now
        if now - self.noted >= NOTE_EVERY:
            self.note()

    def note(self) -> None:
        """Write the seconds down."""
        write_json(self.path, {"identity": self.identity, "seconds": self.seconds})
        self.noted = time.perf_counter()
