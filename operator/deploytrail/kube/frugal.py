"""kopf's settings: it writes nothing, says little, and costs as little as it can (docs/performance.md)."""

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import kopf

from deploytrail.kube.client import Kind

PAGE = 100
"""Objects that are listed at a time: kopf holds a page twice, as text and parsed, and our place in the pod is small."""

IDLE_SECONDS = 0.5
"""How long kopf's worker for one object waits for another event of it. Ten thousand wait when everything is listed."""


def frugal(labels: Mapping[Kind, str]) -> kopf.OperatorSettings:
    """Settings for watching alone. ``labels``: selectors by kind, left to the API server."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    # The default finalizer would make kopf remove another operator's from the Applications.
    settings.persistence.finalizer = "deploytrail.dev/unused"
    settings.persistence.diffbase_storage = _NoDifferences()
    settings.persistence.progress_storage = _NoProgress()
    settings.networking.error_backoffs = _Endless()
    settings.process.ultimate_exiting_timeout = None
    settings.queueing.exit_timeout = 5
    settings.queueing.idle_timeout = IDLE_SECONDS
    settings.watching.chunk_size = PAGE
    # It looks once, when it hears of a new CRD, which the API server may not serve yet: then it never watches it. And
    # to look for namespaces and kinds is a right in the whole cluster.
    settings.scanning.disabled = True
    for kind, selector in labels.items():
        settings.watching.label_selectors[kind.group, kind.plural] = selector
    return settings


def quieten() -> None:
    """Take kopf's small talk out of the log before it is even put together: it has three lines for every event."""
    logging.getLogger("kopf").setLevel(logging.WARNING)
    for name in logging.root.manager.loggerDict:
        if name.startswith("kopf"):
            logging.getLogger(name).addFilter(_QUIETER)
    logging.getLogger("asyncio").addFilter(_leaves_nothing_open)


class _NoDifferences(kopf.DiffBaseStorage):
    """kopf copies and compares every object, even when nobody asks for a difference: two thirds of its CPU."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> kopf.BodyEssence:
        return kopf.BodyEssence({})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        return None


class _NoProgress(kopf.ProgressStorage):
    """A handler of watch events makes no progress to be kept; the default storage looks for it in every object."""

    def fetch(self, *, key: Any, body: kopf.Body) -> None:
        return None

    def store(self, *, key: Any, record: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        return None

    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        return None

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        return None

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


class _Quieter(logging.Filter):
    """kopf logs every retry as an error, every five seconds, for as long as an outage lasts: the first says it all.

    A question that was under way when its connections were closed, because we end or log in anew, is no failure.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "Request attempt #" not in message:
            return True
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return "Request attempt #1 " in message and "Connector is closed" not in message


_QUIETER = _Quieter()


def _leaves_nothing_open(record: logging.LogRecord) -> bool:
    """Let a loop that ends say nothing of kopf's watches: the outer and the inner generators of one that was cancelled
    are closed at once, each disturbs the other, and all are gone."""
    message = record.getMessage()
    return not (message.startswith("an error occurred during closing of asynchronous") and "infinite_watch" in message)


class _Endless:
    """Pauses between retries that never run out: with a finite list kopf gives up after a minute of outage."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((0.5, 1, 2), itertools.repeat(5))
