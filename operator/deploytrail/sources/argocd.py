"""Argo CD Applications: every change is put to the tracker, and what it finds is recorded. Nothing is ever written."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakValueDictionary

import structlog

from deploytrail import telemetry
from deploytrail.errors import Rejected, Unavailable
from deploytrail.kube.client import Object
from deploytrail.mapping.application import content, repositories, snapshot
from deploytrail.mapping.argocd import report
from deploytrail.record.identity import argocd_id
from deploytrail.record.model import Source
from deploytrail.record.query import Query
from deploytrail.record.rollout import (
    Finding,
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
from deploytrail.record.rollout.snapshot import Application
from deploytrail.record.running import Running
from deploytrail.recorder import Recorder
from deploytrail.sources.alarms import Alarms
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.stores.base import Store

log = structlog.get_logger()

RECORDS = 200
"""How many of an Application's newest records are read after a restart; Argo CD's history holds ten."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A sync that is watched, as far as somebody else could speak of it."""

    id: str
    """Of its record."""
    application: Application
    started_at: datetime
    environment: str | None = None
    revisions: tuple[str, ...] = ()
    """Asked for or deployed; empty when that is not known."""
    repositories: frozenset[str] = frozenset()
    running: bool = False
    """Its end is awaited: a hook of its own runs now."""


