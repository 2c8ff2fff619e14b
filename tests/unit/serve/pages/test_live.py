"""One poller for all who listen, and none while nobody does."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploytrail.errors import Unavailable
from deploytrail.serve.pages.live import Live
from deploytrail.stores.memory import MemoryStore
from tests.reports import report
from tests.waiting import until

SOON = 0.01


class Counting(MemoryStore):
    """Counts how often it is asked, and is away or broken when it is told to be."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.trouble: Exception | None = None

    async def pulse(self) -> str:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return await super().pulse()


def always() -> bool:
    return True


async def first(stream: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(stream), 10)


def pollers() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "pages-poll"]


def test_all_hear_the_same_word_from_one_poller() -> None:
    async def scene() -> None:
        store = Counting()
        live = Live(store, poll_seconds=SOON)
        one, other = live.follow(always), live.follow(always)

        before = await asyncio.gather(first(one), first(other))
        running = pollers()
        await store.record(report())
        after = await asyncio.gather(first(one), first(other))
        await asyncio.gather(one.aclose(), other.aclose())  # type: ignore[attr-defined]

        assert len(set(before)) == len(set(after)) == len(running) == 1
        assert before != after

    asyncio.run(scene())


def test_when_the_last_has_gone_nobody_asks_and_no_old_word_is_told() -> None:
    async def scene() -> None:
        store = Counting()
        live = Live(store, poll_seconds=SOON)
        stream = live.follow(always)
        heard = await first(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        await until(lambda: not pollers())
        asked = store.asked
        await store.record(report())

        assert await live.word() != heard
        assert store.asked == asked + 1

    asyncio.run(scene())


def test_a_listener_who_may_not_listen_any_more_hears_no_more() -> None:
    async def scene() -> None:
        allowed = [True]
        stream = Live(Counting(), poll_seconds=SOON).follow(lambda: bool(allowed))
        await first(stream)

        allowed.clear()

        with pytest.raises(StopAsyncIteration):
            await first(stream)

    asyncio.run(scene())


def test_a_store_that_is_away_is_a_word_and_a_defect_is_seen() -> None:
    async def scene() -> None:
        store = Counting()
        stream = Live(store, poll_seconds=SOON).follow(always)
        await first(stream)

        store.trouble = Unavailable("the store is away since noon")
        away = await first(stream)
        store.trouble = RuntimeError("a defect")

        assert away == "away"
        with pytest.raises(RuntimeError, match="a defect"):
            await first(stream)

    asyncio.run(scene())
