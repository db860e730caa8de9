"""A run's folder: its lock, its steps and what it is doing right now.

    RUN/recipe.json         the resolved recipe
    RUN/run.json            what the run is: id, versions, folder of the recipe
    RUN/status.json         what it is doing, for `tutelage status` in another shell
    RUN/steps/NAME-KEY/     one step: its files, and done.json once it is finished
    RUN/units/KEY.json      the steps that one student took (`trails.py`)
    RUN/lock                held by the one process that works here

A step is keyed by the hash of its inputs, options and version. A finished step is read, never run
again: together with the ledger inside the teacher's step and the checkpoint inside training this is
the whole of resuming.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from tutelage.exceptions import UserError
from tutelage.records import content_hash


@dataclass(frozen=True)
class Step:
    """One keyed piece of work and the folder it may write in."""

    name: str
    key: str
    folder: Path

    @property
    def done(self) -> bool:
        return (self.folder / "done.json").exists()

    @property
    def result(self) -> Any:
        """What `finish` was given."""
        return orjson.loads((self.folder / "done.json").read_bytes())

    def finish(self, result: Any) -> None:
        """Mark the step as done. Written last and renamed into place, so that it is whole or not
        there."""
        write_whole(self.folder / "done.json", orjson.dumps(result))


class Run:
    """A run's folder, held by one process at a time. Use as a context manager.

    Raises:
        UserError: another process works in the folder, or it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    def __enter__(self) -> Self:
        try:
            (self.folder / "steps").mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as e:
            raise UserError(
                f"The run folder {self.folder} cannot be written: {e.strerror or e}.",
                do="Name another with --out, or mend its permissions.",
            ) from e
        if not try_lock(self._lock):
            holder = os.read(self._lock, 100).decode(errors="replace").strip()
            os.close(self._lock)
            raise UserError(
                f"Another process ({holder or 'unknown'}) is working in {self.folder}.",
                "Two runs on one folder would overwrite each other.",
                f"Wait for it (`tutelage status {self.folder}`), or name another with --out.",
            )
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"pid {os.getpid()}\n".encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def step(self, name: str, inputs: Mapping[str, Any]) -> Step:
        """The step called `name` with these inputs, whose folder exists afterwards.

        Args:
            name: What kind of work it is, such as `fit`.
            inputs: Everything that its result depends on, as plain data: fingerprints of rows,
                options, the part's version, seeds.
        """
        key = content_hash("step1", [name, inputs])
        folder = self.folder / "steps" / f"{name}-{key.removeprefix('step1-')[:20]}"
        folder.mkdir(parents=True, exist_ok=True)
        return Step(name, key, folder)

    def status(self, facts: Mapping[str, Any]) -> None:
        """Say what the run is doing, for whoever asks from another shell."""
        write_whole(
            self.folder / "status.json",
            orjson.dumps({**facts, "at": time.time(), "pid": os.getpid()}),
        )


def is_held(folder: Path) -> bool:
    """Whether a live process works in `folder`."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of the old or all of the new, also after a kill.

    Raises:
        UserError: the disk is full or read-only; the old file is as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as e:
        draft.unlink(missing_ok=True)
        raise UserError(
            f"{path} cannot be written: {e.strerror or e}.",
            "What was bought so far is in the ledger and is not lost.",
            "Make room or mend the permissions, then run the same command again.",
        ) from e


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file, which goes with the process; False where another has it."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
