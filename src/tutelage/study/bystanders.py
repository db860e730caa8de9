"""Work beside an event loop that runs already, as in a notebook's cell."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

R = TypeVar("R")


def outside_loop(work: Callable[[], R]) -> R:
    """Do `work`, which starts an event loop of its own, wherever we are.

    Where a loop runs in this thread, another thread does it meanwhile, since loops do not nest.
    Ctrl-C (a notebook's stop button) stops that thread too: nothing more is bought behind the
    user's back. Elsewhere Ctrl-C is heard at once, also while a student trains and no event loop
    turns.

    >>> outside_loop(lambda: asyncio.run(asyncio.sleep(0, "done")))
    'done'
    """
    if _loop_runs():
        return _elsewhere(work)
    with _prompt_interrupts():
        return work()


@contextmanager
def _prompt_interrupts() -> Iterator[None]:
    """Let Ctrl-C raise where the code stands. asyncio would only cancel its task, which a training
    that never awaits does not notice; it leaves handlers alone that are not Python's own."""
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


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
