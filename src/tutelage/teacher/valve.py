"""The waiting room of `pacing.py`: workers pass when the window lets them."""

from __future__ import annotations

import asyncio
from collections import deque

from tutelage.teacher.pacing import Pacing


class Valve:
    """Lets workers start requests as the pacing allows, first come first served.

    Attributes:
        held: Requests that workers have in hand, in flight or waiting to be sent again. A worker
            takes a new one only while this is below the window, so that a slowed endpoint does not
            leave many requests reserved and unsent.
    """

    def __init__(self, pacing: Pacing) -> None:
        self.pacing = pacing
        self.held = 0
        self._loop = asyncio.get_running_loop()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._starters: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait until another request may be taken in hand."""
        while self.held >= int(self.pacing.window):
            await self._park(self._takers)

    async def start(self) -> float:
        """Wait until a request may be sent; returns the time for `Pacing.refuse`."""
        wait = self.pacing.wait(self._loop.time())
        while wait != 0.0:
            if wait is None:
                await self._park(self._starters)
            else:
                await asyncio.sleep(wait)
            wait = self.pacing.wait(self._loop.time())
        return self.pacing.start(self._loop.time())

    def end(self) -> None:
        """A request ended, whatever came of it."""
        self.pacing.end()
        if self._starters:
            self._wake(self._starters, int(self.pacing.window) - self.pacing.in_flight)

    def release(self) -> None:
        """A request left a worker's hand."""
        self.held -= 1
        if self._takers:
            self._wake(self._takers, int(self.pacing.window) - self.held)

    def leave(self) -> None:
        """A worker goes home: another one that waits may see that there is nothing left."""
        self._wake(self._takers, 1)

    async def _park(self, waiters: deque[asyncio.Future[None]]) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake(waiters, 1)
            raise

    @staticmethod
    def _wake(waiters: deque[asyncio.Future[None]], count: int) -> None:
        while waiters and count > 0:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1
