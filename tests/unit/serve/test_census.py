"""What Prometheus is told of deployments: the same on every replica and after a restart, and never without bounds."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from deploytrail.errors import Unavailable
from deploytrail.record.model import Status
from deploytrail.record.totals import Place, Totals
from deploytrail.serve import census as counting
from deploytrail.serve.census import ENVIRONMENTS, Census
from deploytrail.stores.memory import MemoryStore
from tests.fakes import Clock
from tests.reports import NOON, build, report

MINUTE = timedelta(minutes=1)


class CountingStore(MemoryStore):
    """Knows how often it was asked; is away, or slow, when it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.away = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.forgets = False

    async def totals(self) -> Totals:
        self.asked += 1
        await self.slow.wait()
        if self.away:
            raise Unavailable("the store is away")
        return {Place("web", "production"): {"completed": 1}} if self.forgets else await super().totals()


def census(store: MemoryStore, *, products: int = 50) -> Census:
    clock = Clock()
    clock.time = NOON + timedelta(hours=1)
    return Census(store, clock, products=products, environments=("production",))


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def samples(of: Census) -> Samples:
    """What Prometheus reads."""
    found: Samples = {}
    for family in text_string_to_metric_families((await of.told(generate_latest, "text")).decode()):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


async def value(of: Census, name: str, **labels: str) -> float | None:
    return (await samples(of)).get((f"deploytrail_{name}", tuple(sorted(labels.items()))))


