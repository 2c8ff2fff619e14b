"""Events that bring nothing new: passed over while nothing is awaited, and only then."""

import asyncio
from datetime import timedelta
from typing import Any

from deploytrail.kube.client import Object
from deploytrail.record.model import Status
from deploytrail.record.query import Query
from deploytrail.recorder import Recorder
from deploytrail.sources.argocd import Applications
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.stores.memory import MemoryStore
from tests.reports import NOON

UID = "2c6a8f9e-0c55-4a0e-9d55-3f4f0a3c8a11"
ENDED = NOON + timedelta(minutes=1)
MINUTE = timedelta(minutes=1)


class Counted(dict[str, Any]):
    """A part of an object that counts how often it is read by name."""

    reads = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.reads += 1
        return super().get(key, default)


def text(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def application(compared: float, *, generation: int, phase: str = "Succeeded", spec: Object | None = None) -> Object:
    """Synced from noon on, for a minute; compared so many minutes after noon."""
    operation = {"initiatedBy": {"username": "alice"}, "sync": {"revision": "c" * 40}}
    state: Object = {"phase": phase, "startedAt": text(0), "operation": operation}
    if phase == "Succeeded":
        state["finishedAt"] = text(1)
    return {
        "metadata": {"name": "web", "namespace": "argocd", "uid": UID, "generation": generation},
        "spec": {"destination": {"namespace": "production"}} if spec is None else spec,
        **({"operation": operation} if phase == "Running" else {}),
        "status": {
            "operationState": state,
            "reconciledAt": text(compared),
            "health": {"status": "Healthy", "lastTransitionTime": text(-60)},
        },
    }


def follow(store: MemoryStore) -> Applications:
    return Applications(Recorder(store), store, settings=ArgocdSettings(), clock=lambda: NOON)


async def recorded(store: MemoryStore) -> list[Status]:
    return [each.status for each in (await store.find(Query())).items]


def test_a_comparison_that_found_nothing_is_not_looked_into() -> None:
    async def scene() -> int:
        source = follow(MemoryStore(began=NOON + timedelta(days=1)))
        again = Counted(destination={"namespace": "production"})
        await source.seen(None, application(2, generation=1), ENDED + MINUTE)
        await source.seen("MODIFIED", application(3, generation=2, spec=again), ENDED + 2 * MINUTE)
        return again.reads

    assert asyncio.run(scene()) == 0


def test_a_comparison_is_looked_into_while_a_verdict_is_awaited() -> None:
    async def scene() -> list[Status]:
        store = MemoryStore(began=NOON - timedelta(days=1))
        source = follow(store)
        await source.seen("MODIFIED", application(-1, generation=1, phase="Running"), NOON)
        await source.seen("MODIFIED", application(-1, generation=2), ENDED)
        await source.seen("MODIFIED", application(2, generation=3), ENDED + MINUTE)
        await source.seen("MODIFIED", application(3, generation=4), ENDED + 2 * MINUTE)
        return await recorded(store)

    assert asyncio.run(scene()) == [Status.COMPLETED]


def test_a_deletion_is_seen_though_the_application_says_what_it_said() -> None:
    async def scene() -> int:
        source = follow(MemoryStore(began=NOON + timedelta(days=1)))
        again = Counted(destination={"namespace": "production"})
        await source.seen(None, application(2, generation=1), ENDED + MINUTE)
        await source.seen("DELETED", application(2, generation=1), ENDED + MINUTE)
        await source.seen("ADDED", application(2, generation=1, spec=again), ENDED + MINUTE)
        return again.reads

    assert asyncio.run(scene()) > 0


def test_what_was_given_up_is_taken_in_anew_when_it_is_there_after_all() -> None:
    async def scene() -> int:
        source = follow(MemoryStore(began=NOON + timedelta(days=1)))
        again = Counted(destination={"namespace": "production"})
        await source.seen(None, application(2, generation=1), ENDED + MINUTE)
        await source.reconcile(set(), ENDED + 2 * MINUTE)
        await source.seen(None, application(2, generation=1, spec=again), ENDED + 3 * MINUTE)
        return again.reads

    assert asyncio.run(scene()) > 0
