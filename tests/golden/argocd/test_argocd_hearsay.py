"""A sync that is watched, notified, and reported by a hook of its own is one record, whichever came first.

Each stream is watched once with nobody else speaking, and once with notifications and a hook in between, anywhere: the
records must be the same. Another time nobody watches, and the notifications alone make them.
"""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.mapping.application import repositories
from deploytrail.mapping.recording import Event
from deploytrail.record.model import Deployment, Source, Status
from deploytrail.record.query import Query
from deploytrail.recorder import Recorder
from deploytrail.sources.argocd import Applications
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.sources.hearsay import Hearsay
from deploytrail.sources.http import versioner
from deploytrail.sources.http.argocd_notifications import argocd_notifications
from deploytrail.sources.http.dialect import Dialect, Head, Ignored, Request
from deploytrail.sources.http.vibemonitor import vibemonitor
from deploytrail.stores.memory import MemoryStore
from tests.argocd.notifications import notification
from tests.fakes import key
from tests.golden.argocd.streams import Stream, streams

STREAMS = [stream for stream in streams() if len({event.obj["metadata"]["uid"] for event in stream.events}) == 1]
SHARES = st.floats(0, 1)
SETTINGS = ArgocdSettings()
NOTIFICATIONS = argocd_notifications(SETTINGS)
COMPARED = (
    "status",
    "started_at",
    "finished_at",
    "settled_at",
    "product",
    "environment",
    "commit",
    "counted",
    "partial",
)


class Scene:
    """The operator with the clock of a stream, and others who speak of what it sees."""

    def __init__(self, stream: Stream) -> None:
        began = stream.events[0].at
        assert began is not None
        self.now = began
        self.store = MemoryStore(began=began)
        self.recorder = Recorder(self.store)
        self.applications = Applications(self.recorder, self.store, settings=SETTINGS, clock=lambda: self.now)
        self.hearsay = Hearsay(self.applications, self.store, clock=lambda: self.now, patience_seconds=0)

    async def watch(self, event: Event) -> None:
        assert event.at is not None
        await self.let_pass(event.at)
        await self.applications.seen("DELETED" if event.deleted else "MODIFIED", dict(event.obj), self.now)

    async def let_pass(self, until: datetime) -> None:
        due = self.applications._alarms._due
        while due and min(due.values()) <= until:
            uid = min(due, key=lambda each: due[each])
            self.now = max(self.now, due.pop(uid))
            await self.applications._tick(uid)
        self.now = max(self.now, until)

    async def rest(self) -> None:
        await self.let_pass(self.now + timedelta(days=10))

    async def hear(self, dialect: Dialect, document: dict[str, Any]) -> Ignored | Deployment:
        head = Head(method="POST", path=dialect.paths[0], query="", headers={})
        text, sender = json.dumps(document), key()
        told = dialect.parse(Request(head, sender, self.now, text, document))
        placed = told if isinstance(told, Ignored) else await self.hearsay.place(told, sender)
        if isinstance(placed, Ignored):
            return placed
        record = await self.recorder.record(placed, now=self.now)
        assert isinstance(record, Deployment)
        return record

    async def records(self) -> dict[str, Deployment]:
        return {each.id: each for each in (await self.store.find(Query(limit=1000))).items}


def compared(records: dict[str, Deployment]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(getattr(record, field) for field in COMPARED) for name, record in records.items()}


async def watched_alone(stream: Stream) -> dict[str, Deployment]:
    scene = Scene(stream)
    for event in stream.events:
        await scene.watch(event)
    await scene.rest()
    return await scene.records()


def hooks(event: Event) -> list[tuple[Dialect, dict[str, Any]]]:
    """What a Job in this sync could post, over each API."""
    metadata, spec = event.obj["metadata"], event.obj["spec"]
    name, environment = metadata["name"], spec["destination"].get("name") or spec["destination"]["namespace"]
    repository = max(repositories(event.obj)) or "charts"
    return [
        (
            versioner.DEPLOYMENTS,
            {"product_name": name, "version": "9", "environment_name": "live", "status": "success", "scm_sha": "abc1"}
            | {"source_system": "argocd"},
        ),
        (
            vibemonitor([environment]),
            {"environment": environment, "repository": repository, "source": "argocd", "status": "success"},
        ),
        (
            vibemonitor(["live"]),
            {"environment": "live", "repository": "acme/code", "extra_data": {"argocd_app": name}, "status": "failed"},
        ),
    ]


def is_running(event: Event) -> bool:
    state = event.obj.get("status", {}).get("operationState") or {}
    operation = event.obj.get("operation") or {}
    whole = not (operation.get("sync") or {}).get("resources") and not (operation.get("sync") or {}).get("dryRun")
    return bool(operation) and state.get("phase") == "Running" and not state.get("finishedAt") and whole


