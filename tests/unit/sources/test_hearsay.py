"""Who else speaks of a watched sync: which one is meant, how long is waited, and who may."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploytrail.errors import Unavailable
from deploytrail.keys.model import Key
from deploytrail.record.model import AnyReport, Deployment, Repeat, Report, Source, Sync
from deploytrail.record.query import Query
from deploytrail.recorder import Recorder
from deploytrail.sources.argocd import Applications
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.sources.hearsay import LATE, Hearsay
from deploytrail.sources.http.dialect import Ignored
from deploytrail.stores.memory import MemoryStore
from tests.fakes import key
from tests.reports import NOON, report

REVISION = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"


def application(
    name: str = "web",
    *,
    state: Mapping[str, Any] | None = None,
    namespace: str = "argocd",
    generation: int = 1,
    environment: str = "production",
    repository: str = "https://github.com/acme/shop.git",
) -> dict[str, Any]:
    running = state is not None and "finishedAt" not in state
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}/{name}", "generation": generation},
        "spec": {"destination": {"namespace": environment}, "source": {"repoURL": repository, "path": "prod"}},
        "status": {"operationState": state} if state is not None else {},
        **({"operation": {"sync": {"revision": REVISION}, "initiatedBy": {"username": "alice"}}} if running else {}),
    }


def running(minute: int = 0) -> dict[str, Any]:
    at = (NOON + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
    sync = {"sync": {"revision": REVISION}, "initiatedBy": {"username": "alice"}}
    return {"phase": "Running", "startedAt": at, "operation": sync}


def failed(minute: int = 0) -> dict[str, Any]:
    return running(minute) | {"phase": "Failed", "finishedAt": running(minute)["startedAt"]}


class Scene:
    def __init__(
        self,
        *,
        patience_seconds: float = 0,
        there: str = "",
        first_seconds: float = 30,
        store: MemoryStore | None = None,
    ) -> None:
        self.now = NOON
        self.store = store or MemoryStore(began=NOON - timedelta(hours=1))
        self.recorder = Recorder(self.store)
        self.applications = Applications(self.recorder, self.store, settings=ArgocdSettings(), clock=lambda: self.now)
        self.hearsay = Hearsay(
            self.applications,
            self.store,
            clock=lambda: self.now,
            is_there=self._is_there,
            patience_seconds=patience_seconds,
            first_seconds=first_seconds,
        )
        self._there, self._coming = there, list[asyncio.Task[None]]()

    async def _is_there(self, name: str) -> bool:
        """The Application that the cluster has is seen as soon as whoever asks for it waits."""
        if name == self._there:
            self._coming.append(asyncio.create_task(self.see(state=running())))
        return name == self._there

    async def see(self, **more: Any) -> None:
        await self.applications.seen("MODIFIED", application(**more), self.now)

    async def place(self, sync: Sync | None, *, sender: Key | None = None, **more: Any) -> AnyReport[Any] | Ignored:
        told = report("hook", source=Source.VIBEMONITOR, **more).model_copy(update={"sync": sync})
        return await self.hearsay.place(told, sender or key())

    async def records(self) -> list[Deployment]:
        return list((await self.store.find(Query(source=Source.ARGOCD))).items)


def is_noted(placed: AnyReport[Any] | Ignored) -> bool:
    return isinstance(placed, Report) and placed.repeat is Repeat.NOTE


@pytest.mark.parametrize(
    ("sync", "noted"),
    [
        (Sync(application="web"), True),
        (Sync(application="argocd/web"), True),
        (Sync(application="web", namespace="argocd", revision=REVISION), True),
        (Sync(application="web", namespace="elsewhere"), False),
        (Sync(application="web", revision="a" * 40), False),
        (Sync(application="web", started_at=NOON), True),
        (Sync(application="web", started_at=NOON + timedelta(milliseconds=400)), True),
        (Sync(application="web", started_at=NOON + timedelta(seconds=1)), False),
        (Sync(application="shop"), False),
        (Sync(), True),
        (None, False),
    ],
)
def test_a_report_belongs_to_the_running_sync_that_it_names(sync: Sync | None, *, noted: bool) -> None:
    async def act() -> bool:
        scene = Scene()
        await scene.see(state=running())
        return is_noted(await scene.place(sync, product="acme/shop", repository="https://github.com/acme/shop"))

    assert asyncio.run(act()) is noted


@pytest.mark.parametrize(
    ("others", "noted"),
    [
        ([], True),
        ([{"name": "api"}], False),
        ([{"name": "api", "environment": "staging"}], True),
        ([{"name": "api", "repository": "https://github.com/acme/api"}], True),
        ([{"name": "web", "namespace": "team-b"}], False),
    ],
)
def test_without_a_name_it_must_be_the_only_one_of_its_repository_and_environment(
    others: list[dict[str, Any]], *, noted: bool
) -> None:
    async def act() -> bool:
        scene = Scene()
        for each in ({}, *others):
            await scene.see(state=running(), **each)
        return is_noted(await scene.place(Sync(), product="acme/shop", repository="https://github.com/acme/shop"))

    assert asyncio.run(act()) is noted


def test_of_two_applications_with_one_name_the_environment_tells() -> None:
    async def act() -> list[str]:
        scene = Scene()
        await scene.see(state=running())
        await scene.see(state=running(), namespace="team-b", environment="staging")
        placed = [await scene.place(Sync(application="web"), environment=name) for name in ("production", "staging")]
        by_id = {record.id: record.environment for record in await scene.records()}
        return [by_id[each.id] for each in placed if isinstance(each, Report)]

    assert asyncio.run(act()) == ["production", "staging"]


@pytest.mark.parametrize(("later", "noted"), [(timedelta(seconds=30), True), (LATE + timedelta(seconds=1), False)])
def test_a_hook_may_be_late_but_not_for_ever(later: timedelta, *, noted: bool) -> None:
    async def act() -> bool:
        scene = Scene()
        await scene.see(state=running())
        await scene.see(state=failed(), generation=2)
        scene.now += later
        return is_noted(await scene.place(Sync(application="web")))

    assert asyncio.run(act()) is noted


def test_what_the_watch_has_not_told_yet_is_waited_for() -> None:
    async def act() -> tuple[bool, str, str]:
        scene = Scene(patience_seconds=30)
        await scene.see()
        placing = asyncio.create_task(scene.place(Sync(application="web")))
        await asyncio.sleep(0)
        waiting = not placing.done()
        await scene.see(state=running(), generation=2)
        placed = await placing
        [record] = await scene.records()
        return waiting, placed.id if isinstance(placed, Report) else "", record.id

    waiting, placed, watched = asyncio.run(act())

    assert waiting
    assert placed == watched


@pytest.mark.parametrize(
    ("sync", "waits"),
    [
        (Sync(application="web"), True),
        (Sync(application="web", sure=False), False),
        (Sync(application="api"), False),
        (Sync(), False),
    ],
)
def test_an_application_that_the_cluster_has_is_waited_for_before_it_is_seen(sync: Sync, *, waits: bool) -> None:
    async def act() -> bool:
        return is_noted(await Scene(there="web").place(sync))

    assert asyncio.run(act()) is waits


def test_what_another_replica_has_recorded_is_not_waited_for_longer_than_the_watch() -> None:
    async def act() -> bool:
        other = Scene()
        await other.see(state=running())
        async with asyncio.timeout(5):
            return is_noted(await Scene(there="web", store=other.store).place(Sync(application="web")))

    assert asyncio.run(act())


@pytest.mark.parametrize(("later", "again"), [(timedelta(seconds=59), True), (timedelta(minutes=1), False)])
def test_while_we_start_it_is_to_be_told_again_and_later_it_is_a_record_of_its_own(
    later: timedelta, *, again: bool
) -> None:
    async def act() -> AnyReport[Any] | Ignored:
        scene = Scene(there="web", first_seconds=0)
        scene.now += later
        return await scene.place(Sync(application="web"))

    if again:
        with pytest.raises(Unavailable, match="not yet seen the Application web"):
            asyncio.run(act())
    else:
        assert not is_noted(asyncio.run(act()))


def test_the_sync_that_runs_is_meant_even_if_the_one_before_has_just_ended() -> None:
    async def act() -> tuple[datetime | None, int]:
        scene = Scene(patience_seconds=30)
        await scene.see(state=running())
        await scene.see(state=failed(), generation=2)
        placing = asyncio.create_task(scene.place(Sync(application="web")))
        await asyncio.sleep(0)
        await scene.see(state=running(minute=1), generation=3)
        placed = await placing
        record = await scene.store.get(placed.id) if isinstance(placed, Report) else None
        return record.started_at if record else None, len(await scene.records())

    assert asyncio.run(act()) == (NOON + timedelta(minutes=1), 2)


@pytest.mark.parametrize(
    ("sender", "noted"),
    [
        (key(products=["web"]), True),
        (key(products=["api"]), False),
        (key(environments=["production"]), True),
        (key(environments=["staging"]), False),
    ],
)
def test_a_key_adds_only_to_records_that_it_may_report(sender: Key, *, noted: bool) -> None:
    async def act() -> bool:
        scene = Scene()
        await scene.see(state=running())
        return is_noted(await scene.place(Sync(application="web"), sender=sender))

    assert asyncio.run(act()) is noted


def test_a_note_refuses_nothing_for_its_version() -> None:
    async def act() -> list[Deployment]:
        scene = Scene()
        await scene.see(state=running())
        for commit in ("abc1234", "def5678"):
            placed = await scene.place(Sync(application="web"), commit=commit, content=commit)
            assert isinstance(placed, Report)
            await scene.recorder.record(placed, now=scene.now)
        return await scene.records()

    [record] = asyncio.run(act())

    assert (record.commit, len(record.tellings)) == ("abc1234", 3)


def test_what_ended_before_recording_began_is_ignored_when_it_is_notified() -> None:
    async def act() -> AnyReport[Any] | Ignored:
        scene = Scene()
        told = report(source=Source.ARGOCD_NOTIFICATIONS, finished_at=NOON - timedelta(hours=2), started_at=None)
        return await scene.hearsay.place(told, key())

    assert asyncio.run(act()) == Ignored("it ended before Deploytrail began to record")
