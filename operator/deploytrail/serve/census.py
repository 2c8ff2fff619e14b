"""Asks the store for what Prometheus is told, and not more often than that costs the store little."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from prometheus_client.metrics_core import Metric

from deploytrail import telemetry
from deploytrail.errors import Unavailable
from deploytrail.record.dora.counting import Counts, add
from deploytrail.record.dora.question import By, Question
from deploytrail.record.model import Status
from deploytrail.record.query import Query
from deploytrail.record.running import running_among
from deploytrail.serve.labels import Chosen
from deploytrail.serve.series import WINDOW_DAYS, Floor, Seen, families
from deploytrail.serve.watched import watched_from
from deploytrail.stores.base import Store

log = structlog.get_logger()

FRESH_SECONDS = 10.0
"""How long counts are good for at least: several scrapers cost no more than one."""

SHARE = 50
"""Counting may take one part in so many of the time: a store that is slow at it is asked less often."""

PATIENCE_SECONDS = 3.0
"""How long a scrape waits for the store; after that it gets what was counted before."""

ENVIRONMENTS = 20
"""That have series of their own."""

EVERY = "*"
MOST_PRODUCTS = 100_000
BEGINNING = date(1970, 1, 1)


class Census:
    """What the store counts, for scrapes: the same on every replica, and the same after a restart."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], *, products: int, environments: Iterable[str] = ()
    ) -> None:
        """``products`` may have series of their own; ``environments`` are those that DORA is of."""
        named = tuple(environments)
        self._store, self._clock = store, clock
        self._environments = () if EVERY in named else named
        self._products, self._places, self._floor = Chosen(products), Chosen(ENVIRONMENTS), Floor()
        self._metrics: list[Metric] = []
        self._told: dict[str, bytes] = {}
        self._good_until = 0.0
        self._running: asyncio.Task[None] | None = None
        self._silent = False

    async def told(self, encode: Callable[[Any], bytes], content_type: str) -> bytes:
        """What there is to tell, encoded so; written once for all who ask until something else is counted."""
        await self.refresh()
        if content_type not in self._told:
            written, metrics = self._told, self._metrics
            written[content_type] = await asyncio.to_thread(encode, _Fixed(metrics))  # it may be thousands of lines
            return written[content_type]
        return self._told[content_type]

    async def refresh(self) -> None:
        """Count, unless that was done just now. While the store does not answer, what was counted last stays."""
        now = asyncio.get_running_loop().time()
        if self._running is None or self._running.done():
            if now < self._good_until:
                return
            self._running = asyncio.create_task(self._count(), name="metrics-count")
        await asyncio.wait({self._running}, timeout=PATIENCE_SECONDS)

    async def _count(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            seen = await self._ask()
        except Unavailable as error:
            if not self._silent:
                log.warning("metrics_not_counted", reason=error.message)
            self._silent, self._good_until = True, loop.time() + FRESH_SECONDS
            return
        except Exception as error:
            log.error(  # noqa: TRY400 - a traceback may quote what was sent
                "metrics_failed", error=type(error).__name__, at=telemetry.place(error)
            )
            self._good_until = loop.time() + FRESH_SECONDS
            return
        self._choose(seen)
        self._metrics = list(families(seen, self._products, self._places, self._floor))
        self._told = {}
        took = loop.time() - began
        self._silent, self._good_until = False, loop.time() + max(FRESH_SECONDS, SHARE * took)

    async def _ask(self) -> Seen:
        now = self._clock()
        beyond = now.date() + timedelta(days=1)
        lately = self._question(beyond - timedelta(days=WINDOW_DAYS), beyond)
        return Seen(
            at=now,
            last_recorded=await self._last_recorded(),
            totals=await self._store.totals(),
            running=running_among(await self._store.places()),
            delivered=await self._dora(self._question(BEGINNING, beyond)),
            lately=await self._dora(lately),
            days=(beyond - await watched_from(self._store, lately)).days,
        )

    async def _last_recorded(self) -> datetime:
        newest = (await self._store.find(Query(limit=1))).items
        return newest[0].created_at if newest else await self._store.began()

    def _question(self, first: date, beyond: date) -> Question:
        return Question(environments=self._environments, first=first, beyond=beyond, by=By.PRODUCT, limit=MOST_PRODUCTS)

    async def _dora(self, question: Question) -> dict[str, Counts]:
        by_product: dict[str, Counts] = {}
        for (product, _), counts in (await self._store.dora(question)).items():
            add(by_product.setdefault(product, {}), counts)
        return by_product

    def _choose(self, seen: Seen) -> None:
        products, environments = Counter[str](), Counter[str]()
        for place, counts in seen.totals.items():
            weight = sum(counts.get(status.value, 0) for status in Status)
            products[place.product] += weight
            environments[place.environment] += weight
        self._products.take_in(products)
        self._places.take_in(environments)


class _Fixed:
    """A registry, as far as an encoder looks."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics
