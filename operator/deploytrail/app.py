"""The composition root: the one place that builds things, starts them in order and stops them in order."""

import asyncio
import contextlib
import gc
import signal
from datetime import UTC, datetime

import structlog

from deploytrail import __version__
from deploytrail.errors import Misconfigured, Unavailable
from deploytrail.keys.base import KeyBackend
from deploytrail.keys.file import FileKeys
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.keys.secrets import SecretKeys
from deploytrail.keys.uses import UseKeeper
from deploytrail.kube.client import APPLICATIONS, Expired, Kube
from deploytrail.kube.lease import Lease
from deploytrail.kube.operator import Operator, Watch
from deploytrail.recorder import Recorder
from deploytrail.retention import LARGE, SMALL, Keeper
from deploytrail.serve.api import build_api
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.routes import page_routes
from deploytrail.serve.protocol import ServerLimits
from deploytrail.serve.server import Server
from deploytrail.settings import Settings
from deploytrail.sources import resources
from deploytrail.sources.argocd import Applications
from deploytrail.sources.hearsay import Hearsay
from deploytrail.sources.http import versioner
from deploytrail.sources.http.argocd_notifications import argocd_notifications
from deploytrail.sources.http.body import Limits
from deploytrail.sources.http.cdevents import CDEVENTS
from deploytrail.sources.http.dialect import Dialect
from deploytrail.sources.http.github import GITHUB
from deploytrail.sources.http.gitlab import GITLAB
from deploytrail.sources.http.hivel import HIVEL
from deploytrail.sources.http.hivel_v1 import HIVEL_V1
from deploytrail.sources.http.lane import IngestLane
from deploytrail.sources.http.openapi import describe
from deploytrail.sources.http.quanta import quanta
from deploytrail.sources.http.vibemonitor import vibemonitor
from deploytrail.stores.base import Store
from deploytrail.stores.factory import KUBERNETES, create_store

log = structlog.get_logger()

OPERATOR_SECONDS = 3.0
"""How long the watches may take to end by themselves; what they miss, the next start finds."""

LEASE = "deploytrail-leader"
"""The Lease whose holder does what must be done once."""