class Applications:
    """Told of every Application. What is remembered between events can be rebuilt from the store at any time."""

    def __init__(
        self, recorder: Recorder, store: Store, *, settings: ArgocdSettings, clock: Callable[[], datetime]
    ) -> None:
        self._recorder, self._store, self._clock = recorder, store, clock
        self._settings = settings
        self._policy, self._rules = settings.policy, settings.rules
        self._rollouts: dict[str, Rollout] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._repositories: dict[str, frozenset[str]] = {}
        self._seen = asyncio.Event()
        self._baselines: dict[str, Running] = {}
        self._problems: dict[str, tuple[str, ...]] = {}
        self._settled: dict[str, int] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._alarms = Alarms()
        self._since: datetime | None = None

    async def seen(self, event_type: str | None, obj: Object, at: datetime) -> None:
        """Take in one change. Raises Unavailable, having forgotten nothing, while the store is away."""
        if not self._settings.follows(obj["metadata"]["namespace"]):
            return
        says = content(obj)
        if event_type != "DELETED" and says is not None and self._settled.get(obj["metadata"].get("uid")) == says:
            return
        said = snapshot(obj, self._rules, deleted=event_type == "DELETED")
        if said is None:
            return
        uid = said.application.uid
        self._settled.pop(uid, None)
        self._warn(uid, said)
        async with self._turn(uid):
            rollout = await self._remembered(uid)
            since = self._since or await self._watching_since()
            if rollout is None:
                self._note_baseline(said, since, at)
            step = observe(rollout, said, at, self._policy, watching_since=since)
            if step.rollout.operations:
                self._repositories[uid] = repositories(obj)
            await self._take(step, at)
            self._settle(step.rollout, says)

    def _settle(self, rollout: Rollout, says: int | None) -> None:
        """While nothing is awaited, the same content again is no news: nine events in ten are a mere comparison."""
        awaited = rollout.operations or rollout.waiting or rollout.gone
        if says is not None and not awaited:
            self._settled[rollout.uid] = says

    def _warn(self, uid: str, said: Snapshot) -> None:
        """Once per mistake, not once per event."""
        if said.problems != self._problems.get(uid, ()):
            self._problems[uid] = said.problems
            for problem in said.problems:
                log.warning("annotation_ignored", application=said.application.name, reason=problem)

    async def keep_time(self) -> None:
        """Wake Applications when their time has come; first those that a restart left without a verdict."""
        await self._begin()
        while True:
            uid = await self._alarms.next(self._clock)
            with suppress(Unavailable):
                await self._tick(uid)
                continue
            await asyncio.sleep(1)
            self._alarms.set(uid, self._clock())

    async def since(self) -> datetime:
        """When recording began here: what had ended by then is no news."""
        return self._since or await self._watching_since()

    def follows(self, uid: str) -> bool:
        """Whether this Application is watched here."""
        rollout = self._rollouts.get(uid)
        return rollout is not None and rollout.seen_at is not None

    def knows(self, name: str) -> bool:
        """Whether an Application of this name, or with this uid, is watched here."""
        return any(self.follows(uid) for uid in (*self._names.get(name, ()), name))

    def followed(self, name: str | None) -> list[Followed]:
        """The syncs of the Applications with this name or uid; without one, of all that await a verdict."""
        uids = self._repositories if name is None else (*self._names.get(name, ()), name)
        return [each for uid in uids for each in self._followed(self._rollouts.get(uid))]

    def next_seen(self) -> asyncio.Event:
        """Set the next time that something of the Applications is recorded, or one of them first seen."""
        return self._seen

    def _followed(self, rollout: Rollout | None) -> Iterator[Followed]:
        """Self-heals and dry runs have no hooks."""
        if rollout is None or rollout.application is None or rollout.seen_at is None:
            return
        awaited = {operation.key: operation for operation in rollout.operations if operation.full}
        for key in {known.key for known in rollout.known if not known.key.heals} | awaited.keys():
            operation = awaited.get(key)
            application = rollout.application
            yield Followed(
                id=argocd_id(uid=rollout.uid, name=application.name, started_at=key.started_at, heals=key.heals),
                application=application,
                started_at=key.started_at,
                environment=operation.subject.environment if operation else None,
                revisions=(operation.result.revisions or operation.requested) if operation else (),
                repositories=self._repositories.get(rollout.uid, frozenset()),
                running=operation is not None and operation.running,
            )

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
        given_up = step.rollout.seen_at is None and not step.rollout.operations
        if step.rollout.gone or given_up:
            self._rollouts.pop(uid, None)
            self._baselines.pop(uid, None)
            self._problems.pop(uid, None)
            self._settled.pop(uid, None)
            self._repositories.pop(uid, None)
            self._name(step.rollout, gone=True)
            return
        before = self._rollouts.get(uid)
        self._rollouts[uid] = step.rollout
        self._name(step.rollout)
        if not step.rollout.operations:
            self._repositories.pop(uid, None)
        if step.findings or before is None or before.seen_at is None:
            self._seen.set()
            self._seen = asyncio.Event()
        if step.wake_at is not None:
            self._alarms.set(uid, step.wake_at)

    def _name(self, rollout: Rollout, *, gone: bool = False) -> None:
        name = rollout.application.name if rollout.application is not None else None
        if name is None:
            return
        others = tuple(uid for uid in self._names.get(name, ()) if uid != rollout.uid)
        uids = others if gone else (*others, rollout.uid)
        if uids:
            self._names[name] = uids
        else:
            self._names.pop(name, None)

    async def _record(self, findings: Sequence[Found], now: datetime) -> None:
        gaps = [found for found in findings if isinstance(found, Gap)]
        missed = {gap.before_id: gap.count for gap in gaps}
        for found in findings:
            if isinstance(found, Finding):
                await self._record_one(found, missed.get(found.operation.history_id or -1, 0), now)
        for gap in gaps:
            telemetry.MISSED_OPERATIONS.inc(gap.count)
            log.warning("operations_missed", application=gap.application.name, count=gap.count, at_least=not gap.exact)

    async def _record_one(self, finding: Finding, missed_before: int, now: datetime) -> None:
        told = report(finding, self._rules, received_at=now)
        if missed_before:
            told = told.model_copy(update={"facts": told.facts.model_copy(update={"missed_before": missed_before})})
        try:
            await self._recorder.record(told, now=now)
        except Rejected as refusal:
            log.error(  # noqa: TRY400 - the sentence says it all
                "operation_refused", application=finding.application.name, reason=refusal.message
            )

    async def _remembered(self, uid: str) -> Rollout | None:
        """The Application as it is remembered, else as its records tell it; None where there are none."""
        rollout = self._rollouts.get(uid)
        if rollout is not None:
            return rollout
        found = await self._store.find(Query(application_uid=uid, limit=RECORDS))
        return resume(uid, found.items) if found.items else None

    async def _watching_since(self) -> datetime:
        if self._settings.backfill == "history":
            self._since = datetime.min.replace(tzinfo=UTC)
        else:
            # Argo CD's times are whole seconds: what ended in the second of the start must not seem to be before it.
            self._since = (await self._store.began()).replace(microsecond=0)
        return self._since

    async def _begin(self) -> None:
        """Note the first start before anything is seen, however long the watch has to wait; and set the alarms."""
        while True:
            try:
                await self._watching_since()
                await self.sweep()
            except Unavailable:
                await asyncio.sleep(0.5)
                continue
            return

    async def sweep(self) -> None:
        """Have somebody wait for every verdict: also where a notification began a record that no watch goes on with."""
        for source in (Source.ARGOCD, Source.ARGOCD_NOTIFICATIONS):
            found = await self._store.find(Query(source=source, open=True, limit=1000))
            for uid in {deployment.application.uid for deployment in found.items if deployment.application}:
                if uid not in self._rollouts:
                    self._alarms.set(uid, self._clock())

    def _turn(self, uid: str) -> asyncio.Lock:
        """One lock per Application: its events and its timers take turns."""
        lock = self._turns.get(uid)
        if lock is None:
            lock = self._turns[uid] = asyncio.Lock()
        return lock
