"""Counts and standings in a database are what its records come to, whatever came, in whatever order, from wherever."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from deploytrail.record.dora.judging import Rules
from deploytrail.record.model import Mark, Status, Trigger
from deploytrail.record.query import Query
from deploytrail.record.running import running_among
from deploytrail.stores.sql.database import database_of
from deploytrail.stores.sql.recount import discrepancies
from deploytrail.stores.sql.store import SqlStore
from tests.contract.databases import ground, write
from tests.contract.replicas import replica
from tests.contract.test_sql_upgrades import fill
from tests.reports import NOON, build, report
from tests.telling import PAUSES, reports
from tests.waiting import until

RULES = Rules()


async def wrong(url: str, rules: Rules = RULES) -> list[str]:
    """Where counts and standings are not what the records come to."""
    found: list[str] = []
    await write(url, lambda connection: found.extend(discrepancies(connection, rules)))
    return found


@asynccontextmanager
async def two(url: str) -> AsyncIterator[tuple[SqlStore, SqlStore]]:
    """Two replicas; of a file, one and the same."""
    async with replica(url) as one:
        if url.startswith("sqlite"):
            yield one, one
            return
        async with replica(url) as other:
            yield one, other


def deployed(name: str, minutes: float, version: str = "1", status: Status = Status.COMPLETED, **more: Any) -> Any:
    at = NOON + timedelta(minutes=minutes)
    return report(name, status=status, at=at, started_at=at, finished_at=at, version=version, **more)


def test_any_order_of_reports_from_any_source_is_counted_as_a_recomputation_counts(url: str) -> None:
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.tuples(reports(), PAUSES), min_size=5, max_size=40), st.integers(0, 99))
    def holds(story: Any, end: int) -> None:
        async def act() -> None:
            async with replica(url) as store:
                now = NOON
                for made, pause in story:
                    now += pause
                    await store.record(made(now, f"-{end}"))
            assert await wrong(url) == []

        asyncio.run(act())

    holds()


@pytest.mark.parametrize("seed", range(3))
def test_long_histories_told_late_and_at_once_by_two_replicas(url: str, seed: int) -> None:
    dice = random.Random(seed)
    told = [
        deployed(
            f"d{n}", dice.randrange(600), dice.choice("12345678"), dice.choices(list(Status), [1, 1, 12, 5, 1, 1])[0],
            trigger=dice.choice([None] * 9 + [Trigger.ROLLBACK]), environment=dice.choice(["production", "staging"]),
            metadata={"team": dice.choice(["red", "blue"])},
        )
        for n in dice.choices(range(120), k=240)
    ] + [build(str(n), version=str(n), at=NOON - timedelta(hours=n)) for n in range(1, 6)]  # fmt: skip
    dice.shuffle(told)

    async def act() -> None:
        async with two(url) as (one, other):
            for start in range(0, len(told), 25):
                batch = told[start : start + 25]
                await asyncio.gather(*(dice.choice((one, other)).record(each) for each in batch))
                found = (await one.find(Query(limit=100))).items
                fields = {"failure": dice.choice([True, False, None]), "counted": dice.choice([None, False])}
                await one.mark(dice.choice(found).id, Mark(at=NOON, by="ann", **fields))
        assert await wrong(url) == []

    asyncio.run(act())


def test_a_rewritten_deployment_is_counted_as_what_it_is_now(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            for number in range(3):
                await store.record(deployed(str(number), number, str(number), body="{}"))
            record = (await store.find(Query(version="1"))).items[0]
            heard = await store.deployments.reports(record.id)
            assert heard is not None
            after = record.model_copy(update={"tellings": heard, "product": "api", "status": Status.FAILED})
            assert await store.rewrite(after, heard=heard)
            assert [(each.product, each.version) for each in running_among(await store.places())] == [("web", "2")]
        assert await wrong(url) == []

    asyncio.run(act())


def test_another_setting_counts_everything_anew(url: str) -> None:
    other = Rules(fix_window=timedelta(0), replace_window=timedelta(hours=1))

    async def act() -> None:
        async with replica(url) as store:
            for number in range(30):
                status = Status.FAILED if number % 7 == 3 else Status.COMPLETED
                await store.record(deployed(str(number), number, str(number), status))

        again = SqlStore(database_of(url), rules=other)
        await again.start()
        try:
            await until(again.check)
            await again.record(deployed("late", 12.5, "99"))
        finally:
            await again.stop()
        assert await wrong(url, other) == []
        assert await wrong(url, RULES) != []

    asyncio.run(act())


@pytest.mark.parametrize("revision", ["0001", "0005", "0007"])
def test_records_of_an_earlier_release_are_counted_at_the_first_start(url: str, revision: str) -> None:
    async def act() -> None:
        await write(url, ground, partial(fill, upto=revision))
        async with replica(url) as store:
            await store.record(report())
        assert await wrong(url) == []

    asyncio.run(act())


def test_what_an_earlier_release_took_for_counted_is_looked_at_again(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            await store.record(deployed("a", 0, status=Status.ABORTED))
            await store.record(deployed("b", 1, "2"))
        earlier = text("UPDATE records SET counted = true"), text("DELETE FROM rollups")
        await write(url, *(partial(Connection.execute, statement=each) for each in earlier))

        async with replica(url) as store:
            await until(store.check)
            found = await store.find(Query(counted=False))

        assert [each.status for each in found.items] == [Status.ABORTED]

    asyncio.run(act())


DAMAGE = (
    "UPDATE tallies SET counts = '{\"n\": 7}' WHERE dimension = 'all' AND grain = 'day'",
    "DELETE FROM tallies WHERE dimension = 'product' AND grain = 'month'",
    "UPDATE records SET entry = NULL",
    "DELETE FROM places",
)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_difference_is_seen(url: str, damage: str) -> None:
    """So that the tests above can fail."""

    async def act() -> None:
        async with replica(url) as store:
            await store.record(deployed("a", 0))
            await store.record(deployed("b", 1, "2", Status.FAILED))
        assert await wrong(url) == []

        await write(url, lambda connection: _damage(connection, damage))

        assert await wrong(url) != []

    asyncio.run(act())


def _damage(connection: Connection, statement: str) -> None:
    connection.execute(text(statement.replace(":", r"\:")))
