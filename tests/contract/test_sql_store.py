"""What the SQL stores promise beyond the contract, on both databases."""

import asyncio
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from deploytrail.errors import Rejected
from deploytrail.record.identity import version_id
from deploytrail.record.model import Binding
from deploytrail.stores.base import Recorded
from deploytrail.stores.sql import schema
from deploytrail.stores.sql.tables import METADATA, VERSIONS, UtcInstant
from tests.contract.acting import on_one, on_two
from tests.contract.conftest import Opening
from tests.contract.databases import ground, refuse_poison, write
from tests.contract.replicas import replica, why_not
from tests.reports import NOON, build, report


def test_a_migrated_database_is_what_the_statements_expect(url: str) -> None:
    found: list[Any] = []

    def compare(connection: Connection) -> None:
        options = {"compare_type": not_the_time, "compare_server_default": True}
        found.extend(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    asyncio.run(write(url, ground, schema.upgrade, compare))

    assert [each for each in found if "alembic_version" not in str(each)] == []


def not_the_time(_: object, __: object, ___: object, ____: object, said: object) -> bool | None:
    """SQLite has no type for an instant, so there is nothing to compare."""
    return False if isinstance(said, UtcInstant) else None


def test_a_schema_of_a_newer_release_is_left_alone_and_told(url: str) -> None:
    async def act() -> None:
        async with replica(url):
            pass
        await write(url, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))

        reason = await why_not(url)

        assert "schema 9999 was made by a newer Deploytrail" in reason

    asyncio.run(act())


def test_a_version_is_held_by_a_constraint(url: str) -> None:
    row = {"product": "web", "version": "1", "commit": "abcd", "first_seen_at": NOON, "source": "hivel", "record": "r"}

    def twice(connection: Connection) -> None:
        connection.execute(insert(VERSIONS).values(id=version_id(product="web", version="1"), **row))
        connection.execute(insert(VERSIONS).values(id="another", **row))

    with pytest.raises(IntegrityError):
        asyncio.run(write(url, ground, schema.upgrade, twice))


def test_a_nul_fails_only_its_own_request(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            reports = [report(f"deploy-{n}", product="a\0b" if n == 3 else "web") for n in range(8)]

            outcomes = await asyncio.gather(*map(store.record, reports), return_exceptions=True)

            assert [type(each) for each in outcomes] == [Rejected if n == 3 else Recorded for n in range(8)]

    asyncio.run(act())


def test_what_a_nul_in_metadata_says_is_kept(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            outcome = await store.record(report(metadata={"a": "b\0c", "huge": 10**40, "\u20ac": "\U0001f600"}))

            assert isinstance(outcome, Recorded)
            assert await store.get(outcome.record.id) == outcome.record

    asyncio.run(act())


def test_a_batch_with_a_report_that_the_database_refuses_is_stored_without_it(url: str) -> None:
    async def act() -> None:
        async with replica(url):
            pass
        await write(url, refuse_poison)
        async with replica(url) as store:
            reports = [report(f"deploy-{n}", product="poison" if n in (5, 11) else "web") for n in range(40)]

            outcomes = await asyncio.gather(*map(store.record, reports), return_exceptions=True)

            assert [n for n, each in enumerate(outcomes) if isinstance(each, Rejected)] == [5, 11]
            assert sum(isinstance(each, Recorded) and each.created for each in outcomes) == 38

    asyncio.run(act())


def test_names_longer_than_an_index_holds_are_refused_alone(postgresql_url: str) -> None:
    async def act() -> None:
        async with replica(postgresql_url) as store:
            # 1024 characters of four bytes that do not compress: an index of PostgreSQL holds 2704 bytes.
            long = ["".join(chr(0x10000 + (n * 7919 + start) % 50_000) for n in range(512)) for start in (0, 33)]
            reports = [report(), report("deploy-2", product=long[0], environment=long[1])]

            outcomes = await asyncio.gather(*map(store.record, reports), return_exceptions=True)

            assert [type(each) for each in outcomes] == [Recorded, Rejected]

    asyncio.run(act())


def test_of_two_hundred_identical_reports_at_once_one_created(opening: Opening) -> None:
    async def act(one: Any, other: Any) -> None:
        outcomes = await asyncio.gather(*(store.record(report()) for store in [one, other] * 100))

        assert sum(isinstance(each, Recorded) and each.created for each in outcomes) == 1

    on_two(opening, act)


def test_lenient_and_strict_claims_of_one_batch_agree(opening: Opening) -> None:
    async def act(store: Any) -> None:
        strict = [build(f"run-{n}", commit=f"abcdef{n}") for n in range(5)]
        lenient = report(commit="abcdef9", binding=Binding.LENIENT)

        outcomes = await asyncio.gather(*map(store.record, [*strict, lenient]))

        first = (await store.version("web", "1.2.3")).commit
        recorded = [each for each in outcomes if isinstance(each, Recorded)]
        assert outcomes[-1] in recorded
        assert len(recorded) == (1 if first == "abcdef9" else 2)
        assert outcomes[-1].record.version_conflict == (None if first == "abcdef9" else first)

    on_one(opening, act)
