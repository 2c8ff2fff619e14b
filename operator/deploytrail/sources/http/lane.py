"""The way of every ingest request: route, key, limits, parse, record, answer. Plain ASGI, in front of the rest."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from deploytrail import telemetry
from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.keys.model import Key
from deploytrail.keys.model import Scope as KeyScope
from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import AnyReport
from deploytrail.recorder import Recorder
from deploytrail.sources.http import body
from deploytrail.sources.http.body import ClientGone, Limits
from deploytrail.sources.http.dialect import Answer, Dialect, Head, Request

log = structlog.get_logger()

_DEFECT = DeploytrailError()
_BODILESS = frozenset({"GET"})
_CLOSING = frozenset({"too-large", "too-slow"})


class IngestLane:
    """An ASGI application: the dialects' routes are answered here, everything else by ``fallback``."""

    def __init__(
        self,
        dialects: Sequence[Dialect],
        *,
        recorder: Recorder,
        ring: KeyRing,
        clock: Callable[[], datetime],
        fallback: ASGIApp,
        limits: Limits | None = None,
        record_seconds: float = 8,
    ) -> None:
        self._routes = {path: dialect for dialect in dialects for each in dialect.paths for path in _spellings(each)}
        self._recorder, self._ring, self._clock, self._fallback = recorder, ring, clock, fallback
        self._limits = limits or Limits()
        self._record_seconds = record_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        dialect = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        if dialect is None:
            await self._fallback(scope, receive, send)
            return
        began = perf_counter()
        try:
            answer = await self._answer(dialect, _head(scope), receive)
        except ClientGone:
            return
        except asyncio.CancelledError:  # the server stops and has no more patience: the sender may ask another
            await _send(_refusal(dialect, Unavailable("the server is stopping")), send)
            raise
        except Exception as error:
            log.error(  # noqa: TRY400 - a traceback may quote what was sent
                "ingest_failed", route=dialect.paths[0], error=type(error).__name__, at=telemetry.place(error)
            )
            answer = dialect.refuse(_DEFECT)
        await _send(answer, send)
        telemetry.HTTP_SECONDS.labels(dialect.paths[0], str(answer.code)).observe(perf_counter() - began)

    async def _answer(self, dialect: Dialect, head: Head, receive: Receive) -> Answer:
        now = self._clock()
        try:
            report = await self._read(dialect, head, receive, now=now)
        except Rejected as refusal:
            telemetry.rejected(dialect.name, refusal.reason)
            return _refusal(dialect, refusal)
        except Unavailable as away:
            telemetry.unavailable(dialect.name)
            return _refusal(dialect, away)
        try:
            async with asyncio.timeout(self._record_seconds):
                record = await self._recorder.record(report, now=now)
        except TimeoutError:
            telemetry.unavailable(dialect.name)
            return _refusal(dialect, Unavailable("the store did not answer in time"))
        except (Rejected, Unavailable) as refusal:  # counted by the recorder
            return _refusal(dialect, refusal)
        return dialect.answer(record)

    async def _read(self, dialect: Dialect, head: Head, receive: Receive, *, now: datetime) -> AnyReport[Any]:
        if head.method not in dialect.methods:
            raise Rejected(f"use {' or '.join(dialect.methods)}", reason="method")
        key = self._ring.find(dialect.key(head), scope=KeyScope.INGEST, api=dialect.name, now=now)
        if key is None:
            raise Rejected("Invalid API key", reason="authentication")
        text, document = "", dict[str, Any]()
        if head.method not in _BODILESS:
            text, document = body.decode(await body.read(head.headers, receive, self._limits), self._limits)
        report = dialect.parse(Request(head=head, key=key, received_at=now, text=text, document=document))
        _check_permission(key, report)
        return report


def _spellings(path: str) -> tuple[str, str]:
    bare = path.rstrip("/")
    return bare, f"{bare}/"


def _head(scope: Scope) -> Head:
    return Head(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])},
    )


def _check_permission(key: Key, report: AnyReport[Any]) -> None:
    product, environment = report.facts.product, getattr(report.facts, "environment", None)
    if key.products and product not in key.products:
        raise Rejected(f"the key {key.name} may not report for this product", reason="permission", field="product")
    if key.environments and environment is not None and environment not in key.environments:
        raise Rejected(
            f"the key {key.name} may not report for this environment", reason="permission", field="environment"
        )


def _refusal(dialect: Dialect, error: Rejected | Unavailable) -> Answer:
    """The dialect's words, with the headers that HTTP wants whatever the dialect."""
    told = dialect.refuse(error)
    match error:
        case Unavailable(retry_after=seconds):
            more = ((b"retry-after", str(seconds).encode()),)
        case Rejected(reason="method"):
            more = ((b"allow", ", ".join(dialect.methods).encode()),)
        case Rejected(reason=reason) if reason in _CLOSING:
            more = ((b"connection", b"close"),)
        case _:
            return told
    return Answer(told.code, told.body, (*told.headers, *more))


async def _send(answer: Answer, send: Send) -> None:
    content = orjson.dumps(answer.body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()), *answer.headers]
    await send({"type": "http.response.start", "status": answer.code, "headers": headers})
    await send({"type": "http.response.body", "body": content})
