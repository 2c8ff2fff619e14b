"""What stores count of themselves."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from deploytrail.errors import Unavailable
from deploytrail.stores.base import Store
from tests.contract.acting import on_one
from tests.contract.conftest import Opening
from tests.contract.databases import refuse_poison, write
from tests.contract.replicas import in_cluster, replica
from tests.controlplane.crds import install_crds
from tests.controlplane.server import ControlPlane
from tests.reports import build, report
from tests.waiting import until


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(f"deploytrail_store_{name}") or 0.0


def test_a_commit_is_timed_and_its_reports_are_counted(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            commits, seconds = counted("batch_reports_count"), counted("commit_duration_seconds_sum")
            reports = counted("batch_reports_sum")

            await asyncio.gather(*(store.record(report(f"deploy-{n}")) for n in range(64)))

            assert counted("batch_reports_sum") - reports == 64
            assert 1 <= counted("batch_reports_count") - commits < 64
            assert counted("commit_duration_seconds_sum") > seconds
            assert counted("up") == 1

    asyncio.run(act())


def test_reports_that_wait_are_counted_while_they_do(url: str) -> None:
    async def act() -> None:
        async with replica(url) as store:
            waiting = [asyncio.create_task(store.record(report(f"deploy-{n}"))) for n in range(20)]
            await asyncio.sleep(0)  # each has had its turn once, and the commit has not

            assert counted("queue_reports") == 20
            await asyncio.gather(*waiting)
            assert counted("queue_reports") == 0

    asyncio.run(act())


def test_a_report_that_the_database_refuses_is_counted_once(url: str) -> None:
    async def act() -> None:
        async with replica(url):
            pass
        await write(url, refuse_poison)
        async with replica(url) as store:
            before = counted("poison_reports_total")
            batch = [report(f"deploy-{n}", product="poison" if n == 5 else "web") for n in range(16)]

            await asyncio.gather(*map(store.record, batch), return_exceptions=True)

            assert counted("poison_reports_total") - before == 1

    asyncio.run(act())


def test_a_write_that_another_replica_was_faster_with_is_counted(postgresql_url: str) -> None:
    async def act() -> None:
        async with replica(postgresql_url) as one, replica(postgresql_url) as other:
            before = counted("outrun_total")

            async def outrun() -> bool:
                rivals = [report(f"deploy-{counted('batch_reports_count')}-{n}") for n in range(20)]
                await asyncio.gather(*(store.record(each) for store in (one, other) for each in rivals))
                return counted("outrun_total") > before

            await until(outrun)

    asyncio.run(act())


def test_every_durable_store_times_its_writes(opening: Opening, request: pytest.FixtureRequest) -> None:
    async def act(store: Store) -> None:
        before = counted("commit_duration_seconds_count")

        await store.record(build(commit="abc123"))

        assert counted("commit_duration_seconds_count") - before == (0 if "memory" in request.node.name else 1)

    on_one(opening, act)


def test_an_api_server_that_is_away_is_seen_without_anybody_asking() -> None:
    async def act(plane: ControlPlane) -> None:
        async with in_cluster(plane, plane.create_namespace()):
            assert counted("up") == 1

            await asyncio.to_thread(plane.stop_api)
            await until(lambda: counted("up") == 0)

            await asyncio.to_thread(plane.start_api)
            await until(lambda: counted("up") == 1)

    with ControlPlane() as plane:
        install_crds(plane)
        asyncio.run(act(plane))


def test_a_database_that_hangs_is_not_up_and_says_since_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deploytrail.db"
    monkeypatch.setattr("deploytrail.stores.sql.door.CHECK_SECONDS", 0.1)

    async def act() -> None:
        async with replica(f"sqlite:///{path}") as store:
            intruder = sqlite3.connect(path, isolation_level=None)
            intruder.execute("BEGIN EXCLUSIVE")

            with pytest.raises(Unavailable, match=r"SQLite database has not answered since 2\d{3}-") as first:
                await store.check()
            with pytest.raises(Unavailable) as second:
                await store.check()
            up = counted("up")
            intruder.close()
            await until(store.check)

            assert str(first.value) == str(second.value)
            assert (up, counted("up")) == (0, 1)

    asyncio.run(act())
