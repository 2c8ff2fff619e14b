"""Records as DeploymentEvents: nothing else to install. Written past the cache, read from it."""

import asyncio
import contextlib
from datetime import UTC, datetime

import orjson

from deploytrail import telemetry
from deploytrail.errors import Rejected, Unavailable
from deploytrail.kube.client import CONFIG_MAPS, DEPLOYMENT_EVENTS, AlreadyExists, Kube, Object, Stale
from deploytrail.kube.objects import from_object, to_object
from deploytrail.kube.watch import Reflector
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.lifecycle import Advance, Create, Decision, Same, decide
from deploytrail.record.model import Deployment, Report
from deploytrail.record.query import Page, Query
from deploytrail.stores.base import Outcome, Recorded, decided
from deploytrail.stores.picture import Picture

BEGAN = "deploytrail-began"
"""The ConfigMap that remembers since when this installation records."""


LARGEST_OBJECT = 1_300_000
"""Bytes; etcd refuses requests over 1.5 MiB, and the status is still to come."""


class KubernetesStore:
    """See Store. Records go to ``namespace``; what users apply elsewhere is read where it is."""

    def __init__(self, kube: Kube, *, namespace: str) -> None:
        self._kube, self._home = kube, namespace
        self._picture = Picture(home=namespace)
        self._reflector = Reflector(
            kube,
            DEPLOYMENT_EVENTS,
            namespace=None,
            changed=self._picture.put,
            removed=self._picture.remove,
            listed=self._picture.keep_only,
        )
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See Store. Questions are answered once everything has been listed; reports are taken at once."""
        self._following = asyncio.create_task(self._reflector.run(), name="store-follow")

    async def stop(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def record(self, report: Report) -> Outcome:
        """See Store. Optimistic: judged against what was read, written only if that is still so."""
        if report.resource is not None:
            return await self._applied(report)
        known = self._picture.get(report.id)
        if known is not None and isinstance(repeated := decide(known, report), Same):
            return decided(repeated)
        read = known is not None
        while True:
            stored = await self._kube.get(DEPLOYMENT_EVENTS, self._home, report.id) if read else None
            decision = decide(from_object(stored, home=self._home) if stored else None, report)
            try:
                await self._write(decision, stored)
            except (AlreadyExists, Stale):
                read = True  # somebody else was faster: judge again against what they wrote
                continue
            return decided(decision)

    async def get(self, deployment_id: str) -> Deployment | None:
        """See Store."""
        self._must_be_complete()
        return self._picture.get(deployment_id)

    async def find(self, query: Query) -> Page:
        """See Store."""
        self._must_be_complete()
        return self._picture.find(query)

    async def began(self) -> datetime:
        """See Store."""
        while True:
            noted = await self._kube.get(CONFIG_MAPS, self._home, BEGAN)
            if noted is not None:
                return datetime.fromisoformat(noted["data"]["at"])
            note: Object = {"metadata": {"name": BEGAN}, "data": {"at": to_rfc3339(datetime.now(UTC))}}
            with contextlib.suppress(AlreadyExists):
                await self._kube.create(CONFIG_MAPS, self._home, note)

    async def check(self) -> None:
        """See Store."""
        since = self._reflector.away_since
        telemetry.STORE_UP.set(since is None)
        if since is not None:
            raise Unavailable(f"the Kubernetes API server is away since {to_rfc3339(since)}")
        self._must_be_complete()

    def _must_be_complete(self) -> None:
        if not self._reflector.synced.is_set():
            raise Unavailable("still reading the records from the Kubernetes API server")

    async def _write(self, decision: Decision, stored: Object | None) -> None:
        if not isinstance(decision, Create | Advance):
            return
        version = stored["metadata"]["resourceVersion"] if stored else None
        body = to_object(decision.deployment, namespace=self._home, resource_version=version)
        if len(orjson.dumps(body)) > LARGEST_OBJECT:
            raise Rejected(
                f"the record would exceed {LARGEST_OBJECT} bytes, the most that the Kubernetes store can hold",
                reason="too-large",
            )
        if stored is None:
            self._picture.put(await self._kube.create(DEPLOYMENT_EVENTS, self._home, body))
        else:
            name = decision.deployment.id
            self._picture.put(await self._kube.replace(DEPLOYMENT_EVENTS, self._home, name, body))

    async def _applied(self, report: Report) -> Outcome:
        """A DeploymentEvent that somebody applied is durable already, and is its own record."""
        assert report.resource is not None  # noqa: S101 - narrows the type for the caller above
        stored = await self._kube.get(DEPLOYMENT_EVENTS, report.resource.namespace, report.resource.name)
        if stored is None or stored["metadata"]["uid"] != report.resource.uid:
            raise Rejected("the DeploymentEvent was deleted before it was recorded", reason="not-found")
        first = not stored.get("status", {}).get("history")
        return Recorded(from_object(stored, home=self._home), created=first)
