"""How a contract test opens stores and speaks to them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from deploytrail.record.model import AnyReport, R
from deploytrail.stores.base import Store, VersionTaken
from tests.contract.conftest import Opening


def on_one(opening: Opening, act: Callable[[Store], Awaitable[None]]) -> None:
    """Act on one replica."""

    async def scene() -> None:
        async with opening() as store:
            await act(store)

    asyncio.run(scene())


def on_two(opening: Opening, act: Callable[[Store, Store], Coroutine[Any, Any, None]]) -> None:
    """Act on two replicas that share their records."""

    async def scene() -> None:
        async with opening() as one, opening() as other:
            await act(one, other)

    asyncio.run(scene())


async def told(store: Store, report: AnyReport[R]) -> R:
    """The record of a report that no version stands against."""
    outcome = await store.record(report)
    assert not isinstance(outcome, VersionTaken)
    return outcome.record