def run(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


async def fill(store: MemoryStore) -> None:
    """Three deployments of the web to production, one of them failed, and one under way; a build tells of its start."""
    await store.record(build(version="1.0.0", at=NOON - 90 * MINUTE))
    for number, status in enumerate((Status.COMPLETED, Status.FAILED, Status.COMPLETED, Status.STARTED)):
        ended = NOON + number * MINUTE if status.terminal else None
        begun = NOON + number * MINUTE - timedelta(seconds=20)
        told = report(f"d{number}", status=status, version=f"1.0.{number}", started_at=begun, finished_at=ended)
        await store.record(told)
    await store.record(report("lost", product="cart", missed_before=2, finished_at=NOON))


def test_since_when_nothing_was_recorded_is_told_from_the_beginning() -> None:
    async def scene() -> None:
        store = MemoryStore(began=NOON - MINUTE)
        empty, filled = census(store), census(store)
        await empty.refresh()
        await fill(store)
        await filled.refresh()

        assert await value(empty, "last_recorded_timestamp_seconds") == (NOON - MINUTE).timestamp()
        assert await value(filled, "last_recorded_timestamp_seconds") == NOON.timestamp()
        assert await value(filled, "counted_timestamp_seconds") == (NOON + 60 * MINUTE).timestamp()

    run(scene())


WEB = {"product": "web", "environment": "production"}


def test_deployments_are_counted_by_how_they_ended() -> None:
    async def scene() -> None:
        store = MemoryStore()
        await fill(store)
        told = census(store)
        await told.refresh()

        ended = {
            status: await value(told, "deployments_total", **WEB, status=status) for status in Status if status.terminal
        }
        assert ended == {"completed": 2, "failed": 1, "aborted": 0, "unknown": 0}
        assert await value(told, "deployments_open", **WEB) == 1
        assert await value(told, "deployments_missed_total", product="cart", environment="production") == 2
        assert await value(told, "last_success_timestamp_seconds", **WEB) == (NOON + 2 * MINUTE).timestamp()

    run(scene())


def test_durations_are_a_histogram() -> None:
    async def scene() -> None:
        store = MemoryStore()
        await fill(store)
        told = census(store)
        await told.refresh()

        name = "deployment_duration_seconds"
        buckets = {le: await value(told, f"{name}_bucket", **WEB, le=le) for le in ("15.0", "30.0", "21600.0", "+Inf")}
        assert buckets == {"15.0": 0, "30.0": 3, "21600.0": 3, "+Inf": 3}
        assert (await value(told, f"{name}_count", **WEB), await value(told, f"{name}_sum", **WEB)) == (3, 60)

    run(scene())


def test_lead_times_are_a_histogram_and_dora_is_told_for_all_and_for_each() -> None:
    async def scene() -> None:
        store = MemoryStore()
        for number in range(2):
            commit = NOON - timedelta(hours=2)
            await store.record(report(f"d{number}", version=f"1.{number}", committed_at=commit, finished_at=NOON))
        await store.record(report("d2", version="1.2", status=Status.FAILED, finished_at=NOON + MINUTE))
        told = census(store)
        await told.refresh()

        assert await value(told, "lead_time_seconds_bucket", product="web", le="3600.0") == 0
        assert await value(told, "lead_time_seconds_bucket", product="web", le="14400.0") == 2
        assert await value(told, "lead_time_seconds_sum", product="web") == pytest.approx(2 * 7200, rel=0.05)
        for product in ("", "web"):
            assert await value(told, "dora_change_failure_ratio", product=product) == pytest.approx(1 / 3)
            assert await value(told, "dora_lead_time_seconds", product=product, quantile="0.5") == pytest.approx(
                7200, 0.05
            )
            assert await value(told, "dora_deployments_per_day", product=product) == pytest.approx(2 / 30)
            assert await value(told, "dora_recovery_time_seconds", product=product, quantile="0.5") is None

    run(scene())


def test_replicas_and_restarts_tell_the_same() -> None:
    async def scene() -> None:
        store = MemoryStore()
        await fill(store)
        one, other = census(store), census(store)
        await one.refresh()
        await other.refresh()

        assert await samples(one) == await samples(other)

    run(scene())


def test_made_up_names_do_not_become_series() -> None:
    async def scene() -> None:
        store = MemoryStore()
        for number in range(200):
            hostile = f'e{number}"}} 1\n# x'
            await store.record(report(f"d{number}", product=f"p{number}", environment=hostile, finished_at=NOON))
        told = census(store, products=5)
        await told.refresh()

        labels = {dict(key[1]).get("product") for key in await samples(told)} - {None, ""}
        environments = {dict(key[1]).get("environment") for key in await samples(told)} - {None}
        assert len(labels) == 6
        assert len(environments) == ENVIRONMENTS + 1
        whole = sum(n for (name, _), n in (await samples(told)).items() if name == "deploytrail_deployments_total")
        assert whole == 200

    run(scene())


def test_those_with_the_most_deployments_are_told_apart_however_long_they_took() -> None:
    async def scene() -> None:
        store = MemoryStore()
        slow = NOON - timedelta(days=1)
        await store.record(report("slow", product="slow", started_at=slow, finished_at=NOON))
        for number in range(2):
            await store.record(report(f"d{number}", product="busy", finished_at=NOON))
        told = census(store, products=1)
        await told.refresh()

        assert await value(told, "deployments_open", product="busy", environment="production") == 0
        assert await value(told, "deployments_open", product="slow", environment="production") is None

    run(scene())


def test_counters_never_fall() -> None:
    async def scene() -> None:
        store = CountingStore()
        await fill(store)
        told = census(store)
        await told.refresh()
        store.forgets = True
        told._good_until = 0
        await told.refresh()

        assert store.asked == 2
        assert await value(told, "deployments_total", **WEB, status="completed") == 2
        assert await value(told, "deployments_total", **WEB, status="failed") == 1
        assert await value(told, "deployment_duration_seconds_count", **WEB) == 3
        assert await value(told, "deployments_open", **WEB) == 0

    run(scene())


def test_scrapes_share_what_was_counted() -> None:
    async def scene() -> None:
        store = CountingStore()
        told = census(store)

        await asyncio.gather(*(told.refresh() for _ in range(5)))
        await told.refresh()

        assert store.asked == 1

    run(scene())


def test_while_the_store_is_away_the_last_counts_stay() -> None:
    async def scene() -> None:
        store = CountingStore()
        await fill(store)
        told = census(store)
        await told.refresh()
        before = await samples(told)
        store.away, told._good_until = True, 0
        await told.refresh()

        assert (await samples(told), store.asked) == (before, 2)

    run(scene())


def test_a_scrape_does_not_wait_for_a_slow_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "PATIENCE_SECONDS", 0.05)

    async def scene() -> None:
        store = CountingStore()
        await fill(store)
        store.slow.clear()
        told = census(store)
        await told.refresh()
        await told.refresh()
        assert (await samples(told), store.asked) == ({}, 1)

        store.slow.set()
        await told.refresh()

        assert await value(told, "deployments_open", **WEB) == 1

    run(scene())
