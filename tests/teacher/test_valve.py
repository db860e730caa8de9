from __future__ import annotations

import asyncio

import pytest

from tutelage.teacher.pacing import Pacing
from tutelage.teacher.valve import Valve


async def test_starters_pass_one_for_one():
    valve = Valve(Pacing(2))
    await valve.start()
    await valve.start()
    third = asyncio.create_task(valve.start())
    await asyncio.sleep(0)
    assert not third.done()
    valve.end()
    await third
    assert valve.pacing.in_flight == 2


async def test_a_narrowed_window_holds_back_takers_until_there_is_room():
    valve = Valve(Pacing(4))
    valve.held = 4
    taker = asyncio.create_task(valve.take())
    await asyncio.sleep(0)
    assert not taker.done()
    valve.release()
    await taker


async def test_a_cancelled_waiter_hands_its_place_on():
    valve = Valve(Pacing(1))
    await valve.start()
    first, second = (asyncio.create_task(valve.start()) for _ in range(2))
    await asyncio.sleep(0)
    valve.end()  # wakes the first, which is cancelled before it runs
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