RECONCILE_SECONDS = 600.0
"""How often the Applications there are are counted against those that are remembered, and open records looked for."""


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code."""
    tune_collector()
    # Not uvloop: now and then it takes a new socket for one that it still has open (MagicStack/uvloop#653), after which
    # the watches never connect again; and it takes reports no faster.
    return asyncio.run(_run(settings))


def tune_collector() -> None:
    """Have garbage collected often, in a few milliseconds each time, and never look at what was imported."""
    # Every event that kopf hands over leaves objects that refer to one another: much of it at once is a long pause,
    # and memory that the processor's caches have forgotten.
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 400)


async def _run(settings: Settings) -> int:
    if not settings.needs_cluster:
        return await App(settings, None).run()
    kube = await Kube.connect(settings.kubeconfig)
    try:
        application = App(settings, kube)
        return await application.run()
    finally:
        await kube.close()


class App:
    """Everything that runs in one process; without ``kube``, without a cluster."""

    def __init__(self, settings: Settings, kube: Kube | None) -> None:
        self._settings, self._kube = settings, kube
        self._ring = KeyRing()
        self._keys = keys_of(settings, kube)
        self._uses = UseKeeper(self._ring, self._keys)
        self._store: Store = create_store(
            settings.store,
            kube=kube,
            namespace=settings.namespace,
            watched=settings.watched,
            replay_window=settings.replay_window,
            rules=settings.dora.rules,
        )
        self._recorder = Recorder(self._store)
        self._live = Live(self._store)
        small = settings.store.get_secret_value() == KUBERNETES
        self._keeper = Keeper(self._store, settings.retention.rule(SMALL if small else LARGE), clock=now)
        self._lease = Lease(kube, namespace=settings.namespace, name=LEASE) if kube is not None and small else None
        self._stopping = asyncio.Event()
        self._applications = Applications(self._recorder, self._store, settings=settings.argocd, clock=now)
        self._server = self._build_server()
        self._operator = (
            Operator(
                kube,
                self._watches(kube),
                ready=self._can_record,
                started=self._catch_signals,
                namespaces=settings.watched,
            )
            if kube is not None
            else None
        )

    async def run(self) -> int:
        """Start, serve until told to stop, stop. HTTP answers first and is the last to know of a cluster's troubles."""
        self._catch_signals()
        self._server.bind()
        await self._store.start()
        await self._keys.start(self._ring)
        await self._server.start()
        log.info("started", version=__version__, port=self._server.port, sources=self._settings.sources)
        background = self._follow()
        try:
            await self._until_stopped(*background)
        finally:
            await self._stop(*background)
        return 0

    def _follow(self) -> "list[asyncio.Task[None]]":
        """What runs beside HTTP, the watches first; without a cluster there are none."""
        background = [
            asyncio.create_task(self._applications.keep_time(), name="argocd-time"),
            asyncio.create_task(self._reconcile(), name="argocd-reconcile"),
            asyncio.create_task(self._uses.run(), name="key-uses"),
            asyncio.create_task(self._clear(), name="retention"),
        ]
        if self._operator is not None:
            background.insert(0, asyncio.create_task(self._operator.run(), name="operator"))
        return background

    async def _clear(self) -> None:
        """Retention: in the cluster on one replica alone; in a database, a row is locked for each step."""
        lease = self._lease
        if lease is None:
            await self._keeper.run(lambda: True)
        else:
            await lease.run(lambda: self._keeper.run(lambda: lease.held))

    async def problems(self) -> list[str]:
        """Why no report can be taken now, a sentence each."""
        found = ["stopping"] if self._stopping.is_set() else []
        for part in (self._store, self._keys):
            try:
                await part.check()
            except Unavailable as error:
                found.append(error.message)
        return found

    async def _can_record(self) -> bool:
        with contextlib.suppress(Unavailable):
            await self._store.check()
            return True
        return False

    async def _until_stopped(self, *background: asyncio.Task[None]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        served = asyncio.create_task(self._server.wait())
        done, _ = await asyncio.wait({stopping, served, *background}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()  # a part that ended by itself is a defect: let it be seen
        stopping.cancel()
        served.cancel()

    async def _stop(self, *background: asyncio.Task[None]) -> None:
        """Readiness is off by now; requests under way are answered while the watches end, then the store."""
        self._stopping.set()
        log.info("stopping")
        self._server.leave()
        self._live.stop()
        await asyncio.sleep(self._settings.drain.total_seconds())
        # At once, because each may take seconds while the API server hangs, and people lose patience at ten.
        await asyncio.gather(self._server.stop(), self._end_watches(*background[:1]))
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await self._uses.stop()
        await self._keys.stop()
        await self._store.stop()
        log.info("stopped")

    async def _end_watches(self, *following: asyncio.Task[None]) -> None:
        if self._operator is not None:
            self._operator.stop()
            await asyncio.wait(following, timeout=OPERATOR_SECONDS)

    async def _reconcile(self) -> None:
        """On every replica: it counts what this one remembers, and what two of them give up is recorded once."""
        while True:
            await asyncio.sleep(RECONCILE_SECONDS)
            began = now()
            with contextlib.suppress(Unavailable, Expired):
                await self._applications.sweep()
                if self._kube is not None and "argocd" in self._settings.sources:
                    present = await self._kube.uids(APPLICATIONS, self._settings.watched)
                    await self._applications.reconcile(present, began)

    async def _is_there(self, name: str) -> bool:
        """Whether the cluster has an Application of this name that is to be watched; while it does not say, no."""
        argocd = self._settings.argocd
        if self._kube is None or "argocd" not in self._settings.sources:
            return False
        with contextlib.suppress(Unavailable):
            watched, labels = self._settings.watched, argocd.selector
            found = await self._kube.namespaces_of(APPLICATIONS, name, watched, labels=labels)
            return any(map(argocd.follows, found))
        return False

    def _build_server(self) -> Server:
        spoken = dialects(self._settings) if "http" in self._settings.sources else ()
        limits = self._settings.limits
        rates = Rates(rate=limits.rate, burst=limits.burst)
        pages = page_routes(
            self._store,
            lambda: self._applications.running(),
            settings=self._settings.pages,
            dora=self._settings.dora,
            live=self._live,
            ring=self._ring,
            rates=rates,
            clock=now,
        )
        api = build_api(
            self._store,
            self._ring,
            self,
            now,
            self._applications.running,
            told=describe(spoken),
            keys=self._keys,
            apis=apis(),
            rates=rates,
            dora=self._settings.dora,
            pages=pages,
            metrics=self._settings.metrics,
        )
        lane = IngestLane(
            spoken,
            recorder=self._recorder,
            ring=self._ring,
            clock=now,
            fallback=api,
            limits=Limits(reports=limits.reports),
            rates=rates,
            place=Hearsay(self._applications, self._store, clock=now, is_there=self._is_there).place,
        )
        bounds = ServerLimits(connections=limits.connections)
        return Server(lane, listen=self._settings.listen, limits=bounds, explain=lane.explain)

    def _watches(self, kube: Kube) -> list[Watch]:
        sources, home = self._settings.sources, self._settings.namespace
        watches = []
        if "argocd" in sources:
            watches.append(Watch(APPLICATIONS, self._applications.seen, labels=self._settings.argocd.selector))
        if "resources" in sources:
            watches += resources.watches(self._recorder, kube, home=home)
        return watches

    def _catch_signals(self) -> None:
        """Again after every start of kopf: it takes the handlers for itself and never gives them back."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, self._stopping.set)


def dialects(settings: Settings) -> tuple[Dialect, ...]:
    """Every API whose clients may report, in no particular order."""
    return (
        versioner.DEPLOYMENTS,
        versioner.BUILDS,
        HIVEL,
        HIVEL_V1,
        vibemonitor(settings.environments),
        quanta(settings.quanta),
        GITLAB,
        GITHUB,
        CDEVENTS,
        argocd_notifications(settings.argocd),
    )


def apis() -> frozenset[str]:
    """Their names, as keys may be limited to them."""
    return frozenset(dialect.name for dialect in dialects(Settings.model_construct()))


def keys_of(settings: Settings, kube: Kube | None) -> KeyBackend:
    """Where the keys are, not started. Misconfigured when that is a cluster and there is none."""
    if settings.keys_file is not None:
        return FileKeys(settings.keys_file)
    if kube is None:
        raise Misconfigured("without a cluster the keys are in a file: say which one with --keys-file")
    return SecretKeys(kube, namespace=settings.namespace)


def now() -> datetime:
    """The one clock of the running product."""
    return datetime.now(UTC)
