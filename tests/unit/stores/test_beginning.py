"""Since when there are records: asked for again only where what is remembered could be wrong."""

import asyncio
from datetime import datetime, timedelta

from deploytrail.stores.beginning import Beginning
from tests.reports import NOON

DAY = timedelta(days=1)


def test_what_was_early_enough_is_not_asked_for_again_and_all_else_is() -> None:
    times = iter([NOON, NOON, NOON - 2 * DAY])

    async def read() -> datetime:
        return next(times)

    async def act() -> list[datetime]:
        beginning = Beginning(read)
        return [await beginning.told(each) for each in (NOON + DAY, NOON, NOON - DAY, None, NOON - DAY)]

    assert asyncio.run(act()) == [NOON, NOON, NOON, NOON - 2 * DAY, NOON - 2 * DAY]
    assert list(times) == []
