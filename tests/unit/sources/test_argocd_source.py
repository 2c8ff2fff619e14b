"""Applications as the operator follows them: what is remembered, what is recorded, what is said of losses."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploytrail.errors import Unavailable
from deploytrail.kube.client import Object
from deploytrail.record.model import AnyReport, R, Status
from deploytrail.record.query import Query
from deploytrail.recorder import Recorder
from deploytrail.sources.argocd import Applications
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.stores.base import Outcome
from deploytrail.stores.memory import MemoryStore
from tests.reports import NOON

BEGAN = NOON - timedelta(days=1)


class AwayStore(MemoryStore):
    """Answers questions, and takes no report while it is told to be away."""

    def __init__(self) -> None:
        super().__init__(began=BEGAN)
        self.away = False

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        if self.away:
            raise Unavailable("away")
        return await super().record(report)


def entry(number: int) -> dict[str, Any]:
    """The history entry of a sync that took place ``number`` minutes after noon."""
    at = (NOON + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    source = {"repoURL": "https://git.example.com/acme/web", "path": "."}
    return {"id": number, "deployStartedAt": at, "deployedAt": at, "revision": f"{number:040x}", "source": source}


def application(*history: dict[str, Any], generation: int = 1, **metadata: Any) -> Object:
    return {
        "metadata": {"name": "web", "namespace": "argocd", "uid": "u", "generation": generation} | metadata,
        "spec": {"destination": {"namespace": "production"}, "source": history[-1]["source"] if history else {}},
        "status": {"history": list(history), "health": {"status": "Healthy"}, "sync": {"status": "Synced"}},
    }


def follow(store: MemoryStore, **settings: Any) -> Applications:
    return Applications(Recorder(store), store, settings=ArgocdSettings(**settings), clock=lambda: NOON)


def test_deployments_that_history_lost_are_told_with_the_next_one() -> None:
    async def scene() -> list[tuple[int, int]]:
        store = AwayStore()
        source = follow(store)
        await source.seen("ADDED", application(entry(0)), NOON)
        await source.seen("MODIFIED", application(entry(4), entry(5), generation=2), NOON + timedelta(hours=1))
        found = await store.find(Query(product="web"))
        return sorted((d.application.history_id or 0, d.missed_before) for d in found.items if d.application)

    assert asyncio.run(scene()) == [(0, 0), (4, 3), (5, 0)]


def test_a_history_that_begins_after_the_installation_with_a_later_id_has_lost_some() -> None:
    async def scene() -> list[tuple[int, int]]:
        store = AwayStore()
        await follow(store).seen("ADDED", application(entry(4), entry(5)), NOON)
        found = await store.find(Query(product="web"))
        return sorted((d.application.history_id or 0, d.missed_before) for d in found.items if d.application)

    assert asyncio.run(scene()) == [(4, 1), (5, 0)]


def test_what_could_not_be_recorded_is_taken_in_again_with_the_time_it_was_seen() -> None:
    async def scene() -> list[datetime | None]:
        store = AwayStore()
        source = follow(store)
        store.away = True
        with pytest.raises(Unavailable):
            await source.seen("ADDED", application(entry(1)), NOON)
        store.away = False
        await source.seen("ADDED", application(entry(1)), NOON)
        return [d.finished_at for d in (await store.find(Query())).items]

    assert asyncio.run(scene()) == [NOON + timedelta(minutes=1)]


def test_a_restarted_source_records_nothing_twice() -> None:
    async def scene() -> int:
        store = AwayStore()
        for _ in range(2):
            await follow(store).seen("ADDED", application(entry(1), entry(2)), NOON)
        return len((await store.find(Query())).items)

    assert asyncio.run(scene()) == 2


def test_what_ran_before_the_installation_is_known_and_not_recorded() -> None:
    async def scene() -> tuple[int, list[tuple[str, str, str | None]]]:
        store = MemoryStore(began=NOON + timedelta(hours=1))
        source = follow(store)
        await source.seen("ADDED", application(entry(1), entry(2)), NOON + timedelta(hours=2))
        known = [(each.product, each.environment, each.version) for each in source.running()]
        return len((await store.find(Query())).items), known

    assert asyncio.run(scene()) == (0, [("web", "production", f"{2:040x}"[:7])])


def test_backfill_records_what_history_still_holds() -> None:
    async def scene() -> list[Status]:
        store = MemoryStore(began=NOON + timedelta(hours=1))
        await follow(store, backfill="history").seen("ADDED", application(entry(1), entry(2)), NOON)
        return [d.status for d in (await store.find(Query())).items]

    assert asyncio.run(scene()) == [Status.UNKNOWN, Status.UNKNOWN]


def test_an_application_in_another_namespace_is_none_of_ours() -> None:
    async def scene() -> int:
        store = AwayStore()
        source = follow(store, namespaces=("team-*",))
        await source.seen("ADDED", application(entry(1)), NOON)
        await source.seen("ADDED", application(entry(1), namespace="team-a", uid="v"), NOON)
        return len((await store.find(Query())).items)

    assert asyncio.run(scene()) == 1


def test_an_application_that_a_complete_list_lacks_is_given_up() -> None:
    async def scene() -> list[str]:
        store = MemoryStore(began=NOON + timedelta(hours=1))
        source = follow(store)
        for uid in ("stays", "gone"):
            await source.seen("ADDED", application(entry(1), uid=uid, name=uid), NOON)
        await source.reconcile({"stays"}, NOON + timedelta(minutes=1))
        return [each.product for each in source.running()]

    assert asyncio.run(scene()) == ["stays"]
