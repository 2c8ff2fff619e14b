"""When keys were last used: to the hour, with one write for all of them, and none on the way of a request."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from structlog.testing import capture_logs

from deploytrail.errors import Unavailable
from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from deploytrail.keys.uses import UseKeeper, hour, last_used, merge
from tests.fakes import NOW, SECRET, key
from tests.keys_in_memory import MemoryKeys
from tests.waiting import until

LATER = NOW + timedelta(hours=1)


class CountingKeys(MemoryKeys):
    """Counts writes, and is away when told."""

    writes = 0
    away = False

    async def keep_uses(self, uses: Mapping[str, datetime]) -> None:
        self.writes += 1
        if self.away:
            raise Unavailable("the API server is away")
        await super().keep_uses(uses)


class Kept:
    """A ring with two keys, and what keeps their uses."""

    def __init__(self) -> None:
        self.ring = KeyRing()
        self.keys = CountingKeys(self.ring, key(), key("other", name="other"))
        asyncio.run(self.keys.start(self.ring))
        self.keeper = UseKeeper(self.ring, self.keys, every_seconds=0.01)

    def use(self, *times: datetime, secret: str = SECRET) -> None:
        for when in times:
            assert self.ring.find(secret, scope=Scope.INGEST, now=when)

    def write(self) -> None:
        asyncio.run(self.keeper.write())


def test_a_key_costs_one_write_an_hour_however_often_it_is_used() -> None:
    kept = Kept()

    for minute in range(60):
        kept.use(NOW + timedelta(minutes=minute))
        kept.write()

    assert kept.keys.writes == 1
    assert kept.keys.kept == {"ci": NOW}


def test_the_next_hour_is_written_and_keys_used_meanwhile_with_it() -> None:
    kept = Kept()
    kept.use(NOW)
    kept.write()

    kept.use(LATER)
    kept.use(LATER, secret="other")
    kept.write()

    assert kept.keys.writes == 2
    assert kept.keys.kept == {"ci": LATER, "other": LATER}


def test_unused_keys_cost_nothing() -> None:
    kept = Kept()

    kept.write()

    assert kept.keys.writes == 0


def test_what_could_not_be_written_is_written_later_and_complained_of_once() -> None:
    kept = Kept()
    kept.use(NOW)
    kept.keys.away = True
    with capture_logs() as logged:
        kept.write()
        kept.write()

    kept.keys.away = False
    kept.write()
    kept.write()

    assert kept.keys.kept == {"ci": NOW}
    assert kept.keys.writes == 3
    assert [line["event"] for line in logged] == ["key_use_unwritten"]


def test_it_writes_by_itself_and_a_last_time_at_the_end() -> None:
    kept = Kept()

    async def live() -> None:
        running = asyncio.create_task(kept.keeper.run())
        kept.use(NOW)
        await until(lambda: kept.keys.kept == {"ci": NOW})
        running.cancel()
        kept.use(LATER)
        await kept.keeper.stop()

    asyncio.run(live())

    assert kept.keys.kept == {"ci": LATER}


def test_an_end_does_not_wait_for_keys_that_do_not_answer() -> None:
    kept = Kept()

    class Asleep(MemoryKeys):
        async def keep_uses(self, uses: Mapping[str, datetime]) -> None:
            await asyncio.Event().wait()

    kept.use(NOW)
    asyncio.run(UseKeeper(kept.ring, Asleep(kept.ring)).stop(seconds=0.01))

    assert kept.keys.kept == {}


def test_the_later_use_stays_and_keys_that_are_gone_do_not() -> None:
    kept = merge({"a": NOW, "b": LATER, "gone": NOW}, {"a": LATER, "b": NOW, "c": NOW}, names={"a", "b", "c", "d"})

    assert kept == {"a": LATER, "b": LATER, "c": NOW}


def test_a_use_of_an_older_key_of_the_same_name_is_not_shown() -> None:
    again = key(created_at=LATER + timedelta(minutes=30))

    assert last_used(again, {"ci": NOW}) is None
    assert last_used(again, {"ci": NOW}, {"ci": LATER + timedelta(minutes=40)}) == hour(LATER)
    assert last_used(again, {"other": LATER}) is None
