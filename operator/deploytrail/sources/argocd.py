"""Argo CD Applications: every change is put to the tracker, and what it finds is recorded. Nothing is ever written."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from weakref import WeakValueDictionary

import structlog

from deploytrail import telemetry
from deploytrail.errors import Rejected, Unavailable
from deploytrail.kube.client import Object
from deploytrail.mapping.application import snapshot
from deploytrail.mapping.argocd import report
from deploytrail.record.model import Source
from deploytrail.record.query import Query
from deploytrail.record.rollout import (
    Found,
    Gap,
    Rollout,
    Snapshot,
    Step,
    baseline,
    lose,
    observe,
    resume,
    tick,
)
from deploytrail.record.running import Running
from deploytrail.recorder import Recorder
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.stores.base import Store

log = structlog.get_logger()

RECORDS = 200
"""How many of an Application's newest records are read after a restart; Argo CD's history holds ten."""


class Applications:
    """Told of every Application. What is remembered between events can be rebuilt from the store at any time."""

    def __init__(
        self, recorder: Recorder, store: Store, *, settings: ArgocdSettings, clock: Callable[[], datetime]
    ) -> None:
        self._recorder, self._store, self._clock = recorder, store, clock
        self._namespaces = settings.namespaces
        self._backfill = settings.backfill
        self._policy, self._rules = settings.policy, settings.rules
        self._rollouts: dict[str, Rollout] = {}
        self._baselines: dict[str, Running] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._alarms = Alarms()
        self._since: datetime | None = None

    async def seen(self, event_type: str | None, obj: Object, at: datetime) -> None:
        """Take in one change. Raises Unavailable, having forgotten nothing, while the store is away."""
        if not any(fnmatchcase(obj["metadata"]["namespace"], pattern) for pattern in self._namespaces):
            return
        said = snapshot(obj, self._rules, deleted=event_type == "DELETED")
        if said is None:
            return
        for problem in said.problems:
            log.warning("annotation_ignored", application=said.application.name, reason=problem)
        uid = said.application.uid
        async with self._turn(uid):
            rollout = await self._remembered(uid)
            since = self._since or await self._watching_since()
            if rollout is None:
                self._note_baseline(said, since, at)
            await self._take(observe(rollout, said, at, self._policy, watching_since=since), at)

    async def keep_time(self) -> None:
        """Wake Applications when their time has come; first those that a restart left without a verdict."""
        await self._resume_open()
        while True:
            uid = await self._alarms.next(self._clock)
            with suppress(Unavailable):
                await self._tick(uid)
                continue
            await asyncio.sleep(1)
            self._alarms.set(uid, self._clock())

    def running(self) -> list[Running]:
        """What ran before Deploytrail did, by Application; the read API shows it until something newer is recorded."""
        return list(self._baselines.values())

    def _note_baseline(self, said: Snapshot, since: datetime, at: datetime) -> None:
        found = baseline(said, since=since)
        if found is None:
            return
        facts = report(found, self._rules, received_at=at).facts
        self._baselines[said.application.uid] = Running(
            product=facts.product,
            environment=facts.environment,
            version=facts.version,
            commit=facts.commit,
            since=found.at,
            deployed_by=facts.deployed_by,
            deployment_id=None,
        )

    async def reconcile(self, present: set[str], listed_at: datetime) -> None:
        """Give up the Applications that a complete list, begun at ``listed_at``, no longer shows.

        A watch that was interrupted for long never tells of what was deleted meanwhile.
        """
        for uid, rollout in list(self._rollouts.items()):
            if uid in present or rollout.seen_at is None or rollout.seen_at >= listed_at:
                continue
            async with self._turn(uid):
                if self._rollouts.get(uid) is rollout:
                    now = self._clock()
                    await self._take(lose(rollout, now, self._policy), now)

    async def _tick(self, uid: str) -> None:
        async with self._turn(uid):
            rollout = await self._remembered(uid)
            if rollout is not None:
                now = self._clock()
                await self._take(tick(rollout, now, self._policy), now)

    async def _take(self, step: Step, now: datetime) -> None:
        """Record, and only then remember: a step that could not be recorded is taken again."""
        await self._record(step.findings, now)
        uid = step.rollout.uid
        if step.rollout.gone:
            self._rollouts.pop(uid, None)
            self._baselines.pop(uid, None)
            return
        self._rollouts[uid] = step.rollout
        if step.wake_at is not None:
            self._alarms.set(uid, step.wake_at)

    async def _record(self, findings: Sequence[Found], now: datetime) -> None:
        for found in findings:
            if isinstance(found, Gap):
                telemetry.MISSED_OPERATIONS.inc(found.count)
                log.warning("operations_missed", application=found.application.name, count=found.count)
                continue
            try:
                await self._recorder.record(report(found, self._rules, received_at=now), now=now)
            except Rejected as refusal:
                log.error(  # noqa: TRY400 - the sentence says it all
                    "operation_refused", application=found.application.name, reason=refusal.message
                )

    async def _remembered(self, uid: str) -> Rollout | None:
        """The Application as it is remembered, else as its records tell it; None where there are none."""
        rollout = self._rollouts.get(uid)
        if rollout is not None:
            return rollout
        found = await self._store.find(Query(application_uid=uid, limit=RECORDS))
        return resume(uid, found.items) if found.items else None

    async def _watching_since(self) -> datetime:
        if self._backfill == "history":
            self._since = datetime.min.replace(tzinfo=UTC)
        else:
            self._since = await self._store.began()
        return self._since

    async def _resume_open(self) -> None:
        while True:
            try:
                found = await self._store.find(Query(source=Source.ARGOCD, open=True, limit=1000))
            except Unavailable:
                await asyncio.sleep(0.5)
                continue
            for uid in {deployment.application.uid for deployment in found.items if deployment.application}:
                self._alarms.set(uid, self._clock())
            return

    def _turn(self, uid: str) -> asyncio.Lock:
        """One lock per Application: its events and its timers take turns."""
        lock = self._turns.get(uid)
        if lock is None:
            lock = self._turns[uid] = asyncio.Lock()
        return lock


class Alarms:
    """Who is to be woken when. Setting one again replaces it."""

    def __init__(self) -> None:
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._changed = asyncio.Event()

    def set(self, uid: str, at: datetime) -> None:
        """Wake this one then."""
        self._due[uid] = at
        heapq.heappush(self._heap, (at, uid))
        self._changed.set()

    async def next(self, clock: Callable[[], datetime]) -> str:
        """Wait for the next one that is due."""
        while True:
            self._changed.clear()
            while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
                heapq.heappop(self._heap)
            wait = (self._heap[0][0] - clock()).total_seconds() if self._heap else None
            if wait is not None and wait <= 0:
                _, uid = heapq.heappop(self._heap)
                del self._due[uid]
                return uid
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait)
