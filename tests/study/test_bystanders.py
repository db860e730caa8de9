import asyncio
import os
import signal
import threading

import pytest

from tutelage.study import bystanders
from tutelage.study.bystanders import outside_loop


def test_without_a_loop_it_is_done_here():
    assert outside_loop(threading.current_thread) is threading.current_thread()


async def test_inside_a_loop_another_thread_does_it():
    assert outside_loop(lambda: asyncio.run(asyncio.sleep(0, 7))) == 7
    assert outside_loop(threading.current_thread) is not threading.current_thread()


async def test_errors_come_back():
    def fail():
        raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        outside_loop(fail)


async def test_a_stop_button_stops_the_work_too(monkeypatch):
    """Ctrl-C is heard by the waiting thread; the working one must not buy on."""
    started, heard = threading.Event(), []

    def work():
        try:
            started.set()
            while True:
                started.wait(0.001)
        except KeyboardInterrupt:
            heard.append("stopped")
            raise

    class Stopped(threading.Thread):
        asked = False

        def join(self, timeout=None):
            if not Stopped.asked:
                Stopped.asked = True
                started.wait()
                raise KeyboardInterrupt
            super().join(timeout)

    monkeypatch.setattr(bystanders.threading, "Thread", Stopped)
    with pytest.raises(KeyboardInterrupt):
        outside_loop(work)
    assert heard == ["stopped"]


@pytest.fixture
def attentive():
    """SIGINT as on a terminal: a shell lets commands in its background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name != "posix", reason="signals to oneself")
@pytest.mark.usefixtures("attentive")
def test_ctrl_c_is_heard_while_no_loop_turns():
    """asyncio's own handler would let a training that never awaits run to its end."""
    reached = []

    async def training():
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
        reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        outside_loop(lambda: asyncio.run(training()))
    assert reached == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
