"""HTTP/1.1 as uvicorn speaks it, with the limits it lacks: on the size of a head, and on the time to send a request."""

import asyncio
from dataclasses import dataclass

import orjson
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one connection may take of us."""

    head_bytes: int = 16 * 1024
    """Request line and headers."""
    receive_seconds: float = 10
    """From the first byte of a request, or the opening of the connection, to the end of the body."""
    keep_alive_seconds: int = 60
    """How long a connection may stay open without a request."""
    grace_seconds: int = 8
    """How long a stop waits for answers that are under way; Kubernetes kills after 30 s, people lose patience at 10."""


class LimitedConfig(Config):
    """uvicorn's configuration with our limits, which the protocol finds there."""

    limits: ServerLimits


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
        self._limits = config.limits
        self._receiving_since: float | None = None
        self._in_head = False
        self._head_bytes = 0
        self._partial_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        super().connection_made(transport)
        self._receiving_since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """See asyncio. The parser keeps an unfinished header to itself, so such bytes are counted here."""
        unfinished = self._in_head
        super().data_received(data)
        if not (unfinished and self._in_head):
            self._partial_bytes = 0
            return
        self._partial_bytes += len(data)
        if self._partial_bytes > self._limits.head_bytes and not self.transport.is_closing():
            self._refuse(431, "The request's head is too large")

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        self._receiving_since, self._in_head, self._head_bytes = self.loop.time(), True, 0

    def on_url(self, url: bytes) -> None:
        """See httptools."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """See httptools."""
        self._receiving_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser could not read, or what a callback of ours gave up."""
        if self._head_bytes > self._limits.head_bytes:
            self._refuse(431, "The request's head is too large")
        else:
            self._refuse(400, msg)

    def expire(self, now: float) -> None:
        """Give the connection up if its request has been arriving for too long."""
        if self._receiving_since is None or now - self._receiving_since <= self._limits.receive_seconds:
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and (self._in_head or self.pipeline or self.cycle.response_started):
            return  # an answer is on its way: to the request before this one, or to the part of this one that was read
        if answering or self._in_head:
            self._refuse(408, "The request did not arrive in time")
        else:
            self.transport.close()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.head_bytes:
            raise HeadTooLarge

    def _refuse(self, code: int, detail: str) -> None:
        """Answer without an application, and hang up."""
        body = orjson.dumps({"detail": detail})
        fields = (b"content-type: application/json", b"content-length: %d" % len(body), b"connection: close")
        self.transport.write(STATUS_LINE[code] + b"\r\n".join(fields) + b"\r\n\r\n" + body)
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Answered as if no upgrade had been asked for, which HTTP allows; not worth a line in the log."""
