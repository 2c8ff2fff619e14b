"""Alarms ring in the order of their times, each once, at the time that was set last."""

import asyncio
from datetime import timedelta

import pytest

from deploytrail.sources.alarms import Alarms
from tests.reports import NOON

LATER = NOON + timedelta(hours=1)


async def rung(alarms: Alarms, count: int) -> list[str]:
    return [await alarms.next(lambda: LATER) for _ in range(count)]


def test_alarms_ring_in_the_order_of_their_times() -> None:
    alarms = Alarms()
    alarms.set("second", NOON + timedelta(seconds=1))
    alarms.set("first", NOON)

    assert asyncio.run(rung(alarms, 2)) == ["first", "second"]


def test_an_alarm_that_is_set_again_rings_once_at_its_new_time() -> None:
    alarms = Alarms()
    alarms.set("moved", NOON)
    alarms.set("other", NOON + timedelta(seconds=1))
    alarms.set("moved", NOON + timedelta(seconds=2))

    assert asyncio.run(rung(alarms, 2)) == ["other", "moved"]


def test_nothing_rings_before_its_time() -> None:
    alarms = Alarms()
    alarms.set("later", LATER)

    async def early() -> None:
        await asyncio.wait_for(alarms.next(lambda: NOON), 0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(early())


def test_an_alarm_set_while_another_is_awaited_rings_first() -> None:
    async def scene() -> str:
        alarms = Alarms()
        alarms.set("far", LATER + timedelta(hours=1))
        waiting = asyncio.create_task(alarms.next(lambda: LATER))
        await asyncio.sleep(0)
        alarms.set("near", NOON)
        return await waiting

    assert asyncio.run(scene()) == "near"
