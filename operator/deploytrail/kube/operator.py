"""kopf, as a multiplexer of watches that writes nothing, under a supervisor that starts it again after any failure."""

import asyncio
import contextvars
import itertools
import logging
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import kopf
import structlog

from deploytrail import telemetry
from deploytrail.errors import Unavailable
from deploytrail.kube.client import Kind, Kube, Object

log = structlog.get_logger()

Seen = Callable[[str | None, Object, datetime], Awaitable[None]]
"""Told of an object: its watch event type (None when it was listed), the object, and when it came to be known here.
May raise Unavailable: it is then told again."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One kind to watch, and who is told."""

    kind: Kind
    seen: Seen
    labels: str = ""
    """A label selector, left to the API server."""


class Operator:
    """Runs until cancelled. Every event of one object is handed over in order; none is dropped while we are up."""

    def __init__(self, kube: Kube, watches: Sequence[Watch], *, started: Callable[[], None]) -> None:
        self._kube, self._watches, self._started = kube, watches, started
        self._stop = asyncio.Event()
        logging.getLogger("kopf").setLevel(logging.WARNING)
        for name in logging.root.manager.loggerDict:
            if name.startswith("kopf"):
                logging.getLogger(name).addFilter(_QUIETER)

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
        own = _OwnTasks()
        with own:
            tasks = await kopf.spawn_tasks(
                registry=self._registry(),
                settings=_settings(self._watches),
                standalone=True,
                clusterwide=True,
                stop_flag=self._stop,
            )
        self._started()
        await kopf.run_tasks(tasks, ignored=own.others())

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.ConnectionInfo:
            return await self._kube.login()

        for watch in self._watches:
            kind = watch.kind
            handler = _handler(watch)
            kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(handler)
        return registry


def _handler(watch: Watch) -> Callable[..., Coroutine[Any, Any, None]]:
    async def handle(*, event: Mapping[str, Any], **_: Any) -> None:
        telemetry.WATCH_EVENTS.labels(watch.kind.plural).inc()
        await deliver(watch.seen, event["type"], event["object"])

    return handle


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


class _Nothing(kopf.DiffBaseStorage):
    """kopf copies and compares every object, even when nobody asks for a difference: two thirds of its CPU."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> kopf.BodyEssence:
        return kopf.BodyEssence({})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        return None


def _settings(watches: Sequence[Watch]) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    # The default finalizer would make kopf remove another operator's from the Applications.
    settings.persistence.finalizer = "deploytrail.dev/unused"
    settings.persistence.diffbase_storage = _Nothing()
    settings.networking.error_backoffs = _Endless()
    settings.process.ultimate_exiting_timeout = None
    settings.queueing.exit_timeout = 5
    for watch in watches:
        if watch.labels:
            settings.watching.label_selectors[watch.kind.group, watch.kind.plural] = watch.labels
    return settings


class _Quieter(logging.Filter):
    """kopf logs every retry as an error, every five seconds, for as long as an outage lasts: the first says it all."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "Request attempt #" not in message:
            return True
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return "Request attempt #1 " in message


_QUIETER = _Quieter()


class _Endless:
    """Pauses between retries that never run out: with a finite list kopf gives up after a minute of outage."""

    def __iter__(self) -> Any:
        return itertools.chain((0.5, 1, 2), itertools.repeat(5))


_marked = contextvars.ContextVar("kopf_marked", default=False)


class _OwnTasks:
    """Tells kopf's tasks from everybody else's: on exit kopf cancels every task of the loop that is not ignored.

    Within the block, and in whatever is started from it, tasks are kopf's.
    """

    def __init__(self) -> None:
        self._own: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()

    def __enter__(self) -> None:
        asyncio.get_running_loop().set_task_factory(self._create)
        self._token = _marked.set(True)

    def __exit__(self, *_: object) -> None:
        _marked.reset(self._token)

    def others(self) -> Any:
        """Contains every task that is not kopf's."""
        return _Others(self._own)

    def _create(self, loop: asyncio.AbstractEventLoop, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **kwargs)
        if _marked.get() if kwargs.get("context") is None else kwargs["context"].get(_marked, False):
            self._own.add(task)
        return task


@dataclass(frozen=True, slots=True)
class _Others:
    own: weakref.WeakSet[asyncio.Task[Any]]

    def __contains__(self, task: object) -> bool:
        return task not in self.own
