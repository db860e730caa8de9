"""One tuning in a folder at a time, also where several runs share their teachers."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from tutelage.store.runs import try_lock

log = logging.getLogger(__name__)
POLL = 0.2
"""Seconds between looks at a lock that another process holds."""


class Abandoned(Exception):
    """Nobody waits for the teacher any more."""


@contextmanager
def tuning_alone(path: Path, *, ended: Event) -> Iterator[None]:
    """Hold the lock at `path`, after waiting for whoever holds it: what they tune is then there to
    be loaded. The lock goes with the process, also at a kill.

    Args:
        path: File of the lock; made where it is missing.
        ended: Set where nobody waits any more.

    Raises:
        Abandoned: `ended` was set while we waited.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not try_lock(descriptor):
            log.info("Another process tunes this teacher (%s): waiting for it.", path)
            while not try_lock(descriptor):
                if ended.wait(POLL):
                    raise Abandoned
        yield
    finally:
        os.close(descriptor)
