"""PostgreSQL that takes long, or says nothing at all: who has to wait for it, and for how long."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
import structlog
from sqlalchemy import Connection, text

from deploytrail.errors import Unavailable
from deploytrail.record.model import AnyReport, Deployment
from deploytrail.record.query import Query
from deploytrail.record.retention import Retention
from deploytrail.stores.base import Duplicate, Recorded
from deploytrail.stores.sql import expiry
from deploytrail.stores.sql import postgresql as module
from deploytrail.stores.sql.database import Database, database_of
from deploytrail.stores.sql.store import SqlStore
from tests.contract.replicas import replica
from tests.postgresql.server import Postgresql
from tests.reports import NOON, report
from tests.waiting import until

T = TypeVar("T")

SOON = 8.0
"""Seconds in which a server that hangs has to be given up, on a busy machine; a statement may take ten."""

CLIENTS = 20


async def asleep(store: SqlStore) -> None:
    """Ask for something that takes longer than any test."""
    await store._door.read(lambda connection: connection.execute(text("SELECT pg_sleep(600)")).all())


async def in_sleep(server: str, store: SqlStore, number: int) -> None:
    """Wait until so many questions sleep."""
    statement = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event = 'PgSleep'")

    async def there() -> bool:
        ask = statement.bindparams(name=server.rpartition("/")[2])
        return bool(await store._door.write(lambda connection: connection.scalar(ask)) == number)

    await until(there)


def test_what_may_go_is_found_in_questions_that_none_take_long(postgresql: Postgresql, postgresql_url: str) -> None:
    """Without statistics, of many records and of few that may go, a page at a time and by an index."""
    name = postgresql_url.rpartition("/")[2]
    read: list[int] = []

    async def act() -> None:
        database = database_of(postgresql_url)
        await database.open()
        await postgresql.execute(FILLING, database=name)
        before = await scanned(database)

        async def page(work: Callable[[Connection], T]) -> T:
            rows = await database.read(work)
            read.append(len(rows) if isinstance(rows, Sequence) else 0)
            return rows

        found = await expiry.find(page, Retention(count=90), now=NOON, most=250)

        assert len(found) == 250
        assert [each.id for each in found][:3] == ["x20000", "x19999", "x19998"]
        assert max(read) == expiry.PAGE
        assert sum(read) == 20_000
        assert await scanned(database) - before < 20_000
        await database.close()

    asyncio.run(act())


FILLING = """
INSERT INTO records (id, kind, revision, product, environment, status, is_open, source, application_uid, created_at,
    happened_at, document)
SELECT 'x' || n, 'deployment', 1, 'p' || n % 200, 'e', 'failed', false, 'argocd', 'u' || n % 200,
    now() - n * interval '1 minute', now(), repeat('x', 1000)
FROM generate_series(1, 20000) n
"""


async def scanned(database: Database) -> int:
    """How many records were read without an index, ever."""
    statement = text("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'records'")
    return int(await database.read(lambda connection: connection.scalar(statement)) or 0)


@asynccontextmanager
async def hanging(server: Postgresql) -> AsyncIterator[None]:
    """While a server hangs."""
    frozen = server.frozen()
    await asyncio.to_thread(frozen.__enter__)
    try:
        yield
    finally:
        frozen.__exit__(None, None, None)


def test_a_question_that_takes_too_long_is_refused_to_who_asked_alone(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STATEMENT_SECONDS", 1.0)

    async def act() -> None:
        with structlog.testing.capture_logs() as logs:
            async with replica(postgresql_url) as store:
                slow = asyncio.create_task(asleep(store))
                posted = 0
                while not slow.done():
                    assert isinstance(await store.record(report(f"deploy-{posted}")), Recorded)
                    posted += 1
                await store.check()
                found = await store.find(Query(limit=1))

        with pytest.raises(Unavailable, match="PostgreSQL database took too long over it"):
            await slow
        assert posted > 0
        assert len(found.items) == 1
        assert "store_away" not in {line["event"] for line in logs}

    asyncio.run(act())


def test_questions_that_wait_for_slow_ones_are_refused_and_reports_are_not(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.5)

    async def act() -> None:
        async with replica(postgresql_url) as store:
            slow = [asyncio.create_task(asleep(store)) for _ in range(module.READERS)]
            await in_sleep(postgresql_url, store, module.READERS)

            with pytest.raises(Unavailable, match="is busy with what others ask"):
                await store.find(Query())
            outcome = await store.record(report())
            await store.check()

            for each in slow:
                each.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
            assert isinstance(outcome, Recorded)
            assert [each.id for each in (await store.find(Query())).items] == [outcome.record.id]

    asyncio.run(act())


def test_a_server_that_hangs_is_away_in_seconds_and_back_by_itself(postgresql: Postgresql, postgresql_url: str) -> None:
    reports = [report(f"deploy-{n}") for n in range(900)]  # more than one commit takes

    async def act() -> None:
        async with replica(postgresql_url) as store:
            assert isinstance(await store.record(report("before")), Recorded)

            async with hanging(postgresql):
                began = time.monotonic()
                questions = [asyncio.create_task(store.find(Query())) for _ in range(9)]
                outcomes = await asyncio.gather(*map(store.record, reports), *questions, return_exceptions=True)
                took = time.monotonic() - began
                began = time.monotonic()
                with pytest.raises(Unavailable, match="PostgreSQL database is away since"):
                    await store.record(report("while-away"))
                with pytest.raises(Unavailable, match="is away since"):
                    await store.check()
                at_once = time.monotonic() - began
            await until(store.check)

            assert {type(each) for each in outcomes} == {Unavailable}
            assert (took < SOON, at_once < 1) == (True, True)
            again = await asyncio.gather(*map(store.record, reports))
            assert all(isinstance(each, Recorded | Duplicate) for each in again)
            assert len((await store.find(Query(limit=1000))).items) == len(reports) + 1

    asyncio.run(act())


def test_reports_under_way_when_the_server_hangs_are_there_or_refused(
    postgresql: Postgresql, postgresql_url: str
) -> None:
    refused: list[AnyReport[Deployment]] = []
    kept: list[str] = []

    async def act() -> None:
        async with replica(postgresql_url) as store:

            async def client(name: int) -> None:
                """Report until that is refused once."""
                while True:
                    told = report(f"deploy-{name}-{len(kept)}")
                    try:
                        outcome = await store.record(told)
                    except Unavailable:
                        refused.append(told)
                        return
                    assert isinstance(outcome, Recorded)
                    kept.append(outcome.record.id)

            clients = [asyncio.create_task(client(n)) for n in range(CLIENTS)]
            await until(lambda: len(kept) > CLIENTS)
            async with hanging(postgresql):
                await asyncio.gather(*clients)
            await until(store.check)
            assert len(kept) < 1000 - CLIENTS, "a page has to hold them"
            found = {each.id for each in (await store.find(Query(limit=1000))).items}
            again = await asyncio.gather(*map(store.record, refused))

            assert set(kept) <= found
            assert all(isinstance(each, Recorded | Duplicate) for each in again)
            everything = [each.id for each in (await store.find(Query(limit=1000))).items]
            assert len(everything) == len(set(everything)) == len(kept) + len(refused)

    asyncio.run(act())
