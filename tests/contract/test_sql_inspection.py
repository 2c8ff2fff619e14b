"""What is said of a database that is looked at, and that nothing in it changes by that."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from deploytrail.errors import Unavailable
from deploytrail.stores.sql.inspection import Inspected, inspect
from deploytrail.stores.sql.schema import upgrade
from tests.contract.databases import ground, write
from tests.contract.replicas import replica
from tests.reports import report


def look(url: str) -> Inspected:
    found = asyncio.run(inspect(url))
    assert found is not None
    return found


def test_a_database_that_a_replica_has_open(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            nothing = await inspect(url)
            await store.record(report())
            something = await inspect(url)
            entries = await store.outbox.pending(limit=10)

        assert nothing is not None
        assert something is not None
        assert (nothing.newest, nothing.waiting, nothing.waiting_since) == (None, 0, None)
        assert something.newest == report().telling.received_at
        assert something.waiting == len(entries)
        assert something.waiting_since == entries[0].event.heard_at
        assert something.progress.found == something.progress.wanted

    asyncio.run(act())


def test_an_older_schema_is_left_as_it_is(url: str) -> None:
    asyncio.run(write(url, ground, partial(upgrade, revision="0001")))

    found = look(url)

    assert (found.progress.found, found.progress.is_newer, found.waiting) == ("0001", False, None)
    assert look(url) == found


def test_a_newer_schema_is_told(url: str) -> None:
    def age(connection: object) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")  # type: ignore[attr-defined]

    asyncio.run(write(url, ground, upgrade, age))

    progress = look(url).progress

    assert (progress.found, progress.is_newer) == ("9999", True)


def test_an_empty_server_stays_empty(postgresql_url: str) -> None:
    assert look(postgresql_url).progress.found is None
    assert look(postgresql_url).progress.found is None


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "records.db"

    assert asyncio.run(inspect(f"sqlite:///{path}")) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////no/such/folder/records.db", "the folder /no/such/folder of the SQLite database does not exist"),
        ("postgresql://me:hushhush@127.0.0.1:1/x", "the PostgreSQL database cannot be used: "),
        ("postgresql:///x?host=127.0.0.1&port=hushhush", "is its URL right?"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(url: str, words: str) -> None:
    with pytest.raises(Unavailable) as refusal:
        asyncio.run(inspect(url))

    assert words in str(refusal.value)
    assert "hushhush" not in str(refusal.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    path.write_text("not a database, though long enough to look like one" * 100)

    with pytest.raises(Unavailable, match="file is not a database"):
        asyncio.run(inspect(f"sqlite:///{path}"))
