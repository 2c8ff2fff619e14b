"""What others tell of syncs that are watched here: kept with the record of the watch, which knows better.

In: a report that came over HTTP and speaks of Argo CD, from its notifications or from a hook of somebody's own. Out:
the same report, addressed to the record that watching makes of that sync, whichever of them came first; or as it was,
where nobody watches the Application. Called by the ingest lane, before it records.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from deploytrail.errors import Unavailable
from deploytrail.keys.model import Key
from deploytrail.mapping.hivel import product_of
from deploytrail.record.model import AnyReport, Binding, Deployment, Repeat, Report, Source, Sync
from deploytrail.sources.argocd import Applications, Followed
from deploytrail.sources.http.dialect import Ignored
from deploytrail.stores.base import Store

PATIENCE_SECONDS = 2.0
"""How long to wait for the watch to tell what somebody else has told already: it lags by milliseconds."""

FIRST_SECONDS = 3.0
"""The same for an Application that the watch has not seen yet: it is new, or we are. Clients give up after five."""

STARTING = timedelta(minutes=1)
"""How long after our start the watch may still be listing: until then, what it has not seen is to be told again."""

LATE = timedelta(minutes=10)
"""How long after its end a sync may still be spoken of by a hook: clients retry for seconds."""


async def _none(_: str) -> bool:
    return False


class Hearsay:
    """Knows to which watched sync a report belongs."""

    def __init__(
        self,
        applications: Applications,
        store: Store,
        *,
        clock: Callable[[], datetime],
        is_there: Callable[[str], Awaitable[bool]] = _none,
        patience_seconds: float = PATIENCE_SECONDS,
        first_seconds: float = FIRST_SECONDS,
    ) -> None:
        """``is_there``: whether the cluster has an Application of this name that is to be watched, seen or not yet."""
        self._applications, self._store, self._clock = applications, store, clock
        self._is_there = is_there
        self._patience_seconds, self._first_seconds = patience_seconds, first_seconds
        self._began = clock()

    async def place(self, report: AnyReport[Any], key: Key) -> AnyReport[Any] | Ignored:
        """The report, addressed to the record of the sync it speaks of.

        Raises Unavailable while the store is away, and while we start and it may be that of an Application unseen.
        """
        if not isinstance(report, Report):
            return report
        if report.telling.source is Source.ARGOCD_NOTIFICATIONS:
            return await self._notified(report, key)
        return await self._hooked(report, report.sync, key) if report.sync is not None else report

    async def _notified(self, report: Report, key: Key) -> Report | Ignored:
        if report.finished_at is not None and report.finished_at < await self._applications.since():
            return Ignored("it ended before Deploytrail began to record")
        application = report.facts.application
        followed = application is not None and self._applications.follows(application.uid)
        patience = self._patience_seconds if followed else 0
        watched = await self._until(lambda: self._watched(report.id), patience)
        return _noted(report, watched) if watched is not None and _may(key, watched) else report

    async def _hooked(self, report: Report, sync: Sync, key: Key) -> Report:
        async def find(*, running: bool) -> Deployment | None:
            followed = self._applications.followed(sync.application)
            found = match(sync, report, (each for each in followed if each.running or not running))
            watched = await self._watched(found.id) if found is not None else None
            return watched if watched is not None and (sync.started_at or not self._is_late(watched)) else None

        # A hook runs within its sync. Only if none is running, it was late itself.
        named = sync.application if sync.sure else None
        known = named is not None and self._applications.knows(named)
        unseen = named if named is not None and not known and await self._is_there(named) else None
        patience = self._patience_seconds if known else self._first_seconds if unseen is not None else 0
        watched = await self._until(lambda: find(running=True), patience) or await find(running=False)
        starting = self._clock() < self._began + STARTING
        if watched is None and starting and unseen is not None and not self._applications.knows(unseen):
            raise Unavailable(f"Deploytrail has just started and not yet seen the Application {unseen}", retry_after=2)
        return _noted(report, watched) if watched is not None and _may(key, watched) else report

    async def _watched(self, record_id: str) -> Deployment | None:
        """The record, if the watch has told of it."""
        record = await self._store.get(record_id)
        told = record is not None and any(telling.source is Source.ARGOCD for telling in record.tellings)
        return record if told else None

    def _is_late(self, watched: Deployment) -> bool:
        return watched.finished_at is not None and self._clock() - watched.finished_at > LATE

    async def _until(self, find: Callable[[], Awaitable[Deployment | None]], patience: float) -> Deployment | None:
        """What is found, at once or within so many seconds, with the next things that are seen."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience or None):
                while True:
                    seen = self._applications.next_seen()
                    found = await find()
                    if found is not None or not patience:
                        return found
                    await seen.wait()
        return None


def match(sync: Sync, report: Report, followed: Iterable[Followed]) -> Followed | None:
    """The sync that is spoken of, if it is exactly one."""
    found = [each for each in followed if _may_be(sync, report, each)]
    newest: dict[str, Followed] = {}
    for each in found:
        uid = each.application.uid
        if uid not in newest or newest[uid].started_at < each.started_at:
            newest[uid] = each
    left = list(newest.values())
    if len(left) > 1:
        left = [each for each in left if each.environment == report.facts.environment]
    return left[0] if len(left) == 1 else None


def _may_be(sync: Sync, report: Report, followed: Followed) -> bool:
    if sync.namespace is not None and followed.application.namespace != sync.namespace:
        return False
    if sync.started_at is not None and followed.started_at != sync.started_at.replace(microsecond=0):
        return False
    if sync.revision is not None and followed.revisions and sync.revision not in followed.revisions:
        return False
    if sync.application is not None:
        return True
    same = followed.environment == report.facts.environment
    return same and product_of(report.facts.repository or "") in followed.repositories


def _may(key: Key, watched: Deployment) -> bool:
    """Whether who has the key may add to this record."""
    if key.products and watched.product not in key.products:
        return False
    return not key.environments or watched.environment in key.environments


def _noted(report: Report, watched: Deployment) -> Report:
    changes: dict[str, Any] = {"id": watched.id, "series": None, "attempt": None, "sync": None}
    return report.model_copy(update=changes | {"repeat": Repeat.NOTE, "binding": Binding.NONE})
