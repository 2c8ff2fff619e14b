"""What every store promises, whatever it is made of."""

import asyncio
from datetime import timedelta

import pytest

from deploytrail.record.model import Deployment, Repeat, Status
from deploytrail.record.query import Query
from deploytrail.stores.base import Conflicting, Duplicate, Recorded, Store, VersionTaken
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, report
from tests.waiting import until


def test_a_first_report_makes_a_record(opening: Opening) -> None:
    async def act(store: Store) -> None:
        outcome = await store.record(report(metadata={"nested": {"n": 1}}, images=("a:1",)))

        assert isinstance(outcome, Recorded)
        assert outcome.created
        assert await store.get(outcome.record.id) == outcome.record
        assert outcome.record.metadata == {"nested": {"n": 1}}

    on_one(opening, act)


def test_c033_numbers_are_shown_as_they_were_told(opening: Opening) -> None:
    numbers = [0.5, -0.1, 2**63 - 1, -(2**63), 2.0**63, 1e20, -1e21, 1e300, 1.7976931348623157e308, 5e-324]

    async def act(one: Store, other: Store) -> None:
        record = await told(one, report(metadata={"numbers": numbers}))

        for store in (one, other):
            shown = await until(lambda store=store: _shown(store, record.id))  # type: ignore[misc]
            kept = shown.metadata["numbers"]
            assert kept[2:4] == numbers[2:4]
            assert list(map(float, kept)) == list(map(float, numbers))  # Kubernetes writes 2.0**63 without a fraction

    on_two(opening, act)


def test_the_same_report_again_is_a_duplicate(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report())

        second = await store.record(report())

        assert isinstance(second, Duplicate)
        assert second.record == first

    on_one(opening, act)


def test_of_many_at_once_exactly_one_is_told_that_it_created(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        outcomes = await asyncio.gather(*(store.record(report()) for store in [one, other] * 20))

        created = [o for o in outcomes if isinstance(o, Recorded) and o.created]
        assert len(created) == 1
        assert len({o.record.id for o in outcomes if not isinstance(o, VersionTaken)}) == 1

    on_two(opening, act)


def test_states_told_to_two_replicas_at_once_are_all_kept(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        await one.record(report(status=Status.PENDING, at=NOON))
        states = [report(status=Status.STARTED, at=NOON + timedelta(seconds=n), content=str(n)) for n in range(8)]

        await asyncio.gather(*(store.record(state) for store, state in zip([one, other] * 4, states, strict=True)))

        final = await told(one, report(status=Status.COMPLETED, at=NOON + timedelta(minutes=1)))
        assert len(final.tellings) == 10
        assert final.status is Status.COMPLETED

    on_two(opening, act)


def test_another_content_under_an_identity_used_once_is_a_conflict(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report(repeat=Repeat.CONFLICT))

        second = await store.record(report(status=Status.FAILED, repeat=Repeat.CONFLICT))

        assert isinstance(second, Conflicting)
        assert await store.get(first.id) == first

    on_one(opening, act)


def test_what_one_replica_acknowledged_another_shows_soon(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        recorded = await told(one, report())

        async def seen() -> bool:
            return await other.get(recorded.id) == recorded

        await until(seen)

    on_two(opening, act)


def test_a_reopened_store_knows_everything(opening: Opening) -> None:
    async def act() -> None:
        async with opening() as before:
            recorded = await told(before, report(status=Status.STARTED))
            began = await before.began()

        async with opening() as after:
            assert await after.get(recorded.id) == recorded
            assert await after.began() == began

    asyncio.run(act())


def test_an_unknown_id_is_nothing(opening: Opening) -> None:
    async def act(store: Store) -> None:
        assert await store.get("no-such-record") is None

    on_one(opening, act)


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_show_every_record_once_in_order(opening: Opening, oldest_first: bool) -> None:
    async def act(store: Store) -> None:
        all_of_it = [report(f"deploy-{n}", at=NOON + timedelta(seconds=n // 2)) for n in range(7)]
        ids = {(await told(store, each)).id for each in all_of_it}

        shown: list[Deployment] = []
        before = None
        while True:
            found = await store.find(Query(product="web", limit=3, before=before, oldest_first=oldest_first))
            shown += found.items
            if found.next is None:
                break
            before = found.next

        mine = [d for d in shown if d.id in ids]
        assert {d.id for d in mine} == ids
        assert len(mine) == len(ids)
        assert [d.created_at for d in mine] == sorted((d.created_at for d in mine), reverse=not oldest_first)

    on_one(opening, act)


def test_filters_are_joined_by_and(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await store.record(report("a", product="shop", environment="staging"))
        await store.record(report("b", product="shop", environment="production", status=Status.FAILED))
        await store.record(report("c", product="cart", environment="production"))

        found = await store.find(Query(product="shop", environment="production", status=Status.FAILED))

        assert [d.product + d.environment for d in found.items] == ["shopproduction"]

    on_one(opening, act)


async def _shown(store: Store, record_id: str) -> Deployment | bool:
    return await store.get(record_id) or False
