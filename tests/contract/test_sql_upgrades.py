"""A database of every earlier schema, with rows in it, is upgraded on start and loses nothing."""

import asyncio
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from deploytrail.record.identity import version_id
from deploytrail.record.model import Status
from deploytrail.stores.base import Duplicate, Recorded, VersionTaken
from deploytrail.stores.sql import schema
from tests.contract.databases import ground, write
from tests.contract.earlier import STATEMENTS
from tests.contract.replicas import replica, started
from tests.reports import NOON, build, report
from tests.waiting import until

REVISIONS = sorted(STATEMENTS)
FIRST = report(status=Status.STARTED).id


def fill(connection: Connection, *, upto: str) -> None:
    """Make the schema of that revision, with what was added by it and before it in it."""
    schema.upgrade(connection, upto)
    known = {"ID": FIRST, "VERSION": version_id(product="web", version="1.2.3")}
    for revision in REVISIONS[: REVISIONS.index(upto) + 1]:
        for statement in STATEMENTS[revision]:
            for name, value in known.items():
                statement = statement.replace(f"'{name}'", f"'{value}'").replace(f'"{name}"', f'"{value}"')
            connection.exec_driver_sql(statement)


def test_there_are_rows_for_every_earlier_revision() -> None:
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    revisions = sorted(script.revision for script in scripts.walk_revisions())

    assert set(revisions[:-1]) <= set(REVISIONS)
    assert {script.revision: script.down_revision for script in scripts.walk_revisions()} == {
        revisions[0]: None,
        **{later: earlier for earlier, later in pairwise(revisions)},
    }


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_an_earlier_schema_keeps_what_it_holds(url: str, revision: str) -> None:
    async def act() -> None:
        await write(url, ground, partial(fill, upto=revision))

        async with replica(url) as store:
            assert await store.began() == NOON
            record = await store.get(FIRST)
            assert record is not None
            assert (record.product, record.status, record.metadata) == ("web", Status.STARTED, {"team": "shop"})
            reports = await store.deployments.reports(FIRST)
            assert reports is not None
            assert [each.body for each in reports] == ['{"status": "started"}']
            bound = await store.version("web", "1.2.3")
            assert (bound.commit if bound else None) == ("abc123" if revision >= "0002" else None)
            assert [each.id for each in await store.preferences.list()] == (["p1"] if revision >= "0003" else [])

    asyncio.run(act())


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_upgraded_database_goes_on_where_it_was(url: str, revision: str) -> None:
    async def act() -> None:
        await write(url, ground, partial(fill, upto=revision))

        async with replica(url) as store:
            moved = await store.record(report())
            again = await store.record(report())
            rival = await store.record(build(commit="def456"))
            entries = await store.outbox.pending(limit=10)

            assert isinstance(moved, Recorded)
            assert not moved.created
            assert isinstance(again, Duplicate)
            assert isinstance(rival, VersionTaken if revision >= "0002" else Recorded)
            announced = [entry.event.type for entry in entries]
            before = ["deployment.started"] if revision >= "0004" else []
            assert announced[: len(before) + 1] == [*before, "deployment.completed"]

    asyncio.run(act())


def test_replicas_of_the_new_release_upgrade_at_once_without_getting_in_each_others_way(postgresql_url: str) -> None:
    async def act() -> None:
        await write(postgresql_url, ground, partial(fill, upto="0001"))

        async with started(postgresql_url) as one, started(postgresql_url) as other, started(postgresql_url) as third:
            for store in (one, other, third):
                await until(store.check)
                assert await store.get(FIRST) is not None

    asyncio.run(act())
