"""What we say about ourselves: metric names, log processors, and what must never be said.

Metrics live in the default registry of prometheus_client; serve exposes them under /metrics.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import PurePath
from typing import Any, Literal

import structlog
from prometheus_client import Counter, Gauge, Histogram

REPORTS = Counter("deploytrail_reports", "Reports heard, by source and what became of them.", ["source", "outcome"])
REJECTED = Counter(
    "deploytrail_reports_rejected",
    "Reports refused, by source and reason. Nothing of them is kept.",
    ["source", "reason"],
)
HTTP_SECONDS = Histogram(
    "deploytrail_http_request_duration_seconds", "Time from the request's head to the answer's end.", ["route", "code"]
)
WATCH_EVENTS = Counter("deploytrail_watch_events", "Events received from the Kubernetes API.", ["resource"])
WATCH_RESTARTS = Counter("deploytrail_watch_restarts", "Times the operator was started again after a failure.")
MISSED_OPERATIONS = Counter(
    "deploytrail_argocd_missed_operations",
    "Argo CD operations that nobody saw and whose Application no longer has them in its history.",
)
HTTP_REFUSED = Counter(
    "deploytrail_http_refused", "Requests refused by the server itself, before any API saw them, by code.", ["code"]
)
KEYS_REFUSED = Counter(
    "deploytrail_keys_refused", "Requests without a key that is good there, by the API that was asked.", ["api"]
)
HTTP_EVICTED = Counter(
    "deploytrail_http_connections_evicted", "Idle connections closed to make room, because there were too many."
)
RECORDS_REMOVED = Counter(
    "deploytrail_retention_records_removed",
    "Records that were not to be kept any longer, by kind and why.",
    ["kind", "why"],
)
LEADING = Gauge("deploytrail_leading", "1 on the replica that does what must be done once, 0 on the others.")
STORE_UP = Gauge("deploytrail_store_up", "1 while reports can be recorded, 0 while the store is away.")

STORE_COMMIT_SECONDS = Histogram(
    "deploytrail_store_commit_duration_seconds",
    "Time from taking up reports to their being durable; of the Kubernetes store, of each write.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
STORE_BATCH_REPORTS = Histogram(
    "deploytrail_store_batch_reports",
    "Reports that shared a commit of a SQL store.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 500),
)
STORE_QUEUE_REPORTS = Gauge("deploytrail_store_queue_reports", "Reports that wait for the next commit of a SQL store.")
STORE_OUTRUN = Counter(
    "deploytrail_store_outrun", "Writes that another replica was faster with, so that they were judged again."
)
STORE_POISON = Counter(
    "deploytrail_store_poison_reports", "Reports that the database refused, parted from those that shared their commit."
)


def recorded(source: str, outcome: object) -> None:
    """Count a report that reached the store."""
    REPORTS.labels(source, type(outcome).__name__.lower()).inc()


def rejected(source: str, reason: str) -> None:
    """Count a report that was refused."""
    REJECTED.labels(source, reason).inc()
    if reason == "authentication":
        KEYS_REFUSED.labels(source).inc()


def ignored(source: str) -> None:
    """Count an event that is none of those that are recorded."""
    REPORTS.labels(source, "ignored").inc()


def unavailable(source: str) -> None:
    """Count a report that could not be stored now."""
    REPORTS.labels(source, "unavailable").inc()


def summary(record: Any) -> dict[str, Any]:
    """The keys by which every log line speaks of a record; what its type has not got is None."""
    return {
        "id": record.id,
        "product": record.product,
        "version": getattr(record, "version", None),
        "environment": getattr(record, "environment", None),
        "status": record.status.value,
        "source": record.source.value,
        "reason": record.reason,
    }


def place(error: BaseException) -> str:
    """Where a defect showed itself, innermost first: for logs that must not quote its message, or what was sent."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-3:])
    return " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames)


_SECRETS = re.compile(
    r"dtk_[A-Za-z0-9]+_[A-Za-z0-9_-]+"
    r"|(?i:(?<=bearer )|(?<=token )|(?<=auth_token=)|(?<=x-api-token: ))[^\s\"'&]+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


_SIGNS = ("dtk_", "bearer ", "token", "://")
"""One of these is in whatever the pattern finds. To look for them is quicker, and every word of a log is asked."""


def mask(text: str) -> str:
    """The text without keys, tokens and credentials in URLs."""
    folded = text.lower()
    if not any(sign in folded for sign in _SIGNS):
        return text
    return _SECRETS.sub("***", text)


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def configure_logging(*, level: str, style: Literal["auto", "json", "console"]) -> None:
    """One line per event on standard error: JSON in a cluster, readable on a terminal; other libraries' lines too."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _mask_event,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for chatty in ("uvicorn.error", "aiohttp.access", "asyncio", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
