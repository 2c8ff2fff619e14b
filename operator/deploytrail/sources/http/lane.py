"""The way of every ingest request: route, key, limits, parse, record, answer. Plain ASGI, in front of the rest."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from deploytrail import telemetry
from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.keys.hiding import hide_in_query
from deploytrail.keys.model import Key
from deploytrail.keys.model import Scope as KeyScope
from deploytrail.keys.rates import Allowance, Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.record.lifecycle import alone
from deploytrail.record.model import AnyReport, Repeat
from deploytrail.recorder import Recorder
from deploytrail.sources.http import body
from deploytrail.sources.http.body import ClientGone, Limits
from deploytrail.sources.http.dialect import Answer, Dialect, Head, Ignored, Request

log = structlog.get_logger()

Place = Callable[[AnyReport[Any], Key], Awaitable[AnyReport[Any] | Ignored]]
"""Says to which record a report belongs, where its own dialect cannot know."""

_DEFECT = DeploytrailError()
_SLASHES = re.compile("//+")
_BODILESS = frozenset({"GET"})
_CLOSING = frozenset({"too-large", "too-slow"})


@dataclass(frozen=True, slots=True)
class _Caller:
    """Whose request it is."""

    key: Key
    secret: str
    """The key itself, as it was presented or signed with: nothing that is kept may hold it."""


@dataclass(slots=True)
class _Exchange:
    """One request on its way, and what was found out about it so far."""

    dialect: Dialect
    head: Head
    receive: Receive
    now: datetime
    allowance: Allowance | None = None


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
        rates: Rates | None = None,
        place: Place | None = None,
        record_seconds: float = 8,
    ) -> None:
        self._routes = {path: dialect for dialect in dialects for each in dialect.paths for path in _spellings(each)}
        self._recorder, self._ring, self._clock, self._fallback = recorder, ring, clock, fallback
        self._limits = limits or Limits()
        self._rates = rates or Rates(rate=0, burst=0)
        self._place = place
        self._record_seconds = record_seconds
        self._under_way = self._held_bytes = 0
        for dialect in dialects:
            telemetry.KEYS_REFUSED.labels(dialect.name)  # 0 from the start: an alert looks for an increase

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        dialect = self._at(scope["path"]) if scope["type"] == "http" else None
        if dialect is None:
            await self._fallback(scope, receive, send)
            return
        began = perf_counter()
        exchange = _Exchange(dialect, _head(scope), receive, self._clock())
        try:
            answer = await self._answer(exchange)
        except ClientGone:
            return
        except asyncio.CancelledError:  # the server stops and has no more patience: the sender may ask another
            await _send(_refusal(exchange, Unavailable("the server is stopping")), exchange, send)
            raise
        except Exception as error:
            log.error(  # noqa: TRY400 - a traceback may quote what was sent
                "ingest_failed", route=dialect.paths[0], error=type(error).__name__, at=telemetry.place(error)
            )
            answer = dialect.refuse(_DEFECT)
        await _send(answer, exchange, send)
        telemetry.HTTP_SECONDS.labels(dialect.paths[0], str(answer.code)).observe(perf_counter() - began)

    def explain(self, path: str, error: Rejected) -> tuple[int, Mapping[str, Any]] | None:
        """How the API at this path tells of a request that never got here; None when there is none."""
        dialect = self._at(path)
        if dialect is None:
            return None
        telemetry.rejected(dialect.name, error.reason)
        told = dialect.refuse(error)
        return told.code, told.body

    def _at(self, path: str) -> Dialect | None:
        """Whose route it is. A base URL with a slash at its end makes two slashes of the first."""
        return self._routes.get(_SLASHES.sub("/", path) if "//" in path else path)

    async def _answer(self, exchange: _Exchange) -> Answer:
        try:
            caller = self._recognise(exchange)
            with self._room(exchange.head):
                content = await self._receive(exchange)
                caller = caller or self._verify(exchange, content)
                return await self._record(exchange, self._read(exchange, caller, content), caller.key)
        except Rejected as refusal:
            telemetry.rejected(exchange.dialect.name, refusal.reason)
            return _refusal(exchange, refusal)
        except Unavailable as refusal:
            telemetry.unavailable(exchange.dialect.name)
            return _refusal(exchange, refusal)

    def _recognise(self, exchange: _Exchange) -> _Caller | None:
        """Whose request it is, as far as its head tells: None where the body is signed, and has yet to be read."""
        dialect, head = exchange.dialect, exchange.head
        if head.method not in dialect.methods:
            raise Rejected(f"use {' or '.join(dialect.methods)}", reason="method")
        presented = dialect.key(head) or ""
        if dialect.signature is not None and not presented:
            signature = dialect.signature(head.headers)
            if signature is None or not signature.is_fresh(exchange.now):
                raise _stranger()
            return None
        key = self._ring.find(presented, scope=KeyScope.INGEST, api=dialect.name, now=exchange.now)
        return self._admit(exchange, key, presented)

    def _verify(self, exchange: _Exchange, content: bytes) -> _Caller:
        """Whose request it is, by the signature of the body as it came."""
        dialect, head = exchange.dialect, exchange.head
        signature = dialect.signature(head.headers) if dialect.signature is not None else None
        if signature is None:
            raise _stranger()
        key = self._ring.find_signer(
            partial(signature.is_by, content=content), scope=KeyScope.INGEST, api=dialect.name, now=exchange.now
        )
        return self._admit(exchange, key, key.signing.get_secret_value() if key and key.signing else "")

    def _admit(self, exchange: _Exchange, key: Key | None, secret: str) -> _Caller:
        if key is None:
            raise _stranger()
        self._take_turn(exchange, key)
        return _Caller(key, secret)

    def _take_turn(self, exchange: _Exchange, key: Key) -> None:
        exchange.allowance = self._rates.take(key.name, exchange.now)
        if exchange.allowance is not None and exchange.allowance.retry_after:
            raise Rejected("too many requests with this key", reason="rate")

    @contextmanager
    def _room(self, head: Head) -> Iterator[None]:
        """A place among the reports under way and memory for the body, given back at the end."""
        size = 0 if head.method in _BODILESS else body.announced(head.headers, self._limits)
        if self._under_way >= self._limits.reports or self._held_bytes + size > self._limits.reports_bytes:
            raise Unavailable("too many reports at once", retry_after=1)
        self._under_way += 1
        self._held_bytes += size
        try:
            yield
        finally:
            self._under_way -= 1
            self._held_bytes -= size

    async def _receive(self, exchange: _Exchange) -> bytes:
        dialect, head = exchange.dialect, exchange.head
        if head.method in _BODILESS:
            return b""
        more = (dialect.batch, body.FORM if dialect.form is not None else None)
        types = (*dialect.types, *filter(None, more))
        return await body.read(head.headers, exchange.receive, self._limits, types)

    def _read(self, exchange: _Exchange, caller: _Caller, content: bytes) -> list[AnyReport[Any] | Ignored]:
        """What is told: all of it is understood before any of it is recorded."""
        dialect, head = exchange.dialect, exchange.head
        if head.query:
            head = replace(head, query=hide_in_query(head.query, caller.secret))
        if head.method in _BODILESS:
            documents = [("", dict[str, Any]())]
        elif dialect.batch is not None and body.media_type(head.headers) == dialect.batch:
            documents = body.decode_batch(content, self._limits, secret=caller.secret)
        else:
            if dialect.form is not None and body.media_type(head.headers) == body.FORM:
                content = body.from_form(content, dialect.form)
            documents = [body.decode(content, self._limits, secret=caller.secret)]
        told = [
            dialect.parse(Request(head=head, key=caller.key, received_at=exchange.now, text=text, document=document))
            for text, document in documents
        ]
        for report in told:
            if not isinstance(report, Ignored):
                _check_permission(caller.key, report)
        return told

    async def _record(self, exchange: _Exchange, told: list[AnyReport[Any] | Ignored], key: Key) -> Answer:
        answers = []
        try:
            async with asyncio.timeout(self._record_seconds):
                for report in told:
                    answers.append(await self._record_one(exchange, report, key))
        except TimeoutError as error:
            raise Unavailable("the store did not answer in time") from error
        except (Rejected, Unavailable) as refusal:  # counted by the recorder
            return _refusal(exchange, refusal)
        if exchange.dialect.batch is None or len(answers) == 1:
            return answers[0]
        return Answer(200, {"events": [answer.body for answer in answers]})

    async def _record_one(self, exchange: _Exchange, report: AnyReport[Any] | Ignored, key: Key) -> Answer:
        if self._place is not None and not isinstance(report, Ignored):
            report = await self._place(report, key)
        if isinstance(report, Ignored):
            telemetry.ignored(exchange.dialect.name)
            return Answer(200, {"ignored": report.reason})
        record = await self._recorder.record(report, now=exchange.now)
        # Who adds to a record that somebody else keeps is answered as if it were its own.
        return exchange.dialect.answer(alone(report) if report.repeat is Repeat.NOTE else record)


def _stranger() -> Rejected:
    return Rejected("Invalid API key", reason="authentication")


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


def _refusal(exchange: _Exchange, error: Rejected | Unavailable) -> Answer:
    """The dialect's words, with the headers that HTTP wants whatever the dialect."""
    told = exchange.dialect.refuse(error)
    match error:
        case Unavailable(retry_after=seconds):
            more = ((b"retry-after", b"%d" % seconds),)
        case Rejected(reason="rate") if exchange.allowance is not None:
            more = ((b"retry-after", b"%d" % exchange.allowance.retry_after),)
        case Rejected(reason="method"):
            more = ((b"allow", ", ".join(exchange.dialect.methods).encode()),)
        case Rejected(reason=reason) if reason in _CLOSING:
            more = ((b"connection", b"close"),)
        case _:
            return told
    return Answer(told.code, told.body, (*told.headers, *more))


async def _send(answer: Answer, exchange: _Exchange, send: Send) -> None:
    content = orjson.dumps(answer.body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()), *answer.headers]
    if exchange.allowance is not None:
        headers += exchange.allowance.headers
    await send({"type": "http.response.start", "status": answer.code, "headers": headers})
    await send({"type": "http.response.body", "body": content})
