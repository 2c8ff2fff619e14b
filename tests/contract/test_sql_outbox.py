"""The outbox of the SQL stores holds what their records announce, in order, each once, and nothing else."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.errors import Rejected
from deploytrail.record.event import Event, events
from deploytrail.record.model import AnyReport, Status
from deploytrail.record.query import Query
from deploytrail.stores.base import Shelf
from deploytrail.stores.sql.store import SqlStore
from tests.contract.acting import told
from tests.contract.databases import refuse_poison, write
from tests.contract.replicas import replica
from tests.reports import NOON, build, report
from tests.telling import PAUSES, Told, reports

MINUTE = timedelta(minutes=1)

_ends = itertools.count()


async def announced(store: SqlStore) -> list[Event]:
    """Everything in the outbox, in its order, read in small steps."""
    found: list[Event] = []
    after = 0
    while entries := await store.outbox.pending(limit=7, after=after):
        after = entries[-1].sequence
        found += [entry.event for entry in entries]
    return found


async def derived(store: SqlStore) -> list[Event]:
    """What the records there are announce."""
    shelves: tuple[Shelf[Any], ...] = (store.deployments, store.builds, store.annotations)
    found = [await shelf.find(Query(limit=1000)) for shelf in shelves]
    return [event for page in found for record in page.items for event in events(record)]


def by_record(event: Event) -> tuple[str, str, int]:
    return event.kind, event.record_id, event.position


def test_states_are_there_in_the_order_of_their_recording(url: str) -> None:
    states = [Status.PENDING, Status.STARTED, Status.STARTED, Status.COMPLETED]

    async def act() -> None:
        async with replica(url) as store:
            for n, status in enumerate(states):
                record = await told(store, report(status=status, at=NOON + n * MINUTE))
            built = await told(store, build(status=Status.FAILED))

            assert await announced(store) == [*events(record), *events(built)]
            assert [event.type for event in events(record)] == [
                "deployment.pending",
                "deployment.started",
                "deployment.completed",
            ]

    asyncio.run(act())


def test_what_adds_nothing_or_is_refused_is_not_announced(url: str) -> None:
    refused: list[AnyReport[Any]] = [build("other", commit="def456"), report("nul", product="a\0b")]

    async def act() -> None:
        async with replica(url) as store:
            await store.record(build(commit="abc123"))
            before = await announced(store)

            await asyncio.gather(*map(store.record, [build(commit="abc123"), *refused]), return_exceptions=True)

            assert len(before) == 1
            assert await announced(store) == before

    asyncio.run(act())


def test_of_many_at_once_from_two_replicas_each_event_is_there_once(postgresql_url: str) -> None:
    """They are outrun and judge again all the time, and what they had written before that is gone."""
    states = [report(status=Status.STARTED, at=NOON + n * MINUTE, content=str(n)) for n in range(8)]

    async def act() -> None:
        async with replica(postgresql_url) as one, replica(postgresql_url) as other:
            await asyncio.gather(*(store.record(each) for store in [one, other] for each in [*states, report()]))

            assert sorted(await announced(one), key=by_record) == sorted(await derived(one), key=by_record)

    asyncio.run(act())


def test_a_batch_that_is_halved_announces_what_it_stored(url: str) -> None:
    async def act() -> None:
        async with replica(url):
            pass
        await write(url, refuse_poison)
        async with replica(url) as store:
            batch = [report(f"deploy-{n}", product="poison" if n == 5 else "web") for n in range(16)]

            outcomes = await asyncio.gather(*map(store.record, batch), return_exceptions=True)

            assert [n for n, each in enumerate(outcomes) if isinstance(each, Rejected)] == [5]
            assert len(await announced(store)) == 15
            assert sorted(await announced(store), key=by_record) == sorted(await derived(store), key=by_record)

    asyncio.run(act())


def test_a_mended_record_is_not_announced_again(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            first = await told(store, report(status=Status.FAILED))
            heard = await store.deployments.reports(first.id)
            assert heard is not None
            mended = first.model_copy(update={"status": Status.ABORTED, "tellings": heard})

            assert await store.rewrite(mended, heard=heard)

            assert [event.type for event in await announced(store)] == ["deployment.failed"]

    asyncio.run(act())


@pytest.fixture
def single(url: str) -> Callable[[Sequence[tuple[Told, timedelta]]], None]:
    """Tells a story to a store and compares its outbox with its records."""

    async def act(story: Sequence[tuple[Told, timedelta]]) -> None:
        now, end = NOON, f"-{next(_ends)}"
        async with replica(url) as store:
            for made, pause in story:
                now += pause
                await store.record(made(now, end))

            assert sorted(await announced(store), key=by_record) == sorted(await derived(store), key=by_record)

    return lambda story: asyncio.run(act(story))


def test_any_order_of_reports_leaves_the_events_of_its_records(
    single: Callable[[Sequence[tuple[Told, timedelta]]], None],
) -> None:
    @settings(max_examples=12, deadline=None)
    @given(st.lists(st.tuples(reports(), PAUSES), min_size=5, max_size=20))
    def holds(story: Sequence[tuple[Told, timedelta]]) -> None:
        single(story)

    holds()