@settings(max_examples=250, deadline=None)
@given(number=st.integers(0, len(STREAMS) - 1), told=st.lists(st.tuples(SHARES, SHARES), max_size=12))
def test_whatever_notifications_come_whenever_the_records_are_those_of_the_watch(
    number: int, told: list[tuple[float, float]]
) -> None:
    stream = STREAMS[number]
    count = len(stream.events)
    # The Application has been seen, and the watch may lag by a few events.
    when = [
        (at, round(of * min(at + 2, count - 1))) for at, of in ((1 + round(at * (count - 1)), of) for at, of in told)
    ]

    async def act() -> tuple[dict[str, Deployment], dict[str, Deployment]]:
        scene = Scene(stream)
        for position in range(count + 1):
            for of in (of for at, of in when if at == position):
                await scene.hear(NOTIFICATIONS, notification(stream.events[of].obj))
            if position < count:
                await scene.watch(stream.events[position])
        await scene.rest()
        return await watched_alone(stream), await scene.records()

    alone, together = asyncio.run(act())

    assert compared(together) == compared(alone)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_a_hook_that_runs_within_a_sync_adds_to_its_record_and_changes_nothing(stream: Stream) -> None:
    async def act(which: int) -> tuple[dict[str, Deployment], dict[str, Deployment], int]:
        scene, spoken = Scene(stream), 0
        for event in stream.events:
            await scene.watch(event)
            if is_running(event):
                dialect, document = hooks(event)[which]
                await scene.hear(dialect, document | {"note": spoken})
                await scene.hear(NOTIFICATIONS, notification(event.obj))
                spoken += 1
        await scene.rest()
        return await watched_alone(stream), await scene.records(), spoken

    # A repository of charts has no path that a hook could name.
    for which in (0, 1, 2) if max(repositories(stream.events[0].obj)) else (0, 2):
        alone, together, spoken = asyncio.run(act(which))
        heard = [t for record in together.values() for t in record.tellings if t.source is not Source.ARGOCD]

        assert {name: record.status for name, record in together.items()} == {n: r.status for n, r in alone.items()}
        assert bool(heard) == bool(spoken)


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("captured-02-auto-sync-progressing-healthy", ["completed"]),
        ("captured-04-manual-sync-failed-apply", ["failed", "failed", "completed"]),
        ("captured-12-postsync-hook-failed", ["failed", "completed"]),
        ("captured-16-dry-run", ["completed"]),
        ("captured-18-multi-source-two-git", ["completed", "completed"]),
        ("handmade-03-auto-sync-progressing-degraded", ["failed"]),
        ("handmade-08-terminated-sync", ["failed"]),
        ("handmade-12-rollback", ["completed"]),
        ("handmade-16-helm-chart", ["completed"]),
    ],
)
def test_without_a_watch_the_notifications_make_the_same_full_records(name: str, statuses: list[str]) -> None:
    [stream] = [stream for stream in STREAMS if stream.name == name]

    async def act() -> tuple[dict[str, Deployment], dict[str, Deployment]]:
        scene = Scene(stream)
        for event in stream.events:
            assert event.at is not None
            scene.now = event.at
            if is_worth_telling(event):
                await scene.hear(NOTIFICATIONS, notification(event.obj))
        return await watched_alone(stream), await scene.records()

    alone, notified = asyncio.run(act())
    full = {name: record for name, record in notified.items() if not record.partial}

    assert [record.status.value for _, record in sorted(full.items())] == statuses
    for id_, record in full.items():
        for field in (
            "status",
            "started_at",
            "finished_at",
            "product",
            "environment",
            "commit",
            "deployed_by",
            "counted",
        ):
            assert getattr(record, field) == getattr(alone[id_], field), field


def is_worth_telling(event: Event) -> bool:
    """As the triggers of docs/argocd-notifications.md have it, once Argo CD has compared again."""
    status = event.obj.get("status", {})
    state = status.get("operationState") or {}
    compared_again = (status.get("reconciledAt") or "") >= (state.get("finishedAt") or "~")
    return state.get("phase") == "Running" or compared_again


def test_an_open_record_that_nobody_goes_on_with_becomes_unknown() -> None:
    [stream] = [stream for stream in STREAMS if stream.name == "captured-02-auto-sync-progressing-healthy"]
    running = next(event for event in stream.events if is_running(event))

    async def act() -> list[Deployment]:
        scene = Scene(stream)
        await scene.hear(NOTIFICATIONS, notification(running.obj))
        await scene.applications.sweep()
        await scene.rest()
        return list((await scene.records()).values())

    [record] = asyncio.run(act())

    assert (record.status, record.reason) == (Status.UNKNOWN, "the application was not seen again")
