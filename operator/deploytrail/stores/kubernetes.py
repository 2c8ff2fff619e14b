"""Records as objects of our kinds: nothing else to install."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from deploytrail import telemetry
from deploytrail.errors import Rejected, Unavailable
from deploytrail.kube import forms
from deploytrail.kube.client import CONFIG_MAPS, AlreadyExists, Kube, Object
from deploytrail.record.dora.judging import Judgement, Rules
from deploytrail.record.dora.ledger import Ledger
from deploytrail.record.dora.question import Question, Sums
from deploytrail.record.identity import version_id
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.marks import marked
from deploytrail.record.model import Annotation, AnyReport, Build, Deployment, Mark, R, Record, Telling
from deploytrail.record.query import Page, Query
from deploytrail.record.retention import Expired, Retention
from deploytrail.record.running import Running, Standings, Tried
from deploytrail.record.series import REPLAY_WINDOW
from deploytrail.record.totals import Place, Totals, tally
from deploytrail.record.version import Version
from deploytrail.stores.base import Held, Outcome, Restored
from deploytrail.stores.beginning import Beginning
from deploytrail.stores.preferences import KubernetesPreferences
from deploytrail.stores.pulse import Pulse
from deploytrail.stores.shelf import KubernetesShelf
from deploytrail.stores.versions import Versions

BEGAN = "deploytrail-began"
"""The ConfigMap that remembers since when this installation records."""


AT_ONCE = 16
"""Records of another store that are written at a time."""


class KubernetesStore:
    """See Store. Records go to ``namespace``; what users apply elsewhere is read where it is.

    ``watched`` are the namespaces where that may be, its own among them; none named, the whole cluster.
    """

    def __init__(
        self,
        kube: Kube,
        *,
        namespace: str,
        watched: Collection[str] = (),
        replay_window: timedelta = REPLAY_WINDOW,
        rules: Rules | None = None,
    ) -> None:
        self._kube, self._home = kube, namespace
        self._versions = Versions(kube, home=namespace)

        self._standings, self._ledger = Standings(), Ledger(rules or Rules())
        self._pulse = Pulse()
        self._beginning = Beginning(self._read_beginning)

        def shelf(form: forms.Form[R], *changed: Callable[[R | None, R | None], None]) -> KubernetesShelf[R]:
            followers = (*changed, self._pulse.beat)
            return KubernetesShelf(
                kube, form, self._versions, *followers, home=namespace, watched=watched, window=replay_window
            )

        self.deployments = shelf(forms.DEPLOYMENT, self._standings.put, self._ledger.put_deployment)
        self.builds = shelf(forms.BUILD, self._ledger.put_build)
        self.annotations = shelf(forms.ANNOTATION)
        self.preferences = KubernetesPreferences(kube, home=namespace)
        self._shelves: dict[type[Record], KubernetesShelf[Any]] = {
            Deployment: self.deployments,
            Build: self.builds,
            Annotation: self.annotations,
        }
        self._reflectors = [self._versions.reflector]
        self._reflectors += [reflector for each in self._shelves.values() for reflector in each.reflectors]
        for each in self._reflectors:
            each.turned = self._tell
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._following: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """See Store. Questions are answered once everything has been listed; reports are taken at once."""
        self._following = [asyncio.create_task(each.run(), name="store-follow") for each in self._reflectors]

    async def stop(self) -> None:
        """Stop following."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        """See Store."""
        shelf: KubernetesShelf[R] = self._shelves[report.makes]
        return await shelf.record(report)

    async def rewrite(self, record: Record, *, heard: tuple[Telling, ...]) -> bool:
        """See Store."""
        return await self._shelves[type(record)].rewrite(record, heard)

    async def mark(self, deployment_id: str, said: Mark) -> Deployment | None:
        """See Store."""
        self.deployments.must_be_complete()
        return await self.deployments.change(deployment_id, partial(marked, said=said))

    async def places(self, environment: str | None = None) -> tuple[Running | Tried, ...]:
        """See Store."""
        self.deployments.must_be_complete()
        return self._standings.places(environment)

    async def dora(self, question: Question) -> Sums:
        """See Store."""
        self.deployments.must_be_complete()
        self.builds.must_be_complete()
        return self._ledger.answer(question)

    async def judgements(self, deployments: Sequence[Deployment]) -> Mapping[str, Judgement]:
        """See Store."""
        self.deployments.must_be_complete()
        return self._ledger.judgements(deployments)

    async def restore(self, records: Sequence[Record]) -> tuple[Restored | Rejected, ...]:
        """See Store."""
        return tuple(await asyncio.gather(*(self._restore(record) for record in records)))

    async def _restore(self, record: Record) -> Restored | Rejected:
        async with self._turns:
            try:
                return await self._shelves[type(record)].restore(record)
            except Rejected as refusal:
                return refusal

    async def bind(self, versions: Sequence[Held]) -> tuple[Version | Rejected, ...]:
        """See Store."""
        return tuple([await self._bind(held) for held in versions])

    async def _bind(self, held: Held) -> Version | Rejected:
        try:
            return await self._versions.restore(held, home=self._home)
        except Rejected as refusal:
            return refusal

    async def versions(self, *, after: str = "", limit: int = 500) -> tuple[Version, ...]:
        """See Store."""
        self._versions.must_be_complete()
        return self._versions.beyond(after)[:limit]

    async def began_by(self, when: datetime) -> None:
        """See Store."""
        if when >= await self.began():
            return
        noted = await self._kube.get(CONFIG_MAPS, self._home, BEGAN)
        if noted is not None:
            await self._kube.replace(CONFIG_MAPS, self._home, BEGAN, noted | {"data": {"at": to_rfc3339(when)}})

    async def expired(self, rule: Retention, *, now: datetime, most: int) -> tuple[Expired, ...]:
        """See Store."""
        found = [each for shelf in self._shelves.values() for each in await shelf.expired(rule, now)]
        return tuple(found[:most])

    async def remove(self, expired: Sequence[Expired]) -> tuple[Expired, ...]:
        """See Store. One after the other: who waits for the API server should be reports."""
        return tuple([each for each in expired if await self._shelves[each.type].remove(each.id)])

    async def get(self, deployment_id: str) -> Deployment | None:
        """See Store."""
        return await self.deployments.get(deployment_id)

    async def find(self, query: Query) -> Page[Deployment]:
        """See Store."""
        return await self.deployments.find(query)

    async def version(self, product: str, version: str) -> Version | None:
        """See Store."""
        self._versions.must_be_complete()
        return self._versions.get(version_id(product=product, version=version))

    async def totals(self) -> Totals:
        """See Store."""
        totals: dict[Place, dict[str, int]] = {}
        async for some in self.deployments.everything():
            tally(totals, some)
        return totals

    async def size(self) -> int:
        """See Store."""
        self._versions.must_be_complete()
        return self._versions.size + sum(shelf.size for shelf in self._shelves.values())

    async def pulse(self) -> str:
        """See Store."""
        for shelf in self._shelves.values():
            shelf.must_be_complete()
        return self._pulse.word

    async def began(self, *, early_enough: datetime | None = None) -> datetime:
        """See Store."""
        return await self._beginning.told(early_enough)

    async def _read_beginning(self) -> datetime:
        while True:
            noted = await self._kube.get(CONFIG_MAPS, self._home, BEGAN)
            if noted is not None:
                return datetime.fromisoformat(noted["data"]["at"])
            note: Object = {"metadata": {"name": BEGAN}, "data": {"at": to_rfc3339(datetime.now(UTC))}}
            with contextlib.suppress(AlreadyExists):
                await self._kube.create(CONFIG_MAPS, self._home, note)

    async def check(self) -> None:
        """See Store."""
        if away := self._away():
            since, why = min(away)
            raise Unavailable(f"cut off from the Kubernetes API server since {to_rfc3339(since)}: {why}")
        self._versions.must_be_complete()
        for shelf in self._shelves.values():
            shelf.must_be_complete()

    def _away(self) -> list[tuple[datetime, str]]:
        """Since when, and why, of each kind that is not followed now."""
        return [(each.away_since, each.away_because) for each in self._reflectors if each.away_since is not None]

    def _tell(self) -> None:
        telemetry.STORE_UP.set(not self._away())
