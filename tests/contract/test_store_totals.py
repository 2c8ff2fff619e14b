"""Totals count every deployment once, where it stands now, in every store."""

import asyncio
import json
import random
from datetime import timedelta

from sqlalchemy import Connection, text

from deploytrail.record.model import Deployment, Status
from deploytrail.record.query import Query
from deploytrail.record.retention import Expired, Why
from deploytrail.record.totals import Place, Totals, tally
from deploytrail.stores.base import Store
from deploytrail.stores.sql import schema
from deploytrail.stores.sql.store import SqlStore
from tests.contract.acting import on_one, on_two
from tests.contract.conftest import Opening
from tests.contract.databases import ground, write
from tests.contract.earlier import STATEMENTS
from tests.contract.replicas import replica
from tests.contract.test_store_rewrite import mended
from tests.reports import NOON, build, report
from tests.waiting import until

PLACES = [(product, environment) for product in ("web", "cart") for environment in ("production", "staging")]


def shown(totals: Totals) -> dict[Place, dict[str, int]]:
    """Without what is 0."""
    nonzero = {place: {name: count for name, count in counts.items() if count} for place, counts in totals.items()}
    return {place: counts for place, counts in nonzero.items() if counts}


async def counted(store: Store) -> dict[Place, dict[str, int]]:
    """What the records add up to."""
    totals: dict[Place, dict[str, int]] = {}
    tally(totals, (await store.find(Query(limit=1000))).items)
    return shown(totals)


def test_totals_are_what_the_records_add_up_to(opening: Opening) -> None:
    chance = random.Random(7)

    async def act(store: Store) -> None:
        for number in range(60):
            product, environment = PLACES[number % 4]
            status = chance.choice(list(Status))
            await store.record(
                report(
                    f"d{chance.randrange(25) * 4 + number % 4}",
                    product=product,
                    environment=environment,
                    status=status,
                    at=NOON + timedelta(seconds=number),
                    started_at=NOON - timedelta(seconds=chance.choice([0, 5, 59.5, 100_000])),
                    finished_at=NOON if status.terminal else None,
                    missed_before=chance.choice([0, 0, 2]),
                )
            )
        await store.record(build())

        assert shown(await store.totals()) == await counted(store)
        assert len(await store.totals()) == 4

    on_one(opening, act)


def test_reports_that_arrive_at_once_are_all_counted(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        reports = [report(f"d{number}", product=f"p{number % 3}") for number in range(24)]
        await asyncio.gather(*(store.record(each) for each in reports for store in (one, other)))

        totals = await one.totals()

        assert [totals[Place(f"p{number}", "production")]["completed"] for number in range(3)] == [8, 8, 8]

    on_two(opening, act)


def test_what_is_rewritten_is_counted_as_it_is_now(opening: Opening) -> None:
    async def act(store: Store) -> None:
        outcome = await store.record(report(status=Status.FAILED))
        record = outcome.record  # type: ignore[union-attr]
        after, heard = await mended(store.deployments, record.id, {"status": Status.ABORTED, "finished_at": NOON})
        assert await store.rewrite(after, heard=heard)

        assert shown(await store.totals()) == await counted(store)

    on_one(opening, act)


def test_what_was_removed_stays_counted_in_sql_and_goes_elsewhere(opening: Opening) -> None:
    async def act(store: Store) -> None:
        for number in range(3):
            await store.record(report(f"d{number}", finished_at=NOON))
        first = (await store.find(Query(limit=1))).items[0]
        assert len(await store.remove([Expired(first.id, Deployment, Why.AGE)])) == 1

        async def gone() -> bool:
            return await store.get(first.id) is None

        await until(gone)
        left = 3 if isinstance(store, SqlStore) else 2
        assert (await store.totals())[Place("web", "production")]["completed"] == left

    on_one(opening, act)


def test_known_losses_can_be_asked_for(opening: Opening) -> None:
    async def act(store: Store) -> None:
        for number in range(4):
            await store.record(report(f"d{number}", missed_before=number % 2))
        await store.record(build())

        assert len((await store.find(Query(missed=True))).items) == 2
        assert len((await store.find(Query(missed=False))).items) == 2
        assert len((await store.builds.find(Query(missed=False))).items) == 1

    on_one(opening, act)


def test_what_an_earlier_schema_held_is_counted(url: str) -> None:
    def fill(connection: Connection) -> None:
        schema.upgrade(connection, "0004")
        for statement in STATEMENTS["0001"][:1]:
            connection.exec_driver_sql(statement)
        for number, (seconds, missed) in enumerate(((5, 0), (59.5, 0), (100_000, 3))):
            fail_another(connection, f"e{number}", seconds=seconds, missed=missed)

    async def act() -> None:
        await write(url, ground, fill)

        async with replica(url) as store:
            assert shown(await store.totals()) == await counted(store)
            assert (await store.totals())[Place("web", "production")]["missed"] == 3
            assert [each.id for each in (await store.find(Query(missed=True))).items] == ["e2"]

    asyncio.run(act())


def fail_another(connection: Connection, name: str, *, seconds: float, missed: int) -> None:
    """One more record, which failed so long after it started."""
    found = connection.execute(text("SELECT document FROM records WHERE status = 'started'"))
    document = json.loads(found.scalar_one())
    started = (NOON - timedelta(seconds=seconds)).isoformat()
    document |= {"id": name, "status": "failed", "started_at": started, "finished_at": NOON.isoformat()}
    document |= {"missed_before": missed}
    connection.execute(text(COPY), {"id": name, "document": json.dumps(document)})


COPY = """
INSERT INTO records (id, kind, revision, product, version, environment, status, is_open, source, counted, created_at,
    finished_at, happened_at, document)
SELECT :id, kind, revision, product, version, environment, 'failed', false, 'argocd', counted, created_at,
    created_at, happened_at, :document
FROM records WHERE status = 'started'
"""
