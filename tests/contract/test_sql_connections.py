"""What happens when a database is away, or not for us."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, text

from deploytrail.errors import Unavailable
from deploytrail.record.identity import versioner_series
from deploytrail.record.query import Query
from deploytrail.stores.base import Duplicate, Recorded
from deploytrail.stores.sql.database import database_of
from tests.contract.replicas import replica, started, why_not
from tests.postgresql.server import PASSWORD, Postgresql
from tests.reports import report, stated
from tests.waiting import until


def test_a_server_that_dies_is_away_at_once_and_back_by_itself(postgresql: Postgresql, postgresql_url: str) -> None:
    async def act() -> None:
        async with replica(postgresql_url) as store:
            before = await store.record(report())
            assert isinstance(before, Recorded)

            try:
                postgresql.kill()
                began = time.monotonic()
                for name in ("while-away-1", "while-away-2"):
                    with pytest.raises(Unavailable, match="PostgreSQL database is away since"):
                        await store.record(report(name))
                with pytest.raises(Unavailable):
                    await store.find(Query())
                with pytest.raises(Unavailable):
                    await store.check()
                took = time.monotonic() - began
            finally:
                await asyncio.to_thread(postgresql.start)
            await until(store.check)

            assert took < 1.0
            assert await store.get(before.record.id) == before.record
            assert [each.id for each in (await store.find(Query())).items] == [before.record.id]
            assert isinstance(await store.record(report("while-away-1")), Recorded)

    asyncio.run(act())


def test_reports_under_way_when_the_server_dies_are_there_or_refused(
    postgresql: Postgresql, postgresql_url: str
) -> None:
    async def act() -> None:
        async with replica(postgresql_url) as store:
            reports = [report(f"deploy-{n}") for n in range(600)]
            tasks = [asyncio.create_task(store.record(each)) for each in reports]

            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                postgresql.kill()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                await asyncio.to_thread(postgresql.start)
            await until(store.check)
            kept = {each.id for each in (await store.find(Query(limit=1000))).items}

            acknowledged = {each.record.id for each in outcomes if isinstance(each, Recorded)}
            assert {type(each) for each in outcomes} <= {Recorded, Unavailable}
            assert acknowledged <= kept
            again = await asyncio.gather(*map(store.record, reports))
            assert all(isinstance(each, Recorded | Duplicate) for each in again)
            assert len((await store.find(Query(limit=1000))).items) == 600

    asyncio.run(act())


def test_connections_that_the_server_closed_while_idle_are_replaced_unnoticed(
    postgresql: Postgresql, postgresql_url: str
) -> None:
    async def act() -> None:
        async with replica(postgresql_url) as store:
            await store.record(report())
            await postgresql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'deploytrail'"
            )

            outcome = await store.record(report("deploy-2"))
            found = await store.find(Query())

            assert isinstance(outcome, Recorded)
            assert len(found.items) == 2

    asyncio.run(act())


def test_replicas_may_start_at_once_on_an_empty_database(postgresql_url: str) -> None:
    async def act() -> None:
        async with started(postgresql_url) as one, started(postgresql_url) as other, started(postgresql_url) as third:
            stores = (one, other, third)
            for store in stores:
                await until(store.check)

            assert len({await store.began() for store in stores}) == 1

    asyncio.run(act())


def test_a_wrong_password_is_told_without_it(postgresql_url: str) -> None:
    with structlog.testing.capture_logs() as logs:
        reason = asyncio.run(why_not(postgresql_url.replace(PASSWORD, "wr0ng-one")))

    assert "password authentication failed" in reason
    assert "wr0ng-one" not in f"{reason} {logs}"


def test_tls_that_the_url_asks_for_is_not_given_up(postgresql_url: str) -> None:
    reason = asyncio.run(why_not(f"{postgresql_url}?sslmode=require"))

    assert "SSL" in reason


def test_a_server_that_takes_no_writes_is_away(postgresql: Postgresql, postgresql_url: str) -> None:
    async def act() -> None:
        async with replica(postgresql_url) as store:
            name = postgresql_url.rpartition("/")[2]
            await postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            await postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

            with pytest.raises(Unavailable, match=r"away since .*read-only"):
                await store.record(report())
            with pytest.raises(Unavailable, match="read-only"):
                await store.check()

            await postgresql.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    asyncio.run(act())


def test_commits_are_flushed_whatever_the_server_s_default(postgresql: Postgresql, postgresql_url: str) -> None:
    async def act() -> None:
        name = postgresql_url.rpartition("/")[2]
        await postgresql.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        database = database_of(postgresql_url)

        found = await database.write(lambda connection: connection.scalar(text("SHOW synchronous_commit")))

        assert found == "on"
        await database.close()

    asyncio.run(act())


def test_a_batch_reads_only_the_rows_it_is_about(postgresql: Postgresql, postgresql_url: str) -> None:
    """Without statistics, and with statements that were prepared while the table was empty."""
    filling = (
        "INSERT INTO records SELECT 'x' || n, 'deployment', 1, 'p', '1', 'e', 'completed', false, 'hivel', true, NULL, "
        "NULL, NULL, NULL, now(), now(), now(), repeat('x', 1000) FROM generate_series(1, 20000) n"
    )

    async def rows_read() -> int:
        database = database_of(postgresql_url)
        statement = text("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'records'")
        read = await database.read(lambda connection: connection.scalar(statement))
        await database.close()
        return int(read or 0)

    async def act() -> None:
        name = postgresql_url.rpartition("/")[2]
        async with replica(postgresql_url) as store:
            for n in range(10):
                await store.record(report(f"early-{n}"))
                await store.record(stated(versioner_series(product="web", version=f"{n}")))
            await postgresql.execute(filling, database=name)
            before = await rows_read()

            await asyncio.gather(*(store.record(report(f"late-{n}")) for n in range(64)))
            await asyncio.gather(*(store.record(report(f"late-{n}", content="again")) for n in range(64)))
            await asyncio.gather(
                *(store.record(stated(versioner_series(product="cart", version=f"{n}"))) for n in range(64))
            )

        assert await rows_read() - before < 20_000

    asyncio.run(act())


def test_a_file_is_for_one_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deploytrail.db"

    async def act() -> None:
        async with replica(url):
            reason = await why_not(url)

        assert "another process has deploytrail.db open, and it is for one at a time" in reason
        async with replica(url):
            pass

    asyncio.run(act())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    reason = asyncio.run(why_not(f"sqlite:///{tmp_path}/missing/deploytrail.db"))

    assert "No such file or directory" in reason


def test_a_file_is_only_for_its_owner_and_loses_nothing_with_the_power(tmp_path: Path) -> None:
    path = tmp_path / "deploytrail.db"

    async def act() -> None:
        database = database_of(f"sqlite:///{path}")
        await database.open()

        def settings(connection: Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

        pragmas = await database.write(settings)

        assert pragmas == ["wal", 2, 1]
        await database.close()

    asyncio.run(act())

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_somebody_holds_locked_is_away_until_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "deploytrail.db"

    async def act() -> None:
        async with replica(f"sqlite:///{path}") as store:
            intruder = sqlite3.connect(path, isolation_level=None)
            intruder.execute("BEGIN EXCLUSIVE")

            with pytest.raises(Unavailable, match="database is locked"):
                await store.record(report())
            intruder.close()
            await until(store.check)

            assert isinstance(await store.record(report()), Recorded)

    monkeypatch.setattr("deploytrail.stores.sql.sqlite.BUSY_SECONDS", 0.05)
    asyncio.run(act())
