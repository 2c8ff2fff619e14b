"""HTTP/1.1 as uvicorn speaks it, with the limits it lacks: on a head, on the time to send a request, on connections."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from deploytrail import telemetry
from deploytrail.errors import Reason, Rejected
from deploytrail.serve.connections import Connections

Explain = Callable[[str, Rejected], tuple[int, Mapping[str, Any]] | None]
"""How the API at a path tells of a refusal: code and body. None when no API is there."""

_CODES: Mapping[Reason, int] = {"too-slow": 408, "head-too-large": 431}

_QUIET = logging.getLogger("deploytrail.http")
_QUIET.setLevel(logging.ERROR)
"""uvicorn warns of every request that is no HTTP, one line each. Strangers do not write our log; they are counted."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one connection, and all of them, may take of us."""

    head_bytes: int = 16 * 1024
    """Request line and headers."""
    head_fields: int = 100
    """Headers. Each costs more than its bytes; clients send ten, proxies add as many."""
    receive_seconds: float = 10
    """From the first byte of a request, or the opening of the connection, to the end of the body."""
    connections: int = 1000
    """Open at the same time."""
    keep_alive_seconds: int = 60
    """How long a connection may stay open without a request."""
    grace_seconds: int = 8
    """How long a stop waits for answers that are under way; Kubernetes kills after 30 s, people lose patience at 10."""


class LimitedConfig(Config):
    """uvicorn's configuration with what all connections share, which the protocol finds there."""

    limits: ServerLimits
    open: Connections
    explain: Explain
    leaving: bool = False
    """Whether each answer is the last of its connection, so that clients go elsewhere before the server is gone."""


class HeadTooLarge(Exception):
    """Raised through the parser, which then gives up the connection."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: LimitedConfig,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _QUIET
        self._config, self._limits, self._open, self._explain = config, config.limits, config.open, config.explain
        self._receiving_since: float | None = None
        self._in_head = False
        self._head_bytes = 0
        self._head_fields = 0
        self._partial_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        super().connection_made(transport)
        self._receiving_since = self.loop.time()
        if not self._open.admit(self):
            self._refuse(503, {"detail": "Too many connections"}, b"retry-after: 1")

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._open.gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio. The parser keeps an unfinished header to itself, so such bytes are counted here."""
        unfinished = self._in_head
        super().data_received(data)
        if not (unfinished and self._in_head):
            self._partial_bytes = 0
            return
        self._partial_bytes += len(data)
        if self._partial_bytes > self._limits.head_bytes and not self.transport.is_closing():
            self._reject(_too_large())

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        self._receiving_since, self._in_head, self._head_bytes, self._head_fields = self.loop.time(), True, 0, 0

    def on_url(self, url: bytes) -> None:
        """See httptools."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools."""
        self._head_fields += 1
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._in_head = False
        self._open.asked(self)
        super().on_headers_complete()
        if self._config.leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """See httptools."""
        self._receiving_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See uvicorn, which starts the next request here if it has come in already."""
        if not self.pipeline:
            self._open.answered(self)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser could not read, or what a callback of ours gave up."""
        if self._too_much():
            self._reject(_too_large())
        else:
            self._refuse(400, {"detail": msg})

    def give_up(self) -> None:
        """Close the connection, over which nothing is under way."""
        self.transport.close()

    def expire(self, now: float) -> None:
        """Give the connection up if its request has been arriving for too long."""
        if self._receiving_since is None or now - self._receiving_since <= self._limits.receive_seconds:
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and (self._in_head or self.pipeline or self.cycle.response_started):
            return  # an answer is on its way: to the request before this one, or to the part of this one that was read
        if answering or self._in_head:
            self._reject(Rejected("the request did not arrive in time", reason="too-slow"))
        else:
            self.transport.close()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._too_much():
            raise HeadTooLarge

    def _too_much(self) -> bool:
        return self._head_bytes > self._limits.head_bytes or self._head_fields > self._limits.head_fields

    def _reject(self, error: Rejected) -> None:
        """Say it in the words of the API that was meant, as far as can be told."""
        path = unquote(self.url.partition(b"?")[0].decode("latin-1"))
        told = self._explain(path, error) or (_CODES[error.reason], {"detail": error.message})
        self._refuse(*told)

    def _refuse(self, code: int, body: Mapping[str, Any], *more: bytes) -> None:
        """Answer without an application, and hang up."""
        content = orjson.dumps(body)
        fields = (b"content-type: application/json", b"content-length: %d" % len(content), b"connection: close", *more)
        self.transport.write(STATUS_LINE[code] + b"\r\n".join(fields) + b"\r\n\r\n" + content)
        self.transport.close()
        telemetry.HTTP_REFUSED.labels(str(code)).inc()

    def _unsupported_upgrade_warning(self) -> None:
        """Answered as if no upgrade had been asked for, which HTTP allows; not worth a line in the log."""


def _too_large() -> Rejected:
    return Rejected("the request's head is too large", reason="head-too-large")
