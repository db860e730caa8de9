"""Work beside an event loop that runs already, as in a notebook's cell."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Callable
from typing import Any, TypeVar

R = TypeVar("R")


def outside_loop(work: Callable[[], R]) -> R:
    """Do `work`, which starts an event loop of its own, wherever we are.

    Where a loop runs in this thread, another thread does it meanwhile, since loops do not nest.
    Ctrl-C (a notebook's stop button) stops that thread too: nothing more is bought behind the
    user's back.

    >>> outside_loop(lambda: asyncio.run(asyncio.sleep(0, "done")))
    'done'
    """
    return _elsewhere(work) if _loop_runs() else work()


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _elsewhere(work: Callable[[], R]) -> R:
    brought: dict[str, Any] = {}

    def carry() -> None:
        try:
            brought["result"] = work()
        except BaseException as e:
            brought["error"] = e

    thread = threading.Thread(target=carry, name="tutelage")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        _interrupt(thread)
        thread.join()
        raise
    if "error" in brought:
        raise brought["error"]
    result: R = brought["result"]
    return result


def _interrupt(thread: threading.Thread) -> None:
    """Raise KeyboardInterrupt in `thread`; it is heard when the thread next runs Python code."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt)
        )
