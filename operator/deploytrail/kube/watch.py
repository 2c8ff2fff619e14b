"""A picture of one kind that follows the API server: listed in pages, then watched, listed again when need be."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from deploytrail import telemetry
from deploytrail.errors import DeploytrailError
from deploytrail.kube.client import Expired, Kind, Kube, Object

log = structlog.get_logger()

PAGE = 500
WATCH_SECONDS = 300
LONGEST_PAUSE = 2.0
"""Seconds between two attempts while the API server is away."""


def version(obj: Object) -> int:
    """The resource version; a later write has a greater one."""
    return int(obj["metadata"]["resourceVersion"])


class Reflector:
    """Calls ``changed`` for every object that is there or changes, ``removed`` when one goes, ``listed`` after a list.

    ``listed`` is given the uids that exist and the list's version, so that what vanished unseen can be dropped.
    """

    def __init__(
        self,
        kube: Kube,
        kind: Kind,
        *,
        namespace: str | None,
        labels: str = "",
        changed: Callable[[Object], None],
        removed: Callable[[Object], None],
        listed: Callable[[set[str], int], None],
    ) -> None:
        self._kube, self._kind, self._namespace = kube, kind, namespace
        self._labels = {"labelSelector": labels} if labels else {}
        self._changed, self._removed, self._listed = changed, removed, listed
        self.synced = asyncio.Event()
        self.away_since: datetime | None = None
        """Since when nothing is heard of the kind; None while it is followed."""
        self.away_because = ""
        self.turned: Callable[[], None] = lambda: None
        """Called when it went away, and when it follows."""
        self._since: str | None = None
        """The version up to which everything is known; None when it has to be listed."""

    async def run(self) -> None:
        """Follow for ever; only cancellation ends it."""
        pause = 0.5
        while True:
            try:
                if self._since is None:
                    self._since = await self._list()
                await self._watch(self._since)
                pause = 0.5
            except Expired:
                self._since = None
            except DeploytrailError as error:
                self._away(error)
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads replicas, hides nothing
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _list(self) -> str:
        seen: set[str] = set()
        query = {"limit": str(PAGE)} | self._labels
        while True:
            page = await self._kube.list(self._kind, self._namespace, **query)
            for obj in page["items"]:
                seen.add(obj["metadata"]["uid"])
                self._changed(obj)
            if not page["metadata"].get("continue"):
                break
            query["continue"] = page["metadata"]["continue"]
        since: str = page["metadata"]["resourceVersion"]
        self._listed(seen, int(since))
        self._back()
        return since

    async def _watch(self, since: str) -> None:
        # A stream that the API server closes at once must not turn into a hot loop.
        opened = asyncio.get_running_loop().time()
        query = {"resourceVersion": since, "timeoutSeconds": str(WATCH_SECONDS)} | self._labels
        async for event in self._kube.watch(self._kind, self._namespace, opened=self._back, **query):
            self._since = event["object"]["metadata"]["resourceVersion"]
            match event["type"]:
                case "ADDED" | "MODIFIED":
                    telemetry.WATCH_EVENTS.labels(self._kind.plural).inc()
                    self._changed(event["object"])
                case "DELETED":
                    telemetry.WATCH_EVENTS.labels(self._kind.plural).inc()
                    self._removed(event["object"])
        if asyncio.get_running_loop().time() - opened < 1:
            await asyncio.sleep(1)

    def _away(self, error: DeploytrailError) -> None:
        if self.away_since is None:
            self.away_since, self.away_because = datetime.now(UTC), str(error)
            log.warning("watch_interrupted", resource=self._kind.plural, reason=str(error))
            self.turned()

    def _back(self) -> None:
        self.synced.set()
        if self.away_since is not None:
            log.info("watch_resumed", resource=self._kind.plural)
            self.away_since = None
        self.turned()
