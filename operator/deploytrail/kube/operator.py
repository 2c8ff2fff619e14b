"""kopf, as a multiplexer of watches that writes nothing, under a supervisor that starts it again after any failure."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import kopf
import structlog

from deploytrail import telemetry
from deploytrail.errors import Unavailable
from deploytrail.kube.client import Kind, Kube, Object
from deploytrail.kube.frugal import frugal, quieten
from deploytrail.kube.tasks import KopfTasks, run_tasks

log = structlog.get_logger()

Seen = Callable[[str | None, Object, datetime], Awaitable[None]]
"""Told of an object: its watch event type (None when it was listed), the object, and when it came to be known here.
May raise Unavailable: it is then told again."""

AT_ONCE = 16
"""Objects of a kind that are dealt with at a time. kopf knows no such limit, and a burst of requests, each with a
connection of its own, is answered later than a queue of them, if at all."""

KINDS_SECONDS = 5.0
"""Between two looks for kinds that were installed or removed."""

LOGIN_SECONDS = 2.0
"""Between two logins: kopf asks who we are again at once when a token is refused, hundreds of times a second."""

READY_SECONDS = 0.1
"""Between two questions whether to begin."""

_IDENTITY: Any = "deploytrail"
"""Used by nothing here. Without one kopf asks for the name of its user, and the number that a pod runs as has none."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One kind to watch, and who is told."""

    kind: Kind
    seen: Seen
    labels: str = ""
    """A label selector, left to the API server."""


class Operator:
    """Runs until cancelled. Every event of one object is handed over in order; none is dropped while we are up."""

    def __init__(
        self,
        kube: Kube,
        watches: Sequence[Watch],
        *,
        ready: Callable[[], Awaitable[bool]],
        started: Callable[[], None],
        namespaces: Sequence[str] = (),
    ) -> None:
        """``ready``: whether what is heard can be dealt with; ``started`` is called after each start of kopf.

        ``namespaces`` are those to watch, and all that may be asked for; none named, it is the whole cluster.
        """
        self._kube, self._watches, self._namespaces = kube, watches, namespaces
        self._ready, self._started = ready, started
        self._stop = asyncio.Event()
        quieten()

    async def run(self) -> None:
        """Watch until ``stop``; start again, after a growing pause, whatever kopf stumbled over."""
        if not self._watches:
            await self._stop.wait()
        for pause in itertools.chain((0.5, 1, 2, 5), itertools.repeat(10)):
            try:
                await self._run_once()
            except Exception as error:
                # kopf gives up on 403, 404, 5xx and lost logins; each of them may pass while we wait.
                log.warning("operator_interrupted", reason=f"{type(error).__name__}: {error}", retry_in=pause)
                telemetry.WATCH_RESTARTS.inc()
            if self._stop.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
                return

    def stop(self) -> None:
        """Ask to end; ``run`` returns soon after."""
        self._stop.set()

    async def _run_once(self) -> None:
        # Whatever is listed while nothing can be done with it waits in memory, every object as a whole.
        while not await self._ready():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), READY_SECONDS)
                return
        settings = frugal({watch.kind: watch.labels for watch in self._watches if watch.labels})
        known = await self._served()  # before kopf looks: what comes meanwhile makes it start again
        ended = asyncio.Event()
        ending = asyncio.create_task(self._end(ended, known), name="operator-end")
        try:
            with KopfTasks():
                tasks = await kopf.spawn_tasks(
                    registry=self._registry(),
                    settings=settings,
                    standalone=True,
                    identity=_IDENTITY,
                    clusterwide=not self._namespaces,
                    namespaces=self._namespaces,
                    stop_flag=ended,
                )
            self._started()
            await run_tasks(tasks)
        finally:
            ending.cancel()

    async def _end(self, ended: asyncio.Event, known: frozenset[Kind] | None) -> None:
        """End kopf when we stop, and when a kind came or went."""
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), KINDS_SECONDS)
            served = await self._served() if not self._stop.is_set() else known
            if served not in (known, None):
                log.info("kinds_changed")
                break
        ended.set()

    async def _served(self) -> frozenset[Kind] | None:
        """Which of the kinds the API server knows; None when it does not say."""
        try:
            return frozenset([watch.kind for watch in self._watches if await self._kube.serves(watch.kind)])
        except Unavailable:
            return None

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        clock = asyncio.get_running_loop().time
        next_login = clock()

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.ConnectionInfo:
            nonlocal next_login
            await asyncio.sleep(next_login - clock())
            next_login = clock() + LOGIN_SECONDS
            return await self._kube.login()

        for watch in self._watches:
            kind = watch.kind
            hears = kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)
            hears(handler(watch))
        return registry


def handler(watch: Watch) -> Callable[..., Coroutine[Any, Any, None]]:
    """What kopf calls for every event."""
    heard, turns = telemetry.WATCH_EVENTS.labels(watch.kind.plural), asyncio.Semaphore(AT_ONCE)

    async def seen_in_turn(event_type: str | None, obj: Object, at: datetime) -> None:
        async with turns:
            await watch.seen(event_type, obj, at)

    async def handle(*, event: Mapping[str, Any], **_: Any) -> None:
        heard.inc()
        await deliver(seen_in_turn, event["type"], event["object"])
        _empty(event["object"])

    return handle


def _empty(obj: Object) -> None:
    """Free the object now, but for the few fields that kopf still looks at.

    kopf's worker holds it for as long as it waits for another event, and its views of it refer to one another, so that
    only a garbage collection would free it after that.
    """
    for name in obj.keys() - {"metadata"}:
        del obj[name]
    obj["metadata"].pop("managedFields", None)


async def deliver(seen: Seen, event_type: str | None, obj: Object) -> None:
    """Hand over one event, again and again while what it needs is away.

    kopf must see neither a result nor an exception: it would write the one into the object and lose the event for
    the other. Later events of the same object wait their turn behind this one.
    """
    at = datetime.now(UTC)
    for pause in itertools.chain((0.2, 0.5, 1, 2), itertools.repeat(5)):
        try:
            await seen(event_type, obj, at)
        except Unavailable as error:
            log.info("event_postponed", name=obj["metadata"].get("name"), reason=str(error), retry_in=pause)
            await asyncio.sleep(pause)
        except Exception:
            log.exception("event_failed", name=obj["metadata"].get("name"), uid=obj["metadata"].get("uid"))
            return
        else:
            return
