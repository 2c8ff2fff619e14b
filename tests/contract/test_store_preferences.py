"""What every store promises of notification preferences."""

import asyncio
from datetime import timedelta

from deploytrail.record.preference import Preference, prefer
from deploytrail.stores.base import Store
from tests.contract.acting import on_one, on_two
from tests.contract.conftest import Opening
from tests.reports import NOON


def wish(channel: str = "C1", event_type: str = "build.failed", minutes: int = 0) -> Preference:
    when = NOON + timedelta(minutes=minutes)
    return prefer(event_type=event_type, channel_id=channel, created_at=when, created_by="ci")


def test_what_is_wished_for_is_kept_once_and_listed_oldest_first(opening: Opening) -> None:
    async def act(store: Store) -> None:
        later, first = wish("C2", minutes=1), wish("C1")

        assert await store.preferences.put(later) == later
        assert await store.preferences.put(first) == first
        assert await store.preferences.put(wish("C1", minutes=9)) == first

        assert await store.preferences.list() == (first, later)

    on_one(opening, act)


def test_what_is_removed_is_gone_and_was_there_once(opening: Opening) -> None:
    async def act(store: Store) -> None:
        kept = await store.preferences.put(wish("C3"))

        assert await store.preferences.delete(kept.id)
        assert not await store.preferences.delete(kept.id)

        assert kept not in await store.preferences.list()

    on_one(opening, act)


def test_wishes_told_to_two_replicas_at_once_are_all_kept(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        wishes = [wish(f"D{n}") for n in range(8)]

        await asyncio.gather(
            *(store.preferences.put(each) for store, each in zip([one, other] * 4, wishes, strict=True))
        )

        assert {each.channel_id for each in await other.preferences.list()} >= {each.channel_id for each in wishes}

    on_two(opening, act)
